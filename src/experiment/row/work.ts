import { markerLength } from "../../tasks/study/marker.ts";
import { lengthsOf, suiteOf, targetOf } from "../../tasks/study/suite.ts";
import type { Recipe, RowRecipe } from "../recipe.ts";

/** Positions that pre-training goes through in its first `steps` steps, padding included. */
export function pretrainingTokens(
  { suite, pretraining, fineTuning }: Pick<Recipe, "suite" | "pretraining" | "fineTuning">,
  steps: number = pretraining.steps,
): number {
  const { skill, target } = lengthsOf(suiteOf(suite));
  const targets = Math.floor(steps / pretraining.targetEvery);
  const more = pretraining.markerSeen ? markerLength(fineTuning.marker) : 0;
  return pretraining.batchSize * (targets * (target + more) + (steps - targets) * skill);
}

/** Positions that a row's training goes through; the base is pre-trained. */
export function rowTokens(recipe: Recipe, row: RowRecipe): number {
  if (row.method === "base") return pretrainingTokens(recipe);
  if (row.method === "merge") return 0;
  const { fineTuning } = recipe;
  const { examples, batchSize, epochs, signOff, marker } = fineTuning;
  const { positions } = targetOf(suiteOf(recipe.suite), recipe.target);
  const stepsPerEpoch = Math.floor(examples / batchSize);
  const rounds = row.inner === undefined ? (row.epochs ?? epochs) : (row.outer ?? 1) * row.inner;
  return rounds * stepsPerEpoch * batchSize * (positions + signOff + markerLength(marker));
}
