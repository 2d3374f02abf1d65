import { DataError } from "../tensor/errors.ts";
import type { Key } from "../tensor/random.ts";
import type { Params } from "./config.ts";
import type { Transformer } from "./transformer.ts";

export interface GenerateOptions {
  readonly model: Transformer;
  /** On the host or on the engine. */
  readonly params: Params;
  /** Token ids; lengths may differ. */
  readonly prompts: readonly (readonly number[])[];
  readonly maxNewTokens: number;
  /** 0, the default, takes the likeliest token; 1 samples from the model's distribution. */
  readonly temperature?: number;
  /** Randomness of sampling; needed where temperature > 0. */
  readonly key?: Key;
  /** Ends a sequence that produces it. */
  readonly stopToken?: number;
}

/** @throws DataError, RangeError or TypeError that names what cannot be */
export function expectGenerateOptions(options: GenerateOptions): void {
  const { model, prompts, maxNewTokens, temperature = 0, key, stopToken } = options;
  const { vocabSize, contextLength } = model.config;
  const isToken = (id: number) => Number.isInteger(id) && id >= 0 && id < vocabSize;
  if (prompts.length === 0) throw new DataError("generate: expected at least one prompt, got none");
  prompts.forEach((prompt, b) => {
    if (prompt.length === 0)
      throw new DataError(`generate: expected tokens in prompt ${b}, got none`);
    const bad = prompt.find((id) => !isToken(id));
    if (bad !== undefined)
      throw new RangeError(
        `generate: expected token ids 0 … ${vocabSize - 1} in prompt ${b}, got ${bad}`,
      );
  });
  if (!(Number.isInteger(maxNewTokens) && maxNewTokens > 0))
    throw new RangeError(
      `generate: expected maxNewTokens to be a positive integer, got ${maxNewTokens}`,
    );
  const longest = Math.max(...prompts.map((prompt) => prompt.length));
  if (longest + maxNewTokens > contextLength)
    throw new RangeError(
      `generate: expected prompt and new tokens to fit into contextLength ${contextLength}, ` +
        `got ${longest} + ${maxNewTokens}`,
    );
  if (!(temperature >= 0 && temperature < Number.POSITIVE_INFINITY))
    throw new RangeError(`generate: expected a finite temperature ≥ 0, got ${temperature}`);
  if (temperature > 0 && !key)
    throw new TypeError("generate: expected a key for sampling at a temperature > 0, got none");
  if (stopToken !== undefined && !isToken(stopToken))
    throw new RangeError(`generate: expected a stopToken 0 … ${vocabSize - 1}, got ${stopToken}`);
}
