import { completeConfig } from "../nn/completeConfig.ts";
import { parameterShapes, type TransformerConfig } from "../nn/config.ts";
import { type Transformer, transformer } from "../nn/transformer.ts";
import { suiteOf } from "../tasks/study/suite.ts";
import { sizeOf } from "../tensor/shapes.ts";
import { isOfCheckpoint, type Recipe } from "./recipe.ts";

/** The shape of the transformer that a recipe trains. */
export const configOf = (recipe: Recipe): TransformerConfig =>
  isOfCheckpoint(recipe)
    ? recipe.checkpoint.config
    : {
        ...recipe.model,
        vocabSize: suiteOf(recipe.suite).vocabulary.size,
        previousTokenEmbedding: true,
      };

/** The transformer that a recipe trains. */
export const modelOf = (recipe: Recipe): Transformer => transformer(configOf(recipe));

/** How many parameters it has. */
export const parametersOf = (recipe: Recipe): number =>
  Object.values(parameterShapes(completeConfig(configOf(recipe)))).reduce(
    (sum, shape) => sum + sizeOf(shape),
    0,
  );
