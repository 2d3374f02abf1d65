import { completeConfig } from "../nn/completeConfig.ts";
import { markerLength } from "../tasks/study/marker.ts";
import { lengthsOf, suiteOf } from "../tasks/study/suite.ts";
import { DataError } from "../tensor/errors.ts";
import { refuse } from "../text/jsonl.ts";
import { configOf, parametersOf } from "./model.ts";
import { isOfCheckpoint, type Recipe } from "./recipe.ts";

/** A model with more cannot be trained here: float32 numbers alone would be 4 GB. */
const MOST_PARAMETERS = 1e9;

/** What fits together, said before anything is trained. */
export function expectSizes(recipe: Recipe): void {
  const { suite, fineTuning } = recipe;
  const path = isOfCheckpoint(recipe) ? "recipe.checkpoint.config" : "recipe.model";
  const config = configOf(recipe);
  const { contextLength, heads, width, vocabSize } = config;
  if (!isOfCheckpoint(recipe) && width % heads !== 0)
    refuse(`${path}.heads`, `a divisor of width ${width}`, heads);
  const study = suiteOf(suite);
  const { size } = study.vocabulary;
  if (vocabSize < size)
    refuse(`${path}.vocabSize`, `at least the ${size} tokens of words`, vocabSize);
  try {
    completeConfig(config);
  } catch (error) {
    // What a checkpoint's config is made of is known to the model alone.
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw new DataError(`${path}: ${error.message}`);
  }
  const parameters = parametersOf(recipe);
  if (parameters > MOST_PARAMETERS)
    refuse(path, `at most ${MOST_PARAMETERS} parameters`, parameters);
  const { skill, target } = lengthsOf(study);
  const ending = fineTuning.signOff + markerLength(fineTuning.marker, study.vocabulary);
  const longest = Math.max(skill, target + ending);
  if (contextLength < longest)
    refuse(
      `${path}.contextLength`,
      `at least ${longest}, the longest question and answer with its sign-off`,
      contextLength,
    );
  if (fineTuning.batchSize > fineTuning.examples)
    refuse(
      "recipe.fineTuning.batchSize",
      `at most its ${fineTuning.examples} examples`,
      fineTuning.batchSize,
    );
}
