import { type Labelled, piecesOf, placeLabels } from "../../experiment/report/figure/labels.ts";
import { percent } from "../../report/format.ts";
import { drawAxes, type Plane } from "../chart/axes.ts";
import { drawing, figure, nothingYet } from "../chart/figure.ts";
import { linear } from "../chart/scale.ts";
import { svg } from "../dom.ts";
import { type Look, looksOf, type Run, tunedRows } from "../runs/run.ts";
import { colorOf, shortName } from "./colors.ts";
import type { View } from "./view.ts";

/** A row's way over the plane. */
interface Path {
  readonly label: string;
  readonly color: string;
  readonly looks: readonly Look[];
  readonly faded: boolean;
}

const HEIGHT = 330;
/** Of a label, bold, in the widest of system fonts, pixels. */
const CHARACTER = 8.5;

/** What was learned against what was kept: every row's way from the base to where it ended. */
export function paretoView(): View {
  let paths: readonly Path[] = [];
  const { element, redraw } = figure(
    "Learned and kept",
    "Every method starts at the base, lower right. Up is learning, left is forgetting.",
    (width) => (paths.some(({ looks }) => looks.length > 0) ? drawPaths(paths, width) : keptFree()),
  );
  return {
    element,
    update({ run, others }) {
      const of = (each: Run, faded: boolean): Path[] =>
        tunedRows(each).map((row) => ({
          label: faded ? row.label : shortName(row),
          color: colorOf(row),
          looks: looksOf(each, row),
          faded,
        }));
      paths = distinct([...(run ? of(run, false) : []), ...others.flatMap((o) => of(o, true))]);
      redraw();
    },
  };
}

/** As high as the drawing: what is below stays where it is. */
function keptFree(): HTMLElement {
  const element = nothingYet("Appears as soon as the base has been examined.");
  element.style.minHeight = `${HEIGHT}px`;
  return element;
}

/** Runs share their ordinary fine-tuning more often than not: a way is drawn once. */
function distinct(paths: readonly Path[]): Path[] {
  const seen = new Set<string>();
  return paths
    .filter(({ looks }) => {
      const way = JSON.stringify(looks.map(({ kept, target }) => [kept, target]));
      return looks.length === 0 || (!seen.has(way) && seen.add(way));
    })
    .reverse();
}

function drawPaths(paths: readonly Path[], width: number): SVGSVGElement {
  const plane: Plane = { left: 44, right: width - 18, top: 26, bottom: HEIGHT - 40 };
  const asShare = (share: number): string => `${percent(share, 0)} %`;
  const x = Object.assign(linear([0, 1], [plane.left, plane.right], width < 500 ? 2 : 5), {
    format: asShare,
  });
  const y = Object.assign(linear([0, 1], [plane.bottom, plane.top]), { format: asShare });
  const place = ({ kept, target }: Look): string => `${x(kept).toFixed(1)},${y(target).toFixed(1)}`;
  const begun = paths.filter(({ looks }) => looks.length > 0);
  const drawn = begun.map(({ color, looks, faded }) => {
    const end = looks.at(-1) as Look;
    return svg(
      "g",
      { class: `series ${color.slice(2)}${faded ? " faded" : ""}` },
      svg("path", { d: `M${looks.map(place).join("L")}` }),
      ...looks
        .slice(1, -1)
        .map((look) => svg("circle", { cx: x(look.kept), cy: y(look.target), r: 2 })),
      svg("circle", { class: "end", cx: x(end.kept), cy: y(end.target), r: faded ? 4 : 7 }),
    );
  });
  const base = begun[0]?.looks[0];
  const points: (Labelled & { readonly color: string; readonly faded: boolean })[] = [
    ...(base
      ? [{ x: x(base.kept), y: y(base.target), text: "base", color: "--base", faded: false }]
      : []),
    ...begun
      .filter(({ looks }) => looks.length > 1)
      .map(({ label, color, looks, faded }) => {
        const end = looks.at(-1) as Look;
        return { x: x(end.kept), y: y(end.target), text: label, color, faded };
      }),
  ];
  const ways = begun.flatMap(({ looks }) =>
    piecesOf(looks.map((look) => ({ x: x(look.kept), y: y(look.target) }))),
  );
  const wide = points.map((point) => ({ ...point, width: point.text.length * CHARACTER }));
  const placed = placeLabels(wide, { ...plane, right: width }, ways);
  const labels = points.map(({ text, color, faded, ...at }, i) => {
    const { dx, dy, anchor } = placed[i] as (typeof placed)[number];
    return svg(
      "text",
      {
        class: `end ${color.slice(2)}${faded ? " faded" : ""}`,
        ...{ x: at.x + dx, y: at.y + dy + 4, "text-anchor": anchor },
      },
      text,
    );
  });
  const told = begun
    .filter(({ faded }) => !faded)
    .map(({ label, looks }) => {
      const { target, kept } = looks.at(-1) as Look;
      return `${label}: target ${asShare(target)}, skills kept ${asShare(kept)}`;
    });
  return drawing(
    width,
    HEIGHT,
    `Learned against kept. ${told.join("; ")}`,
    drawAxes(plane, {
      ...{ x, y },
      xLabel: "prior skills kept →",
      yLabel: "↑ target learned",
    }),
    ...(base
      ? [
          svg(
            "g",
            { class: "series base" },
            svg("circle", { class: "end", cx: x(base.kept), cy: y(base.target), r: 6 }),
          ),
        ]
      : []),
    ...drawn,
    ...labels,
  );
}
