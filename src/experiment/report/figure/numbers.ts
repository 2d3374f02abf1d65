import * as Plot from "../../../report/plot.ts";
import { at } from "../../../tensor/shapes.ts";
import { type Domain, frameOf, type PlotArea } from "./area.ts";
import { coinciding, placeLabels } from "./labels.ts";
import { leadsConflict } from "./leads.ts";

/** A row's number at its place, in the values of the axes. */
export interface Numbered {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly color: string;
}

/** Pixels of bold 12-pixel digits, and of what stands between them. */
const [DIGIT, BETWEEN] = [8.4, 4.5];

const widthOf = (text: string): number =>
  [...text].reduce((sum, letter) => sum + (/\d/.test(letter) ? DIGIT : BETWEEN), 0);

/** A linear axis: values to pixels, and pixels to lengths in values. */
const axis = ([from, to]: Domain, start: number, end: number) => {
  const scale = (end - start) / (to - from);
  return {
    toPixel: (value: number): number => start + (value - from) * scale,
    fromLength: (pixels: number): number => pixels / scale,
  };
};

/**
 * Numbers beside their dots on linear axes, none over another; dots that lie on one another share a
 * label that names them all.
 * @returns lines from dots to labels that are farther away, which go below the dots, and the labels
 */
export function numberMarks(
  dots: readonly Numbered[],
  x: Domain,
  y: Domain,
  area: PlotArea,
): { readonly leaders: readonly Plot.Markish[]; readonly labels: readonly Plot.Markish[] } {
  const frame = frameOf(area);
  const across = axis(x, frame.left, frame.right);
  const up = axis(y, frame.bottom, frame.top);
  const pixels = dots.map((dot) => ({ x: across.toPixel(dot.x), y: up.toPixel(dot.y) }));
  const groups = coinciding(pixels).map((group) => {
    const [first = 0] = group;
    const text = group.map((i) => at(dots, i).text).join(", ");
    // Several colours have none in common.
    const color = group.length === 1 ? at(dots, first).color : "currentColor";
    return { ...at(pixels, first), text, width: widthOf(text), color, dot: at(dots, first) };
  });
  const places = placeLabels(groups, frame, [], leadsConflict);
  // A halo keeps letters apart from lines that they cross.
  const halo = { stroke: "var(--page)", strokeWidth: 3, fontWeight: 600 };
  return {
    leaders: groups.map(({ dot }, i) => {
      const { dx, dy } = at(places, i);
      const end = { x2: [dot.x + across.fromLength(dx)], y2: [dot.y + up.fromLength(dy)] };
      const line = { stroke: "currentColor", strokeWidth: 0.8, strokeOpacity: 0.45 };
      return Plot.link([i], { x1: [dot.x], y1: [dot.y], ...end, ...line });
    }),
    labels: groups.map(({ dot, text, color: fill }, i) => {
      const { dx, dy, anchor: textAnchor } = at(places, i);
      return Plot.text([[dot.x, dot.y]], { text: [text], dx, dy, textAnchor, fill, ...halo });
    }),
  };
}
