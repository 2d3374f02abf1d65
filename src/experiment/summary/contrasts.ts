import type { RowRecipe } from "../recipe.ts";
import type { Choice } from "./choose.ts";
import { differencesOf, type Estimate, estimate } from "./statistics.ts";
import type { RowSummary, Spread } from "./summary.ts";
import { holm, signFlipTest } from "./tests.ts";

/** What is compared. */
export type Contrasted = "gain" | "drop";

/** A row against another, on the same seeds. */
export interface Contrast {
  readonly family: string;
  readonly row: RowRecipe;
  readonly against: RowRecipe;
  readonly of: Contrasted;
  /** How many seeds both have. */
  readonly seeds: number;
  /** Row − other, with its 95 % interval; undefined for fewer than two seeds. */
  readonly difference: Estimate | undefined;
  /** Of the two-sided sign-flip test. */
  readonly p: number;
  /** Holm's, over all rows against this one in this figure. */
  readonly adjusted: number;
}

const spreadOf: { readonly [C in Contrasted]: (row: RowSummary) => Spread | undefined } = {
  gain: ({ gain }) => gain,
  drop: ({ drop }) => drop,
};

/**
 * The chosen row of each family against that of another one.
 * @param rows over the reported seeds
 * @param choices made on the tuning seeds
 * @param against a family; nothing comes of one that nothing was chosen of
 */
export function contrastsWith(
  rows: readonly RowSummary[],
  choices: readonly Choice[],
  against: string,
): Contrast[] {
  const chosen = choices.flatMap(({ row }) => rows.find((one) => one.row.id === row.id) ?? []);
  const other = chosen.find(({ row }) => row.family === against);
  return other ? contrastsOf(chosen, other) : [];
}

/**
 * Rows against one of them or another, on the seeds that each has in common with it.
 * @returns all in gain, then all in drop; rows without enough seeds are left out
 */
export function contrastsOf(rows: readonly RowSummary[], other: RowSummary): Contrast[] {
  return (["gain", "drop"] as const).flatMap((of) => {
    const found = rows.flatMap((one) => {
      const { row } = one;
      const [left, right] = [spreadOf[of](one), spreadOf[of](other)];
      if (row.id === other.row.id || !left || !right) return [];
      const differences = differencesOf(left.values, right.values);
      const p = signFlipTest(differences);
      return p === undefined ? [] : [{ row, differences, p }];
    });
    const adjusted = holm(found.map(({ p }) => p));
    return found.map(
      ({ row, differences, p }, i): Contrast => ({
        ...{ family: row.family, row, against: other.row, of, seeds: differences.length },
        ...{ difference: estimate(differences), p, adjusted: adjusted[i] ?? 1 },
      }),
    );
  });
}
