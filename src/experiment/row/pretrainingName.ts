import { suiteLabel } from "../../tasks/study/suiteLabel.ts";
import type { Recipe } from "../recipe.ts";

/** All that decides a pre-training's numbers but the backend. */
export type PretrainingIdentity = Pick<Recipe, "suite" | "model" | "pretraining"> & {
  readonly seed: number;
};

export const pretrainingIdentity = (recipe: Recipe, seed: number): PretrainingIdentity => {
  const { suite, model, pretraining } = recipe;
  return { suite, model, pretraining, seed };
};

/** Names a pre-training by all that decides its numbers, so that recipes which share it find it. */
export async function pretrainingName(
  recipe: Recipe,
  seed: number,
  backend: string,
): Promise<string> {
  const text = JSON.stringify({ ...pretrainingIdentity(recipe, seed), backend });
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const hex = Array.from(new Uint8Array(hash, 0, 6), (byte) => byte.toString(16).padStart(2, "0"));
  return `${suiteLabel(recipe.suite)}-seed-${seed}-${hex.join("")}`;
}
