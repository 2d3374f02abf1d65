import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import { generate } from "../../nn/generate/generate.ts";
import { ids } from "../../tensor/apply.ts";
import { argmax, gather, toFloat } from "../../tensor/ops.ts";
import { at, sizeOf } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { collate, type Layout, layoutOf } from "../../train/batches.ts";
import { type Example, type PromptResponse, promptOf, targetsOf } from "../../train/examples.ts";
import { placesOf } from "../targets/deviceAnchoring.ts";
import type { LanguageModel } from "../targets/languageModel.ts";
import { flat, inBlocks, rowsOf } from "../targets/onDevice.ts";
import { canGenerate, roomBehind } from "../targets/sampled.ts";
import type { RetainPlan } from "./check.ts";

/** Answers that are made side by side. */
const SIDE_BY_SIDE = 64;

/**
 * Prompts with a model's greedy answers, the stop token included where one came up.
 * @throws DataError for a prompt that leaves no room for an answer, TypeError for a model that cannot
 *   generate
 */
export async function greedyAnswers(
  engine: Engine,
  { model, params }: { readonly model: LanguageModel; readonly params: Params },
  examples: readonly Example[],
  { newTokens, stopTokens }: Pick<RetainPlan, "newTokens" | "stopTokens">,
): Promise<PromptResponse[]> {
  if (!canGenerate(model))
    throw new TypeError("fineTune retain: expected a model with prefill and decode to answer with");
  const prompts = examples.map(promptOf);
  if (prompts.length === 0) return [];
  const room = roomBehind("fineTune retain", prompts, model);
  const answers = await generate(engine, {
    ...{ model, params, prompts, stopTokens },
    maxNewTokens: Math.min(newTokens, room),
    batchSize: Math.min(SIDE_BY_SIDE, prompts.length),
  });
  return prompts.map((prompt, i) => ({ prompt, response: at(answers, i) }));
}

/**
 * Counts the answers that a model would not give: those with a token that is not its likeliest after
 * what stands before it.
 * @param batchSize answers in a forward pass
 */
export function lostAnswers(engine: Engine, model: LanguageModel, batchSize: number) {
  const { contextLength } = model.config;
  const choose = engine.compile(function choose(
    params: Params,
    tokens: Tensor,
    layout: Partial<Layout>,
    places: Tensor,
  ) {
    const { hidden, head } = model;
    const seen = (hidden && head ? hidden : model.apply)(params, tokens, layoutOf(layout));
    const rows = gather(flat(seen), places);
    return inBlocks(sizeOf(places.shape), model.config.vocabSize, (from, n) => {
      const part = rowsOf(rows, from, n);
      return toFloat(argmax(hidden && head ? head(params, part) : part));
    });
  });
  return async (params: Params, answers: readonly PromptResponse[]): Promise<number> => {
    let lost = 0;
    for (let from = 0; from < answers.length; from += batchSize) {
      const part = answers.slice(from, from + batchSize);
      const batch = collate(part, { contextLength });
      const places = placesOf(part, at(batch.tokens.shape, 1));
      const made = await choose(params, batch.tokens, layoutOf(batch) ?? {}, ids(places));
      const likeliest = await engine.read(made);
      engine.release(made);
      let first = 0;
      for (const example of part) {
        const count = targetsOf(example);
        if (example.response.some((token, i) => likeliest[first + i] !== token)) lost++;
        first += count;
      }
    }
    return lost;
  };
}
