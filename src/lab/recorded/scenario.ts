import type { Recipe } from "../../experiment/recipe.ts";
import { fullRecipe } from "../../experiment/recipes/full.ts";
import { anchored, asft, base, merge, sft } from "../../experiment/recipes/rows.ts";

/**
 * What the page shows before anybody presses a button: the study's own comparison of one seed, with
 * what costs less beside it. Nothing was chosen by its outcome: the headline row and the reference
 * are the study's, ASFT and WiSE-FT its rows that forget least.
 */
export const scenario: Recipe = {
  ...fullRecipe,
  evaluation: { ...fullRecipe.evaluation, every: 16 },
  rows: [base, sft(3e-3), anchored(2, 5, 0.25), asft(0.1, 1e-3), merge(0.3)],
};

export const SEED = 0;
