import type { Risk } from "../anchored/certificates/retention.ts";
import { isRisk } from "../anchored/retention/check.ts";
import type { Retain } from "../anchored/retention/retain.ts";
import { drawUnseen } from "../tasks/study/examples.ts";
import { anySkill } from "../tasks/study/mixture.ts";
import { suiteOf } from "../tasks/study/suite.ts";
import { fold, type Key, key, permutation } from "../tensor/random.ts";
import { at } from "../tensor/shapes.ts";
import type { Recipe, RetainRecipe, RowRecipe } from "./recipe.ts";

/** Prompts of each half where a recipe says nothing: enough for 2 %, and 5 % allow for 5 lost answers. */
export const RETAINED: RetainRecipe = { plan: 200, audit: 200 };

/** Keys of a seed's other data count from 0; see `keysOf`. */
const KEY = 100;

/** The risk that a row asks for; undefined where it gives its weight. */
export const riskOf = (row: RowRecipe): Risk | undefined =>
  "alpha" in row && row.alpha !== undefined && isRisk(row.alpha) ? row.alpha : undefined;

/**
 * Questions of the prior skills, drawn as in pre-training but each once, in two halves at random: what a
 * row with a risk plans by, and what it is audited on. No score is taken on them.
 * @throws DataError where the skills have not so many questions
 */
export const retainedPrompts = (
  recipe: Recipe,
  row: RowRecipe,
  seed: number,
): Retain | undefined => (riskOf(row) ? retainedHalves(recipe, seed) : undefined);

/** The same for whoever asks. @throws DataError as `retainedPrompts` */
export function retainedHalves(
  recipe: Recipe,
  seed: number,
): Required<Pick<Retain, "plan" | "audit">> {
  const { plan: planned, audit: audited } = recipe.retain ?? RETAINED;
  const { skills, vocabulary } = suiteOf(recipe.suite);
  const draw = anySkill(Object.values(skills));
  const keyOf = (use: number): Key => fold(fold(key(seed), KEY), use);
  const all = drawUnseen(draw, planned + audited, keyOf(0), vocabulary, []);
  // What is drawn late comes of the skills that have many questions.
  const mixed = permutation(keyOf(1), all.length).map((i) => at(all, i));
  return { plan: mixed.slice(0, planned), audit: mixed.slice(planned) };
}
