import { effectiveWeight } from "../../anchored/objectives/interpolations.ts";
import {
  type Attempt,
  type Certified,
  isRow,
  type Measurement,
  type RowResult,
} from "../measurements.ts";
import { baseOf, type Recipe, type RowRecipe } from "../recipe.ts";
import { type Detail, details } from "./details.ts";
import { gainOf } from "./gains.ts";
import { mean } from "./statistics.ts";
import { type StepsSummary, stepsOf } from "./steps.ts";

/** A figure over the seeds. */
export interface Spread {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** The figure of each seed. */
  readonly values: ReadonlyMap<number, number>;
}

/** One row of the table, over all seeds that have finished it. */
export interface RowSummary {
  readonly row: RowRecipe;
  readonly seeds: readonly number[];
  readonly target: Spread;
  /**
   * (goal − base) / (reference − base) of the target, or with a marker of answer and marker, 1 for
   * the reference itself; undefined where the reference is not there yet or gained nothing.
   */
  readonly gain: Spread | undefined;
  readonly prior: Readonly<Record<string, Spread>>;
  /** Relative loss of the mean prior skill: 1 − prior / prior of the base. */
  readonly drop: Spread;
  /** What a finished row is judged by besides, see `Judgement`; what was not measured is absent. */
  readonly details: Readonly<Partial<Record<Detail, Spread>>>;
  readonly signOff: Spread;
  readonly klFromBase: Spread;
  readonly klToBase: Spread;
  /** Undefined for rows without outer steps. */
  readonly steps: StepsSummary | undefined;
  /** Of training; undefined where no attempt tells it. */
  readonly seconds: Spread | undefined;
}

export function spread(values: ReadonlyMap<number, number>): Spread {
  const xs = [...values.values()];
  return { mean: mean(xs), min: Math.min(...xs), max: Math.max(...xs), values };
}

/** Mean over the prior skills. */
const priorMean = ({ prior }: RowResult): number => mean(Object.values(prior));

/** 1 − prior / prior of the base; 0 where the base had nothing to lose. */
export const dropOf = (row: RowResult, base: RowResult): number =>
  priorMean(base) > 0 ? 1 - priorMean(row) / priorMean(base) : 0;

/** The weight of p_sft after a row's exact outer steps; undefined where there is no such thing. */
export const weightOf = (row: RowRecipe): number | undefined =>
  row.method === "anchored" && typeof row.alpha === "number"
    ? effectiveWeight(row.alpha, row.outer ?? 1)
    : undefined;

const isAttempt = (m: Measurement): m is Attempt => m.kind === "attempt";
const isCertified = (m: Measurement): m is Certified => m.kind === "certificate";

/**
 * The table: means and ranges over seeds, in the recipe's order; rows that nobody finished are left
 * out.
 * @param seeds those that count; all that were measured by default
 */
export function summarize(
  recipe: Recipe,
  measurements: readonly Measurement[],
  seeds?: readonly number[],
): RowSummary[] {
  const counted = seeds ? measurements.filter(({ seed }) => seeds.includes(seed)) : measurements;
  const all = counted.filter(isRow);
  const based = new Set(all.flatMap(({ row, seed }) => (row === baseOf(recipe).id ? [seed] : [])));
  // Without its base there is nothing to compare a row with.
  const results = all.filter(({ seed }) => based.has(seed));
  const find = (id: string, seed: number): RowResult | undefined =>
    results.find((result) => result.row === id && result.seed === seed);
  return recipe.rows.flatMap((row) => {
    const mine = results.filter((result) => result.row === row.id);
    if (mine.length === 0) return [];
    return [
      summarizeRow(
        recipe,
        row,
        mine,
        counted.filter((m) => m.kind !== "progress" && m.row === row.id),
        find,
      ),
    ];
  });
}

function summarizeRow(
  recipe: Recipe,
  row: RowRecipe,
  mine: readonly RowResult[],
  measured: readonly Measurement[],
  find: (id: string, seed: number) => RowResult | undefined,
): RowSummary {
  const certified = measured.filter(isCertified);
  const times = measured
    .filter(isAttempt)
    .filter(({ seed }) => mine.some((result) => result.seed === seed))
    .map(({ seed, seconds }) => [seed, seconds] as const);
  const base = (seed: number): RowResult => find(baseOf(recipe).id, seed) as RowResult;
  const gains = mine.flatMap((result) => {
    const reference = find(recipe.reference, result.seed);
    const gain = reference && gainOf(result, base(result.seed), reference);
    return gain === undefined ? [] : [[result.seed, gain] as const];
  });
  const over = (figure: (result: RowResult) => number): Spread =>
    spread(new Map(mine.map((result) => [result.seed, figure(result)])));
  const skills = Object.keys(mine[0]?.prior ?? {});
  return {
    row,
    seeds: mine.map(({ seed }) => seed),
    target: over(({ target }) => target),
    gain: gains.length > 0 ? spread(new Map(gains)) : undefined,
    prior: Object.fromEntries(
      skills.map((skill) => [skill, over((r) => r.prior[skill] as number)]),
    ),
    drop: over((result) => dropOf(result, base(result.seed))),
    details: detailsOver(mine, base),
    signOff: over(({ signOff }) => signOff),
    klFromBase: over(({ klFromBase }) => klFromBase),
    klToBase: over(({ klToBase }) => klToBase),
    steps: stepsOf(certified),
    seconds: times.length > 0 ? spread(new Map(times)) : undefined,
  };
}

/** Of those seeds whose row has it. */
function detailsOver(
  mine: readonly RowResult[],
  base: (seed: number) => RowResult,
): RowSummary["details"] {
  const found = Object.entries(details).flatMap(([name, { of }]) => {
    const values = mine.flatMap((row) => {
      const value = of(row, base(row.seed));
      return value !== undefined && Number.isFinite(value) ? [[row.seed, value] as const] : [];
    });
    return values.length === 0 ? [] : [[name, spread(new Map(values))] as const];
  });
  return Object.fromEntries(found);
}
