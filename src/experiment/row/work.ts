import { markerLength } from "../../tasks/study/marker.ts";
import { lengthsOf, suiteOf, targetOf } from "../../tasks/study/suite.ts";
import { isOfCheckpoint, type PretrainedRecipe, type Recipe, type RowRecipe } from "../recipe.ts";

/** Positions that pre-training goes through in its first `steps` steps, padding included. */
export function pretrainingTokens(
  { suite, pretraining, fineTuning }: PretrainedRecipe,
  steps: number = pretraining.steps,
): number {
  const study = suiteOf(suite);
  const { skill, target } = lengthsOf(study);
  const targets = Math.floor(steps / pretraining.targetEvery);
  const more = pretraining.markerSeen ? markerLength(fineTuning.marker, study.vocabulary) : 0;
  return pretraining.batchSize * (targets * (target + more) + (steps - targets) * skill);
}

/** Positions that a row's training goes through; the base is pre-trained, but for a checkpoint. */
export function rowTokens(recipe: Recipe, row: RowRecipe): number {
  if (row.method === "base") return isOfCheckpoint(recipe) ? 0 : pretrainingTokens(recipe);
  if (row.method === "merge") return 0;
  const { fineTuning } = recipe;
  const { examples, batchSize, epochs } = fineTuning;
  const stepsPerEpoch = Math.floor(examples / batchSize);
  const rounds = row.inner === undefined ? (row.epochs ?? epochs) : (row.outer ?? 1) * row.inner;
  return rounds * stepsPerEpoch * batchSize * trainedLength(recipe);
}

/** Positions of fine-tuning's longest example, with what ends it. */
export function trainedLength({ suite, target, fineTuning }: Recipe): number {
  const study = suiteOf(suite);
  const { signOff, marker } = fineTuning;
  return targetOf(study, target).positions + signOff + markerLength(marker, study.vocabulary);
}
