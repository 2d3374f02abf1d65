import type { RowRecipe } from "../recipe.ts";
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
 * retention. Of equals the first.
 * @param tuning summaries over the tuning seeds alone: choosing on seeds that are reported would
 * make the reported numbers too good
 * @param meanOf the mean over seeds; over other draws of them to see what would be chosen then
 */
export function chooseRows(
  tuning: readonly RowSummary[],
  meanOf: (spread: Spread) => number = ({ mean }) => mean,
): Choice[] {
  const gainOf = ({ gain }: RowSummary): number => (gain ? meanOf(gain) : 0);
  const keptOf = ({ drop }: RowSummary): number => 1 - meanOf(drop);
  const families = new Map<string, RowSummary[]>();
  for (const summary of tuning) {
    const { family, method } = summary.row;
    if (method === "base") continue;
    families.set(family, [...(families.get(family) ?? []), summary]);
  }
  return [...families].map(([family, rows]): Choice => {
    const enough = rows.filter((row) => gainOf(row) >= ENOUGH);
    const gainedEnough = enough.length > 0;
    const best = gainedEnough
      ? largest(enough, keptOf)
      : largest(rows, (row) => gainOf(row) + keptOf(row));
    return { family, row: best.row, tried: rows.length, gainedEnough };
  });
}

const largest = (rows: readonly RowSummary[], value: (row: RowSummary) => number): RowSummary =>
  rows.reduce((best, row) => (value(row) > value(best) ? row : best));
