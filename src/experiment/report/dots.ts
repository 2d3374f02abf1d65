import * as Plot from "../../report/plot.ts";
import { at } from "../../tensor/shapes.ts";
import { type Frame, placeLabels } from "./labels.ts";

/** A figure of a row: its mean, the ends of its whisker, and each seed's. */
export interface Extent {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

/** A row as a dot, with whiskers and the seeds behind it. */
export interface Dot {
  /** What it is, shown when it is pointed at. */
  readonly title: string;
  /** What stands beside it; a dot without is small and hollow, and has no whiskers. */
  readonly text: string | undefined;
  readonly color: string;
  readonly x: Extent;
  readonly y: Extent;
  readonly seeds?: readonly (readonly [x: number, y: number])[];
}

/** First and last value of an axis. */
export type Domain = readonly [from: number, to: number];

/** Size and margins of a figure, pixels. */
export interface PlotArea {
  readonly width: number;
  readonly height: number;
  readonly marginLeft: number;
  readonly marginRight: number;
  readonly marginTop: number;
  readonly marginBottom: number;
}

const margins = { marginLeft: 56, marginRight: 24, marginTop: 28, marginBottom: 44 };
/** Half of the page. */
export const plotArea: PlotArea = { width: 760, height: 440, ...margins };
/** The whole width of the page. */
export const wideArea: PlotArea = { width: 1180, height: 540, ...margins };

const frameOf = (area: PlotArea): Frame => ({
  left: area.marginLeft,
  right: area.width - area.marginRight,
  top: area.marginTop,
  bottom: area.height - area.marginBottom,
});

/** A linear axis: values to pixels, and pixels to lengths in values. */
const axis = ([from, to]: Domain, start: number, end: number) => {
  const scale = (end - start) / (to - from);
  return {
    toPixel: (value: number): number => start + (value - from) * scale,
    fromLength: (pixels: number): number => pixels / scale,
  };
};

/** Dots, whiskers, and labels that keep out of each other's way, on linear axes. */
export function labelledDots(
  dots: readonly Dot[],
  x: Domain,
  y: Domain,
  area: PlotArea,
): Plot.Markish[] {
  const frame = frameOf(area);
  const across = axis(x, frame.left, frame.right);
  const up = axis(y, frame.bottom, frame.top);
  const large = dots.flatMap(({ text, ...dot }) => (text === undefined ? [] : [{ ...dot, text }]));
  const small = dots.filter(({ text }) => text === undefined);
  const points = large.map((dot) => ({
    x: across.toPixel(dot.x.mean),
    y: up.toPixel(dot.y.mean),
    text: dot.text,
  }));
  const places = placeLabels(points, frame);
  // A halo keeps letters apart from lines that they cross.
  const readable = { fill: "currentColor", stroke: "var(--page)", strokeWidth: 3, fontWeight: 600 };
  const whisker = { strokeOpacity: 0.45, strokeWidth: 1.5 };
  const layers = large.map((dot, i): Layers => {
    const { dx, dy, anchor } = places[i] as (typeof places)[number];
    const [cx, cy, stroke] = [dot.x.mean, dot.y.mean, dot.color];
    const end = { x2: [cx + across.fromLength(dx)], y2: [cy + up.fromLength(dy)] };
    const leader = { x1: [cx], y1: [cy], ...end, stroke: "currentColor", strokeWidth: 0.8 };
    return [
      Plot.link([i], { ...leader, strokeOpacity: 0.35 }),
      Plot.ruleY([cy], { x1: dot.x.min, x2: dot.x.max, stroke, ...whisker }),
      Plot.ruleX([cx], { y1: dot.y.min, y2: dot.y.max, stroke, ...whisker }),
      Plot.dot([[cx, cy]], { r: 5, fill: dot.color, stroke: "var(--page)", title: [dot.title] }),
      Plot.text([[cx, cy]], { text: [dot.text], dx, dy, textAnchor: anchor, ...readable }),
    ];
  });
  return [
    ...dots.flatMap(({ seeds = [], color }) =>
      seeds.length > 0
        ? [Plot.dot(seeds, { r: 1.8, fill: color, fillOpacity: 0.4, className: "seed" })]
        : [],
    ),
    ...small.map(({ x, y, color, title }) =>
      Plot.dot([[x.mean, y.mean]], { r: 3.2, fill: "var(--page)", stroke: color, title: [title] }),
    ),
    // Lines of all rows below dots of all rows, and letters on top.
    ...[0, 1, 2, 3, 4].flatMap((layer) => layers.map((marks) => at(marks, layer))),
  ];
}

type Layers = readonly [
  leader: Plot.Markish,
  across: Plot.Markish,
  up: Plot.Markish,
  dot: Plot.Markish,
  label: Plot.Markish,
];
