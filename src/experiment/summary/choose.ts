import { at } from "../../tensor/shapes.ts";
import type { Recipe, RowRecipe } from "../recipe.ts";
import type { RowSummary, Spread } from "./summary.ts";

/** The row that stands for a family of rows, which differ in their settings. */
export interface Choice {
  readonly family: string;
  readonly row: RowRecipe;
  /** How many rows of the family there were to choose from. */
  readonly tried: number;
  /** Whether it gained enough; else it is the best compromise. */
  readonly gainedEnough: boolean;
}

/** The share of the reference's gain that is asked for before forgetting is compared. */
export const ENOUGH = 0.95;

/**
 * Chooses a row of each family: of those that make at least 95 % of the reference's gain the one
 * that keeps most of the prior skills; where there is none, the one with the largest sum of gain and
 * retention. Of equals the first. Rows that others of their family have left behind, by more seeds,
 * are out.
 * @param tuning summaries over the tuning seeds alone: choosing on seeds that are reported would
 * make the reported numbers too good
 * @param meanOf the mean over seeds; over other draws of them to see what would be chosen then
 */
export function chooseRows(
  tuning: readonly RowSummary[],
  meanOf: (spread: Spread) => number = meanOfAll,
): Choice[] {
  return [...familiesOf(tuning)].map(([family, rows]): Choice => {
    const [best, gainedEnough] = at(rank(furthest(rows), meanOf), 0);
    return { family, row: best.row, tried: rows.length, gainedEnough };
  });
}

const meanOfAll = ({ mean }: Spread): number => mean;

/** The rows of each family by how good they are, the best first; each family's furthest alone. */
export const rankedRows = (tuning: readonly RowSummary[]): ReadonlyMap<string, RowRecipe[]> =>
  new Map(
    [...familiesOf(tuning)].map(([family, rows]) => [
      family,
      rank(furthest(rows), meanOfAll).map(([{ row }]) => row),
    ]),
  );

/** Of rows those that were run on as many seeds as any of them. */
export function furthest(rows: readonly RowSummary[]): RowSummary[] {
  const most = Math.max(...rows.map(({ seeds }) => seeds.length));
  return rows.filter(({ seeds }) => seeds.length === most);
}

/** The seeds on which every row of a recipe was run. @param rows summaries over some seeds */
export function completeSeeds({ rows: all }: Recipe, rows: readonly RowSummary[]): number[] {
  const seeds = [...new Set(rows.flatMap((row) => row.seeds))];
  return seeds.filter(
    (seed) => rows.filter((row) => row.seeds.includes(seed)).length === all.length,
  );
}

/** Rows by their family; the base is of none. */
export function familiesOf(tuning: readonly RowSummary[]): Map<string, RowSummary[]> {
  const families = new Map<string, RowSummary[]>();
  for (const summary of tuning) {
    const { family, method } = summary.row;
    if (method === "base") continue;
    families.set(family, [...(families.get(family) ?? []), summary]);
  }
  return families;
}

/** Rows that gain enough by what they keep, then the others by the sum; and which of them gain enough. */
function rank(
  rows: readonly RowSummary[],
  meanOf: (spread: Spread) => number,
): (readonly [RowSummary, gainedEnough: boolean])[] {
  const gainOf = ({ gain }: RowSummary): number => (gain ? meanOf(gain) : 0);
  const keptOf = ({ drop }: RowSummary): number => 1 - meanOf(drop);
  const sumOf = (row: RowSummary): number => gainOf(row) + keptOf(row);
  const isEnough = (row: RowSummary): boolean => gainOf(row) >= ENOUGH;
  return [
    ...rows.filter(isEnough).toSorted((a, b) => keptOf(b) - keptOf(a)),
    ...rows.filter((row) => !isEnough(row)).toSorted((a, b) => sumOf(b) - sumOf(a)),
  ].map((row) => [row, isEnough(row)] as const);
}
