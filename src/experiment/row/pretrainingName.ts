import type { Numerics } from "../../engines/numerics.ts";
import { jsonDigest } from "../../json/jsonDigest.ts";
import type { Marker } from "../../tasks/study/marker.ts";
import { suiteLabel } from "../../tasks/study/suiteLabel.ts";
import type { Recipe } from "../recipe.ts";

/** All that decides a pre-training's numbers but what it is computed with. */
export type PretrainingIdentity = Pick<Recipe, "suite" | "model" | "pretraining"> & {
  /** What the base sees of fine-tuning. */
  readonly marker?: Marker;
  readonly seed: number;
};

export const pretrainingIdentity = (recipe: Recipe, seed: number): PretrainingIdentity => {
  const { suite, model, pretraining, fineTuning } = recipe;
  const marker = pretraining.markerSeen ? fineTuning.marker : undefined;
  return { suite, model, pretraining, ...(marker && { marker }), seed };
};

/** Names a pre-training by all that decides its numbers, so that recipes which share it find it. */
export async function pretrainingName(
  recipe: Recipe,
  seed: number,
  numerics: Numerics,
): Promise<string> {
  const digest = await jsonDigest({ ...pretrainingIdentity(recipe, seed), numerics });
  return `${suiteLabel(recipe.suite)}-seed-${seed}-${digest.slice(0, 12)}`;
}
