import { type Transformer, transformer } from "../nn/transformer.ts";
import { suiteOf } from "../tasks/study/suite.ts";
import type { Recipe } from "./recipe.ts";

/** The transformer that a recipe trains. */
export const modelOf = ({ model, suite }: Pick<Recipe, "model" | "suite">): Transformer =>
  transformer({
    ...model,
    vocabSize: suiteOf(suite).vocabulary.symbols.length,
    previousTokenEmbedding: true,
  });

/** How many parameters it has: two embeddings and the head, each block's four projections, three of
 * its feed-forward layer and two norms, and the last norm. */
export function parametersOf({ model, suite }: Pick<Recipe, "model" | "suite">): number {
  const { width, hidden, layers } = model;
  const vocabSize = suiteOf(suite).vocabulary.symbols.length;
  return 3 * vocabSize * width + layers * width * (4 * width + 3 * hidden + 2) + width;
}
