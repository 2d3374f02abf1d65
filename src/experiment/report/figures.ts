import * as Plot from "../../report/plot.ts";
import { drawSvg } from "../../report/svg.ts";
import { ownRateOf, type RowRecipe } from "../recipe.ts";
import { weightOf } from "../summary/summary.ts";
import { families } from "./families.ts";
import { type Domain, plotArea } from "./figure/area.ts";
import { type Dot, labelledDots } from "./figure/dots.ts";
import { percents, tens } from "./pareto.ts";
import type { Reported } from "./reported.ts";

interface RowDot extends Dot {
  readonly row: RowRecipe;
}

/** Forgetting against the weight of p_sft that the outer steps would reach if they were exact. */
export function weightFigure({ rows, numberOf, look }: Reported): string | undefined {
  const dots = rows.flatMap((summary): RowDot[] => {
    const weight = weightOf(summary.row);
    if (weight === undefined) return [];
    const { row, drop } = summary;
    const x = { mean: weight, min: weight, max: weight };
    const title = `${row.label}: drop ${(100 * drop.mean).toFixed(1)} %`;
    return [{ row, title, text: numberOf(row), color: look(row).color, x, y: percents(drop) }];
  });
  if (dots.length === 0) return undefined;
  const path = dots
    .filter(({ color }) => color === families.anchored.color)
    .toSorted((a, b) => a.x.mean - b.x.mean);
  const [from, to] = tens(
    dots.map(({ y }) => y),
    [0, 10],
  );
  const y: Domain = [Math.min(from, -2), to];
  return drawSvg("Drop against effective weight", {
    ...plotArea,
    x: { domain: [0, 1.02], label: "effective weight of SFT, 1 − (1 − α)ᵀ →", grid: true },
    y: { domain: [...y], label: "↑ relative drop of prior skills, %", grid: true },
    marks: [
      Plot.line(path, {
        x: (dot: RowDot) => dot.x.mean,
        y: (dot: RowDot) => dot.y.mean,
        z: ({ row }: RowDot) => ownRateOf(row) ?? 0,
        stroke: families.anchored.color,
        strokeOpacity: 0.4,
      }),
      ...labelledDots(dots, [0, 1.02], y, plotArea),
    ],
  });
}

/** Each prior skill of each row that is shown, with its interval; the tick is the base's. */
export function skillFigure({ shown, look, numberOf }: Reported): string {
  const nameOf = (row: RowRecipe): string => `${row.label}  ${numberOf(row) ?? ""}`;
  const base = shown.find(({ row }) => row.method === "base");
  const bars = shown.flatMap(({ row, prior }) =>
    Object.entries(prior).map(([skill, spread]) => ({
      ...{ skill, label: nameOf(row), color: look(row).color },
      ...{ ...percents(spread), base: 100 * (base?.prior[skill]?.mean ?? Number.NaN) },
    })),
  );
  const labels = shown.map(({ row }) => nameOf(row));
  const skills = [...new Set(bars.map(({ skill }) => skill))];
  return drawSvg("Prior skills", {
    ...{ width: 1180, height: 64 + 20 * labels.length },
    ...{ marginLeft: 12 + 7.2 * Math.max(...labels.map(({ length }) => length)), marginRight: 16 },
    ...{ marginTop: 32, marginBottom: 32 },
    fx: { domain: skills, label: null, padding: 0.18 },
    x: { domain: [0, 100], ticks: [0, 50, 100], label: null, grid: true },
    y: { domain: labels, label: null, padding: 0.25, tickSize: 0 },
    marks: [
      Plot.barX(bars, { fx: "skill", y: "label", x: "mean", fill: "color", fillOpacity: 0.75 }),
      Plot.ruleY(bars, {
        ...{ fx: "skill", y: "label", x1: "min", x2: "max" },
        ...{ stroke: "currentColor", strokeWidth: 1.2, strokeOpacity: 0.7 },
      }),
      Plot.tickX(bars, { fx: "skill", y: "label", x: "base", stroke: "currentColor" }),
    ],
  });
}
