import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import { generate } from "../../nn/generate/generate.ts";
import type { Transformer } from "../../nn/transformer.ts";
import { DataError } from "../../tensor/errors.ts";
import { fold, type Key } from "../../tensor/random.ts";
import { at } from "../../tensor/shapes.ts";
import { type Example, type PromptResponse, promptOf } from "../../train/examples.ts";
import type { LanguageModel } from "./languageModel.ts";

export interface SampleOptions {
  readonly model: LanguageModel;
  readonly params: Params;
  /** Whose prompts are answered. */
  readonly data: readonly Example[];
  /** Most tokens of an answer. */
  readonly maxNewTokens: number;
  readonly temperature: number;
  /** Ends an answer. */
  readonly stopToken: number | undefined;
  readonly key: Key;
}

/** Prompts that are answered side by side. */
const SIDE_BY_SIDE = 128;

/**
 * The prompts of a data set with responses sampled from a model.
 * @throws TypeError for a model that cannot generate, DataError for a prompt that leaves no room
 */
export async function sampleResponses(
  engine: Engine,
  { model, data, ...options }: SampleOptions,
): Promise<PromptResponse[]> {
  if (!canGenerate(model))
    throw new TypeError("fineTune: expected a model with prefill and decode to sample from");
  const prompts = data.map(promptOf);
  const room = Math.min(options.maxNewTokens, roomBehind("fineTune", prompts, model));
  const { stopToken, ...rest } = options;
  const examples: PromptResponse[] = [];
  for (let from = 0; from < data.length; from += SIDE_BY_SIDE) {
    const some = prompts.slice(from, from + SIDE_BY_SIDE);
    const responses = await generate(engine, {
      ...{ ...rest, model, prompts: some, maxNewTokens: room },
      // Equal prompts get samples of their own also when they are not side by side.
      key: fold(options.key, from),
      ...(stopToken !== undefined && { stopToken }),
    });
    some.forEach((prompt, i) => {
      examples.push({ prompt, response: at(responses, i) });
    });
  }
  return examples;
}

/**
 * How many tokens there is room for behind the longest prompt.
 * @throws DataError naming a prompt behind which there is none
 */
export function roomBehind(
  where: string,
  prompts: readonly (readonly number[])[],
  { config: { contextLength } }: LanguageModel,
): number {
  const full = prompts.findIndex(({ length }) => length >= contextLength);
  if (full >= 0)
    throw new DataError(
      `${where}: expected prompts of less than ${contextLength} tokens to answer, got ${at(prompts, full).length} in prompt ${full}`,
    );
  return contextLength - Math.max(...prompts.map(({ length }) => length));
}

export const canGenerate = (model: LanguageModel): model is Transformer =>
  typeof (model as Partial<Transformer>).prefill === "function" &&
  typeof (model as Partial<Transformer>).decode === "function";
