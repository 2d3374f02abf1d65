import * as Plot from "@observablehq/plot";
import type { Certified } from "../measurements.ts";
import type { Recipe } from "../recipe.ts";
import { type RowSummary, type Spread, weightOf } from "../summary.ts";
import { type Domain, type Dot, labelledDots, plotArea, wideArea } from "./dots.ts";
import { families, familyOf } from "./families.ts";
import { drawSvg } from "./svg.ts";

const percents = ({ mean, min, max }: Spread): Spread => ({
  mean: 100 * mean,
  min: 100 * min,
  max: 100 * max,
});

const colorOf = ({ row }: RowSummary): string => families[familyOf(row)].color;

/** The smallest stretch of whole tens around all values and `atLeast`. */
function tens(spreads: readonly Spread[], [from, to]: Domain): Domain {
  const lowest = Math.min(from, ...spreads.map(({ min }) => min));
  const highest = Math.max(to, ...spreads.map(({ max }) => max));
  return [10 * Math.floor(lowest / 10), 10 * Math.ceil(highest / 10)];
}

/** What was kept against what was gained: the upper right corner is where one wants to be. */
export function paretoFigure(rows: readonly RowSummary[]): string {
  const dots = rows.flatMap((row): Dot[] => {
    if (!row.gain || row.row.method === "base") return [];
    const { mean, min, max } = percents(row.drop);
    const kept = { mean: 100 - mean, min: 100 - max, max: 100 - min };
    return [{ text: row.row.label, color: colorOf(row), x: kept, y: percents(row.gain) }];
  });
  const x = tens(
    dots.map((dot) => dot.x),
    [90, 100],
  );
  const y = tens(
    dots.map((dot) => dot.y),
    [90, 100],
  );
  return drawSvg("Gain against retention", {
    ...wideArea,
    x: { domain: [x[0], x[1] + 2], label: "prior skills kept, % of the base →", grid: true },
    y: {
      domain: [y[0] - 2, y[1] + 4],
      label: "↑ gain on the target, % of the reference's",
      grid: true,
    },
    marks: labelledDots(dots, [x[0], x[1] + 2], [y[0] - 2, y[1] + 4], wideArea),
  });
}

/** Forgetting against the weight of p_sft that the outer steps would reach if they were exact. */
export function weightFigure(rows: readonly RowSummary[]): string {
  const dots = rows.flatMap((summary): Dot[] => {
    const weight = weightOf(summary.row);
    if (weight === undefined) return [];
    const x = { mean: weight, min: weight, max: weight };
    return [{ text: summary.row.label, color: colorOf(summary), x, y: percents(summary.drop) }];
  });
  const path = dots
    .filter(({ color }) => color === families.anchored.color)
    .toSorted((a, b) => a.x.mean - b.x.mean);
  const [from, to] = tens(
    dots.map(({ y }) => y),
    [0, 50],
  );
  const y: Domain = [Math.min(from, -2), to];
  return drawSvg("Drop against effective weight", {
    ...plotArea,
    x: { domain: [0, 1.02], label: "effective weight of p_sft, 1 − (1 − α)ᵀ →", grid: true },
    y: { domain: [...y], label: "↑ relative drop of prior skills, %", grid: true },
    marks: [
      Plot.line(path, {
        x: (dot: Dot) => dot.x.mean,
        y: (dot: Dot) => dot.y.mean,
        stroke: families.anchored.color,
        strokeOpacity: 0.4,
      }),
      ...labelledDots(dots, [0, 1.02], y, plotArea),
    ],
  });
}

/** What the logarithmic axis can show: rounding may give less, and a step that stood still gives 0. */
const FLOOR = 1e-6;

/** The row's name above its panel, on two lines: the method, then its setting. */
const panelTitle = ({ label }: { readonly label: string }): Plot.Markish =>
  Plot.text([label.replace(" ", "\n")], {
    fx: [label],
    text: (text: string) => text,
    frameAnchor: "top",
    lineAnchor: "bottom",
    dy: -6,
    fill: "currentColor",
  });

/**
 * How far each outer step went (dots) against what the linear bound allows (ticks); a panel a row,
 * logarithmic.
 */
export function boundFigure(recipe: Recipe, certificates: readonly Certified[]): string {
  const seeds = [...new Set(certificates.map(({ seed }) => seed))];
  const byRow = recipe.rows.flatMap((row) => {
    const steps = certificates.filter((certificate) => certificate.row === row.id);
    return steps.length > 0
      ? [{ label: row.label, color: families[familyOf(row)].color, steps }]
      : [];
  });
  const values = certificates.flatMap(({ bound, measured }) => [bound, measured]);
  const domain = [Math.max(FLOOR, Math.min(...values)) / 1.5, 1.5 * Math.max(...values)];
  const marks = byRow.flatMap(({ label, color, steps }) =>
    steps.flatMap(({ outer, measured, bound, seed }): Plot.Markish[] => {
      const dx = 7 * (seeds.indexOf(seed) - (seeds.length - 1) / 2);
      const at = { fx: [label], x: [outer + 1], dx } as const;
      return [
        Plot.ruleX([outer], {
          ...at,
          y1: [Math.max(FLOOR, measured)],
          y2: [bound],
          stroke: color,
          strokeOpacity: 0.35,
        }),
        Plot.tickY([outer], { ...at, y: [bound], stroke: color, strokeWidth: 2, inset: 0 }),
        Plot.dot([outer], {
          ...at,
          y: [Math.max(FLOOR, measured)],
          r: 4,
          fill: color,
          stroke: "var(--page)",
        }),
      ];
    }),
  );
  return drawSvg("Step divergence against its bound", {
    ...plotArea,
    marginTop: 44,
    fx: { axis: null, domain: byRow.map(({ label }) => label), padding: 0.08 },
    x: { type: "band", label: "outer step", padding: 0.4 },
    y: { type: "log", domain, label: "↑ nats a token", grid: true, ticks: 5, tickFormat: "~g" },
    marks: [Plot.frame({ strokeOpacity: 0.15 }), ...byRow.map(panelTitle), ...marks],
  });
}
