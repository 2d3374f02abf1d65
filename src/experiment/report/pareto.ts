import * as Plot from "../../report/plot.ts";
import { drawSvg } from "../../report/svg.ts";
import { pointsOf } from "../summary/front.ts";
import { estimate, paretoFrontier } from "../summary/statistics.ts";
import type { RowSummary, Spread } from "../summary/summary.ts";
import { type Domain, wideArea } from "./figure/area.ts";
import { type Dot, type Extent, labelledDots } from "./figure/dots.ts";
import type { Reported } from "./reported.ts";

/** In percent: the mean, and its interval, or the range where there is none. */
export function percents({ mean, values }: Spread): Extent {
  const { low = mean, high = mean } = estimate([...values.values()]) ?? {};
  return { mean: 100 * mean, min: 100 * low, max: 100 * high };
}

/** What is left when so much is lost. */
const leftOf = ({ mean, min, max }: Extent): Extent => ({
  mean: 100 - mean,
  min: 100 - max,
  max: 100 - min,
});

function dotOf(summary: RowSummary, reported: Reported): Dot[] {
  const { row, gain, drop } = summary;
  if (!gain || row.method === "base") return [];
  const seeds = [...gain.values].map(
    ([seed, value]) => [100 * (1 - (drop.values.get(seed) ?? 0)), 100 * value] as const,
  );
  return [
    {
      title: `${row.label}: gain ${(100 * gain.mean).toFixed(1)} %, kept ${(100 * (1 - drop.mean)).toFixed(1)} %`,
      ...{ text: reported.numberOf(row), color: reported.look(row).color },
      ...{ x: leftOf(percents(drop)), y: percents(gain), seeds: seeds.length > 1 ? seeds : [] },
    },
  ];
}

/** The smallest stretch of whole tens around all values and `atLeast`. */
export function tens(extents: readonly Extent[], [from, to]: Domain): Domain {
  const lowest = Math.min(from, ...extents.map(({ min }) => min));
  const highest = Math.max(to, ...extents.map(({ max }) => max));
  return [10 * Math.floor(lowest / 10), 10 * Math.ceil(highest / 10)];
}

const seedsOf = (dots: readonly Dot[], axis: 0 | 1): Extent[] =>
  dots.flatMap(({ seeds = [] }) =>
    seeds.map((seed) => ({ mean: seed[axis], min: seed[axis], max: seed[axis] })),
  );

/**
 * What was kept against what was gained: the upper right corner is where one wants to be. Rows in
 * the corner have their numbers in its own figure, where there is one.
 */
export function paretoFigure(reported: Reported): string {
  const all = reported.rows.flatMap((row) => dotOf(row, reported));
  const corner = cornerOf(all);
  const dots = corner ? all.map((dot) => ({ ...dot, elsewhere: inCorner(dot) })) : all;
  const x = tens([...dots.map((dot) => dot.x), ...seedsOf(dots, 0)], [90, 100]);
  const y = tens([...dots.map((dot) => dot.y), ...seedsOf(dots, 1)], [90, 100]);
  const axes = { x: [x[0], x[1] + 2], y: [y[0] - 2, y[1] + 4] } as const;
  return draw("Gain against retention", dots, reported, axes, corner && cornerBox(corner, axes));
}

/** Where the corner begins, percent. */
const CORNER = { kept: 88, gain: 85 };
const CROWD = 4;

interface Axes {
  readonly x: Domain;
  readonly y: Domain;
}

const inCorner = ({ x, y }: Dot): boolean => x.mean >= CORNER.kept && y.mean >= CORNER.gain;

/** The axes of the corner's figure; undefined where there is no crowd in it, or nothing else. */
function cornerOf(dots: readonly Dot[]): Axes | undefined {
  const inside = dots.filter(inCorner);
  if (inside.length < CROWD || inside.length === dots.length) return undefined;
  const top = Math.max(102, ...inside.map(({ y }) => y.mean + 1.5));
  return { x: [CORNER.kept, 101.5], y: [CORNER.gain, top] };
}

/** The upper right corner alone; undefined where there is no crowd in it. */
export function cornerFigure(reported: Reported): string | undefined {
  const dots = reported.rows.flatMap((row) => dotOf(row, reported));
  const axes = cornerOf(dots);
  return axes && draw("Gain against retention, the corner", dots.filter(inCorner), reported, axes);
}

/** A box around what the corner's figure shows. */
function cornerBox(corner: Axes, within: Axes): Plot.Markish[] {
  const [[left, right], [bottom, top]] = [clipped(corner.x, within.x), clipped(corner.y, within.y)];
  const corners = [
    ...[
      [left, bottom],
      [right, bottom],
      [right, top],
      [left, top],
      [left, bottom],
    ],
  ];
  return [
    Plot.line(corners, { stroke: "currentColor", strokeOpacity: 0.6, strokeWidth: 1 }),
    Plot.text([[left, bottom]], {
      ...{ text: ["the corner, larger in the next figure"], textAnchor: "end", fontSize: 12 },
      ...{ dx: -6, dy: 4, fill: "currentColor", stroke: "var(--page)", strokeWidth: 3 },
    }),
  ];
}

const clipped = ([from, to]: Domain, [least, most]: Domain): Domain => [
  Math.max(from, least),
  Math.min(to, most),
];

function draw(
  title: string,
  dots: readonly Dot[],
  { rows }: Reported,
  { x, y }: Axes,
  more: readonly Plot.Markish[] = [],
): string {
  const shown = dots.map((dot) => ({
    ...dot,
    ...{ x: clip(dot.x, x), y: clip(dot.y, y) },
    seeds: dot.seeds?.filter(([kept, gain]) => within(kept, x) && within(gain, y)) ?? [],
  }));
  return drawSvg(title, {
    ...wideArea,
    x: { domain: [...x], label: "prior skills kept, % of the base →", grid: true },
    y: { domain: [...y], label: "↑ gain on the target, % of the reference's", grid: true },
    marks: [frontierLine(rows, x, y), ...more, ...labelledDots(shown, x, y, wideArea)],
  });
}

const within = (value: number, [from, to]: Domain): boolean => value >= from && value <= to;

const clip = ({ mean, min, max }: Extent, [from, to]: Domain): Extent => ({
  mean,
  min: Math.max(from, min),
  max: Math.min(to, max),
});

/** Below and left of this line some row has more of both. */
function frontierLine(rows: readonly RowSummary[], x: Domain, y: Domain): Plot.Markish {
  const corners = paretoFrontier(pointsOf(rows))
    .map(({ gain, kept }) => ({ x: 100 * kept, y: 100 * gain }))
    .toReversed();
  const [first, last] = [corners[0], corners.at(-1)];
  const ends = first && last ? [{ x: x[0], y: first.y }, ...corners, { x: last.x, y: y[0] }] : [];
  return Plot.line(ends, {
    ...{ x: "x", y: "y", curve: "step-before", clip: true },
    ...{ stroke: "currentColor", strokeOpacity: 0.45, strokeDasharray: "4 3", strokeWidth: 1.2 },
  });
}
