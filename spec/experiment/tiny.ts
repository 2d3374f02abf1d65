import type { PretrainedRecipe } from "../../src/experiment/recipe.ts";
import { smokeRecipe } from "../../src/experiment/recipes/smoke.ts";

/** The smoke study made so small that the reference engine runs it in a second or two. */
export const tinyRecipe: PretrainedRecipe = {
  ...smokeRecipe,
  name: "tiny",
  model: { contextLength: 16, layers: 1, heads: 1, width: 8, hidden: 8 },
  pretraining: { ...smokeRecipe.pretraining, steps: 40, batchSize: 8 },
  fineTuning: { ...smokeRecipe.fineTuning, examples: 16, batchSize: 8, epochs: 2 },
  evaluation: {
    targetPrompts: 12,
    promptsPerSkill: 10,
    divergenceTargetPrompts: 6,
    divergencePromptsPerSkill: 5,
    every: 2,
  },
  rows: smokeRecipe.rows.map((row) =>
    row.method === "anchored" ? { ...row, outer: Math.min(row.outer ?? 1, 2), inner: 1 } : row,
  ),
};
