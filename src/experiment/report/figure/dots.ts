import * as Plot from "../../../report/plot.ts";
import type { Domain, PlotArea } from "./area.ts";
import { numberMarks } from "./numbers.ts";

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
  /** Its text stands in another figure, which shows its surroundings larger. */
  readonly elsewhere?: boolean;
  readonly color: string;
  readonly x: Extent;
  readonly y: Extent;
  readonly seeds?: readonly (readonly [x: number, y: number])[];
}

/** Dots, whiskers, and labels that keep out of each other's way, on linear axes. */
export function labelledDots(
  dots: readonly Dot[],
  x: Domain,
  y: Domain,
  area: PlotArea,
): Plot.Markish[] {
  const large = dots.filter(({ text }) => text !== undefined);
  const small = dots.filter(({ text }) => text === undefined);
  const numbered = large.flatMap(({ text, elsewhere, ...dot }) =>
    text === undefined || elsewhere
      ? []
      : [{ x: dot.x.mean, y: dot.y.mean, text, color: "currentColor" }],
  );
  const { leaders, labels } = numberMarks(numbered, x, y, area);
  const whisker = { strokeOpacity: 0.45, strokeWidth: 1.5 };
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
    ...leaders,
    ...large.flatMap(({ x, y, color: stroke }) => [
      Plot.ruleY([y.mean], { x1: x.min, x2: x.max, stroke, ...whisker }),
      Plot.ruleX([x.mean], { y1: y.min, y2: y.max, stroke, ...whisker }),
    ]),
    ...large.map(({ x, y, color, title }) =>
      Plot.dot([[x.mean, y.mean]], { r: 5, fill: color, stroke: "var(--page)", title: [title] }),
    ),
    ...labels,
  ];
}
