import * as Plot from "../../../report/plot.ts";
import { drawSvg } from "../../../report/svg.ts";
import { parametersOf } from "../../model.ts";
import type { RowSummary } from "../../summary/summary.ts";
import { type DataTable, tableOf } from "../export/csv.ts";
import { frameOf, wideArea } from "../figure/area.ts";
import { spreadOut } from "../figure/spread.ts";
import type { Reported } from "../reported.ts";

interface Size {
  readonly family: string;
  readonly name: string;
  readonly color: string;
  readonly condition: string;
  readonly parameters: number;
  /** Of the prior skills, %: the mean, the least and the most over seeds. */
  readonly lost: number;
  readonly low: number;
  readonly high: number;
}

/** Of `study-19k-C4-0.05` `C4-0.05`, of `study-base-0.9m-C1` `C1`: a name without size or checkpoint. */
export const conditionOf = (name: string): string => name.replace(/^study-(.*?-)?(?=C\d)/, "");

/** `113k`: parameters in thousands, or in millions. */
export const sizeText = (parameters: number): string =>
  parameters < 1e6
    ? `${Math.round(parameters / 1e3)}k`
    : `${Number((parameters / 1e6).toPrecision(2))}m`;

/** The row that was chosen for a family. */
export const chosenIn = ({ choices, rows }: Reported, family: string): RowSummary | undefined => {
  const chosen = choices.find((choice) => choice.family === family)?.row.id;
  return rows.find(({ row }) => row.id === chosen);
};

/**
 * A family's row in each study. Where nothing was chosen, a checkpoint's default, it is the first that
 * another study of the condition chose and that was run here as it stands.
 */
function familyRows(study: Reported, studies: readonly Reported[]): Map<string, RowSummary> {
  const condition = conditionOf(study.recipe.name);
  const deciding =
    study.choices.length > 0
      ? [study]
      : studies.filter(({ recipe }) => conditionOf(recipe.name) === condition);
  const found = new Map<string, RowSummary>();
  for (const { family, row } of deciding.flatMap(({ choices }) => choices)) {
    const summary = study.rows.find((one) => one.row.id === row.id);
    if (summary && !found.has(family)) found.set(family, summary);
  }
  return found;
}

/** What chosen rows lose, under the conditions that several sizes have been run under. */
function sizesOf(studies: readonly Reported[]): Size[] {
  const all = studies.flatMap((study): Size[] =>
    [...familyRows(study, studies)].map(([family, summary]): Size => {
      const { min, max, mean } = summary.drop;
      return {
        ...{ family, ...study.look(summary.row), parameters: parametersOf(study.recipe) },
        ...{ condition: conditionOf(study.recipe.name) },
        ...{ lost: 100 * mean, low: 100 * min, high: 100 * max },
      };
    }),
  );
  return all.filter(({ condition, parameters }) =>
    all.some((other) => other.condition === condition && other.parameters !== parameters),
  );
}

/** Pixels between the lines of names, and from the last dots to them. */
const [LINE, LEAD] = [13, 18];

/** What each family's chosen row loses, by the size of the model: a figure for each condition. */
export function sizeFigures(
  studies: readonly Reported[],
): { readonly condition: string; readonly svg: string }[] {
  const sizes = sizesOf(studies);
  return [...new Set(sizes.map(({ condition }) => condition))].map((condition) => ({
    condition,
    svg: slopes(
      condition,
      sizes.filter((one) => one.condition === condition),
    ),
  }));
}

function slopes(condition: string, sizes: readonly Size[]): string {
  const dots = sizes.map((one) => ({ ...one, x: Math.log10(one.parameters) }));
  const ticks = [...new Set(dots.map(({ x }) => x))].sort((a, b) => a - b);
  const [from = 0, to = from] = [ticks[0], ticks.at(-1)];
  const last = dots.filter(
    ({ family, x }) => !dots.some((other) => other.family === family && other.x > x),
  );
  const most = Math.max(1, ...dots.map(({ lost }) => lost));
  const least = Math.min(0, ...dots.map(({ lost }) => lost));
  const height = Math.max(wideArea.height, 80 + LINE * last.length);
  const area = { ...wideArea, height, marginRight: 300 };
  const { left, right, top, bottom } = frameOf(area);
  // Names stand beside the largest size, as near to their last dots as there is room.
  const perPixel = (most - least) / (bottom - top);
  const places = spreadOut(
    last.map(({ lost }) => top + (most - lost) / perPixel),
    { gap: LINE, from: top, to: bottom },
  );
  const names = last.map((one, i) => ({
    ...{ ...one, text: `${one.name} ${one.lost.toFixed(1)}` },
    place: most - ((places[i] ?? top) - top) * perPixel,
  }));
  const lead = (LEAD * (to - from)) / (right - left);
  return drawSvg(`Forgetting against size, ${condition}`, {
    ...area,
    x: {
      ...{ domain: [from, to], label: "parameters →", grid: true, ticks },
      tickFormat: (x: number) => sizeText(10 ** x),
    },
    y: { domain: [least, most], label: "↑ prior skills lost, %", grid: true },
    marks: [
      Plot.line(dots, { x: "x", y: "lost", z: "family", stroke: "color", strokeOpacity: 0.5 }),
      Plot.link(names, {
        ...{ x1: "x", x2: to + lead, y1: "lost", y2: "place" },
        ...{ stroke: "currentColor", strokeOpacity: 0.3, strokeWidth: 0.8 },
      }),
      Plot.dot(dots, {
        ...{ x: "x", y: "lost", r: 3.4, fill: "color", stroke: "var(--page)" },
        title: ({ name, lost }: Size) => `${name}: ${lost.toFixed(1)} % lost`,
      }),
      Plot.text(names, {
        ...{ x: to, y: "place", dx: LEAD + 4, text: "text", textAnchor: "start" },
        ...{ fontSize: 11, fill: "color" },
      }),
    ],
  });
}

/** The same as numbers, with the ranges over seeds. */
export const sizeData = (studies: readonly Reported[]): DataTable =>
  tableOf(
    "sizes",
    sizesOf(studies).map(({ color: _, name: __, ...one }) => ({ ...one })),
  );
