import type { Numerics } from "../../engines/numerics.ts";
import { jsonDigest } from "../../json/jsonDigest.ts";
import type { Marker } from "../../tasks/study/marker.ts";
import { suiteLabel } from "../../tasks/study/suiteLabel.ts";
import { type Checkpoint, isOfCheckpoint, type PretrainedRecipe, type Recipe } from "../recipe.ts";

/** All that decides a pre-training's numbers but what it is computed with. */
export type PretrainingIdentity = Pick<PretrainedRecipe, "suite" | "model" | "pretraining"> & {
  /** What the base sees of fine-tuning. */
  readonly marker?: Marker;
  readonly seed: number;
};

/** What decides a base: a pre-training and its seed, or a checkpoint, whatever the seed. */
export function pretrainingIdentity(
  recipe: Recipe,
  seed: number,
): PretrainingIdentity | Pick<Checkpoint, "sha256"> {
  if (isOfCheckpoint(recipe)) return { sha256: recipe.checkpoint.sha256 };
  const { suite, model, pretraining, fineTuning } = recipe;
  const marker = pretraining.markerSeen ? fineTuning.marker : undefined;
  return { suite, model, pretraining, ...(marker && { marker }), seed };
}

/** A checkpoint's parameters are what they are, whatever computes with them. */
export const checkpointName = ({ name, sha256 }: Pick<Checkpoint, "name" | "sha256">): string =>
  `${name}-${sha256.slice(0, 12)}`;

/** Names a base by all that decides its numbers, so that recipes which share it find it. */
export async function pretrainingName(
  recipe: Recipe,
  seed: number,
  numerics: Numerics,
): Promise<string> {
  if (isOfCheckpoint(recipe)) return checkpointName(recipe.checkpoint);
  const digest = await jsonDigest({ ...pretrainingIdentity(recipe, seed), numerics });
  return `${suiteLabel(recipe.suite)}-seed-${seed}-${digest.slice(0, 12)}`;
}
