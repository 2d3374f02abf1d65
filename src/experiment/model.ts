import { type Transformer, transformer } from "../nn/transformer.ts";
import { suiteOf } from "../tasks/study/suite.ts";
import type { Recipe } from "./recipe.ts";

/** The transformer that a recipe trains. */
export const modelOf = ({ model, suite }: Recipe): Transformer =>
  transformer({
    ...model,
    vocabSize: suiteOf(suite).vocabulary.symbols.length,
    previousTokenEmbedding: true,
  });
