import type { RowRecipe } from "../recipe.ts";
import type { Choice } from "./choose.ts";
import { differencesOf, type Estimate, estimate } from "./statistics.ts";
import type { RowSummary, Spread } from "./summary.ts";
import { holm, signFlipTest } from "./tests.ts";

/** What is compared. */
export type Contrasted = "gain" | "drop";

/** A family's chosen row against that of another family, on the same seeds. */
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
  /** Holm's, over all families against this one in this figure. */
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
  const summaryOf = (family: string): RowSummary | undefined => {
    const chosen = choices.find((choice) => choice.family === family)?.row.id;
    return rows.find(({ row }) => row.id === chosen);
  };
  const other = summaryOf(against);
  if (!other) return [];
  return (["gain", "drop"] as const).flatMap((of) => {
    const found = choices.flatMap(({ family, row }) => {
      const mine = family === against ? undefined : summaryOf(family);
      const [left, right] = [mine, other].map((summary) => summary && spreadOf[of](summary));
      if (!left || !right) return [];
      const differences = differencesOf(left.values, right.values);
      const p = signFlipTest(differences);
      return p === undefined ? [] : [{ family, row, differences, p }];
    });
    const adjusted = holm(found.map(({ p }) => p));
    return found.map(
      ({ family, row, differences, p }, i): Contrast => ({
        ...{ family, row, against: other.row, of, seeds: differences.length },
        ...{ difference: estimate(differences), p, adjusted: adjusted[i] ?? 1 },
      }),
    );
  });
}
