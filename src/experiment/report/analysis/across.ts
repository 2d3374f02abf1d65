import * as Plot from "../../../report/plot.ts";
import { drawSvg } from "../../../report/svg.ts";
import { parametersOf } from "../../model.ts";
import { baseOf } from "../../recipe.ts";
import type { Choice } from "../../summary/choose.ts";
import { differencesOf, groupedEstimate, mean } from "../../summary/statistics.ts";
import type { RowSummary } from "../../summary/summary.ts";
import { type DataTable, tableOf } from "../export/csv.ts";
import { wideArea } from "../figure/area.ts";
import type { Reported } from "../reported.ts";
import { opponents } from "./lines.ts";

/** Between families that are as good as each other, this much of gain plus retention is nothing. */
const SAME = 0.005;

interface Cell {
  readonly study: string;
  readonly parameters: number;
  /** The base's mean log-probability of an answer's least likely wanted token, nats. */
  readonly rarest: number;
  readonly rate: number;
  readonly best: string;
  readonly color: string;
  /** Others that are as good, or nearly. */
  readonly also: number;
  readonly seeds: number;
  readonly score: number;
}

/** For each study and learning rate the family with the largest sum of gain and retention. */
function phaseCells(studies: readonly Reported[]): Cell[] {
  return studies.flatMap((study) => {
    const { recipe, rows, reported, look } = study;
    const rarest = reported.flatMap((m) =>
      m.kind === "row" && m.row === baseOf(recipe).id && m.rarest !== undefined ? [m.rarest] : [],
    );
    if (rarest.length === 0) return [];
    const rates = [...new Set(rows.flatMap(({ row }) => rateOf(row) ?? []))].sort((a, b) => a - b);
    return rates.flatMap((rate): Cell[] => {
      const there = rows.filter(({ row, gain }) => rateOf(row) === rate && gain !== undefined);
      const best = there.toSorted((a, b) => scoreOf(b) - scoreOf(a))[0];
      if (!best) return [];
      const near = new Set(
        there.flatMap((one) => (scoreOf(one) >= scoreOf(best) - SAME ? [one.row.family] : [])),
      );
      return [
        {
          ...{ study: recipe.name, parameters: parametersOf(recipe), rarest: mean(rarest), rate },
          ...{ best: best.row.family, color: look(best.row).color, also: near.size - 1 },
          ...{ seeds: best.seeds.length, score: scoreOf(best) },
        },
      ];
    });
  });
}

const rateOf = (row: RowSummary["row"]): number | undefined =>
  "learningRate" in row ? row.learningRate : undefined;

const scoreOf = ({ gain, drop }: RowSummary): number =>
  Math.min(1, gain?.mean ?? 0) + 1 - drop.mean;

/** Which family does best where, over how rare the rarest wanted token is and the learning rate. */
export function phaseFigure(studies: readonly Reported[]): string | undefined {
  const cells = phaseCells(studies);
  if (cells.length === 0) return undefined;
  return drawSvg("The best family by rarity and rate", {
    ...{ ...wideArea, height: 320, marginRight: 90 },
    x: { label: "log p_base of the rarest wanted token, nats →", grid: true, inset: 60 },
    y: { type: "log", label: "↑ learning rate", grid: true, ticks: 4, tickFormat: "~g", inset: 24 },
    marks: [
      Plot.dot(cells, { x: "rarest", y: "rate", r: 6, fill: "color", title: "study" }),
      Plot.text(cells, {
        ...{ x: "rarest", y: "rate", dx: 9, textAnchor: "start", fontSize: 11 },
        text: ({ best, also }: Cell) => (also > 0 ? `${best} and ${also} more` : best),
        ...{ fill: "currentColor", stroke: "var(--page)", strokeWidth: 3 },
      }),
    ],
  });
}

/** The same as numbers. */
export const phaseData = (studies: readonly Reported[]): DataTable =>
  tableOf(
    "phases",
    phaseCells(studies).map(({ color: _, ...cell }) => ({ ...cell })),
  );

interface Size {
  readonly family: string;
  readonly color: string;
  readonly condition: string;
  readonly parameters: number;
  readonly lost: number;
  readonly low: number;
  readonly high: number;
}

/** Of `study-19k-C4-0.05` `C4-0.05`: a study's name without what says its size. */
export const conditionOf = (name: string): string => name.replace(/^study(-\d+[km])?-/, "");

const chosenIn = ({ choices, rows }: Reported, family: string): RowSummary | undefined => {
  const chosen = choices.find((choice: Choice) => choice.family === family)?.row.id;
  return rows.find(({ row }) => row.id === chosen);
};

/** What each family's chosen row loses, by the size of the model. */
export function sizeFigure(studies: readonly Reported[]): string | undefined {
  const dots = studies.flatMap((study): Size[] =>
    study.choices.flatMap(({ family }): Size[] => {
      const summary = chosenIn(study, family);
      if (!summary) return [];
      const { min, max, mean: lost } = summary.drop;
      return [
        {
          ...{
            family,
            color: study.look(summary.row).color,
            parameters: parametersOf(study.recipe),
          },
          ...{ condition: conditionOf(study.recipe.name), lost: 100 * lost },
          ...{ low: 100 * min, high: 100 * max },
        },
      ];
    }),
  );
  if (new Set(dots.map(({ parameters }) => parameters)).size < 2) return undefined;
  const key = ({ family, condition }: Size): string => `${family} ${condition}`;
  return drawSvg("Forgetting against size", {
    ...wideArea,
    fx: { label: null },
    x: { type: "log", label: "parameters →", grid: true, ticks: 3, tickFormat: "~s" },
    y: { label: "↑ prior skills lost, %", grid: true },
    marks: [
      Plot.line(dots, {
        ...{ x: "parameters", y: "lost", z: key, fx: "condition", stroke: "color" },
        strokeOpacity: 0.5,
      }),
      Plot.ruleX(dots, {
        ...{ x: "parameters", y1: "low", y2: "high", fx: "condition", stroke: "color" },
        strokeOpacity: 0.25,
      }),
      Plot.dot(dots, {
        ...{ x: "parameters", y: "lost", fx: "condition", r: 3.4, fill: "color" },
        ...{ stroke: "var(--page)", title: "family" },
      }),
    ],
  });
}

/**
 * Each family's chosen row against Anchored's in all studies together: differences in what is lost,
 * and their interval, for which bases are resampled first and then the studies that share them.
 */
export function acrossData(studies: readonly Reported[]): DataTable {
  const [main] = opponents;
  const families = [...new Set(studies.flatMap(({ choices }) => choices.map((c) => c.family)))];
  return tableOf(
    "across",
    families.flatMap((family) => {
      if (family === main) return [];
      const bySeed = new Map<number, number[]>();
      let count = 0;
      for (const study of studies) {
        const [mine, other] = [family, main].map((name) => chosenIn(study, name));
        if (!mine || !other) continue;
        count++;
        for (const seed of mine.drop.values.keys()) {
          const [left, right] = [mine, other].map(
            ({ drop }) => new Map([...drop.values].filter(([one]) => one === seed)),
          );
          if (!left || !right) continue;
          bySeed.set(seed, [...(bySeed.get(seed) ?? []), ...differencesOf(left, right)]);
        }
      }
      const groups = [...bySeed.values()].filter(({ length }) => length > 0);
      const found = groupedEstimate(groups);
      return found && count > 1
        ? [
            {
              ...{ family, studies: count, bases: groups.length },
              ...{ difference: found.mean, low: found.low, high: found.high },
            },
          ]
        : [];
    }),
  );
}
