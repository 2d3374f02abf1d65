import { numericsName } from "../../engines/numerics.ts";
import { isRow, type RowResult } from "../measurements.ts";
import { baseOf } from "../recipe.ts";
import { gainOf } from "../summary/gains.ts";
import { estimate, pairedDifference } from "../summary/statistics.ts";
import { dropOf, type RowSummary, type Spread, weightOf } from "../summary/summary.ts";
import { type DataTable, type Datum, flatten, tableOf } from "./export/csv.ts";
import type { Reported } from "./reported.ts";

type Fields = Record<string, Datum>;

/** `target`, `target.low`, `target.high`: a mean and its 95 % interval. */
function estimated(name: string, spread: Spread | undefined): Fields {
  const interval = spread && estimate([...spread.values.values()]);
  return {
    [name]: spread?.mean,
    [`${name}.low`]: interval?.low,
    [`${name}.high`]: interval?.high,
  };
}

const named = ({ row }: RowSummary): Fields => ({
  ...{ row: row.id, label: row.label, family: row.family, method: row.method },
});

/** Every row over the reported seeds. */
export function resultData({ rows, choices, frontier }: Reported): DataTable {
  const chosen = new Set(choices.map(({ row }) => row.id));
  return tableOf(
    "results",
    rows.map((summary) => ({
      ...named(summary),
      chosen: chosen.has(summary.row.id),
      frontier: frontier.has(summary.row.id),
      seeds: summary.seeds.length,
      ...estimated("target", summary.target),
      ...estimated("gain", summary.gain),
      ...estimated("drop", summary.drop),
      ...estimated("klFromBase", summary.klFromBase),
      ...estimated("klToBase", summary.klToBase),
      signOff: summary.signOff.mean,
      effectiveWeight: weightOf(summary.row),
      ...(summary.steps && flatten({ steps: summary.steps })),
      seconds: summary.seconds?.mean,
    })),
  );
}

/** Each prior skill of the rows that are shown. */
export const priorData = ({ shown }: Reported): DataTable =>
  tableOf(
    "skills",
    shown.flatMap((summary) =>
      Object.entries(summary.prior).map(([skill, spread]) => ({
        ...named(summary),
        skill,
        ...estimated("exactMatch", spread),
      })),
    ),
  );

/** Every row with every seed, tuning seeds too. */
export function seedData({ recipe, measurements, seeds }: Reported): DataTable {
  const results = measurements.filter(isRow);
  const find = (row: string | undefined, seed: number): RowResult | undefined =>
    results.find((result) => result.row === row && result.seed === seed);
  return tableOf(
    "seeds",
    results.map((result) => {
      const { kind: _, seed, row, ...scores } = result;
      const [base, reference] = [baseOf(recipe).id, recipe.reference].map((id) => find(id, seed));
      return {
        ...{ row, seed, use: seeds.includes(seed) ? "reported" : "tuning" },
        gain: base && reference && gainOf(result, base, reference),
        drop: base && dropOf(result, base),
        ...flatten(scores),
      };
    }),
  );
}

/** How every row came about. */
export const attemptData = ({ measurements }: Reported): DataTable =>
  tableOf(
    "attempts",
    measurements.flatMap((m) => {
      if (m.kind !== "attempt") return [];
      const { kind: _, numerics, ...fields } = m;
      return [{ ...flatten(fields), numerics: numericsName(numerics) }];
    }),
  );

/** Every outer step with what the theory promises for it. */
export const certificateData = ({ certificates }: Reported): DataTable =>
  tableOf(
    "certificates",
    certificates.map(({ kind: _, ...fields }) => flatten(fields)),
  );

/** The rows that are shown against the main one, on the same seeds. */
export function differenceData({ main, shown }: Reported): DataTable {
  const difference = (
    name: string,
    summary: RowSummary,
    of: (r: RowSummary) => Spread | undefined,
  ) => {
    const [left, right] = [of(summary), main && of(main)];
    const found = left && right && pairedDifference(left.values, right.values);
    return { [name]: found?.mean, [`${name}.low`]: found?.low, [`${name}.high`]: found?.high };
  };
  const others = shown.filter(
    ({ row }) => row.method !== "base" && main !== undefined && row.id !== main.row.id,
  );
  return tableOf(
    "differences",
    others.map((summary) => ({
      ...named(summary),
      ...difference("gain", summary, ({ gain }) => gain),
      ...difference("drop", summary, ({ drop }) => drop),
    })),
  );
}

/** What each family's row was chosen by, on the tuning seeds. */
export const choiceData = ({ choices, tuning }: Reported): DataTable =>
  tableOf(
    "choices",
    choices.map(({ family, row, tried, gainedEnough }) => {
      const summary = tuning.find((one) => one.row.id === row.id);
      return {
        ...{ family, row: row.id, label: row.label, tried, gainedEnough },
        gain: summary?.gain?.mean,
        drop: summary?.drop.mean,
      };
    }),
  );
