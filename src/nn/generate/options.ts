import { DataError } from "../../tensor/errors.ts";
import type { Key } from "../../tensor/random.ts";
import { isCount } from "../../tensor/shapes.ts";
import type { Params } from "../config.ts";
import type { Transformer } from "../transformer.ts";

/** How the next token is chosen from a model's logits; in the order in which the rules act. */
export interface SamplingOptions {
  /**
   * Divides positive and multiplies negative logits of the tokens that prompt and answer hold
   * already; 1, no penalty, by default. Acts on the likeliest token's choice too.
   * @see https://arxiv.org/abs/1909.05858 (Keskar et al., 2019), section 4.1
   */
  readonly repetitionPenalty?: number;
  /** 0, the default, takes the likeliest token, and so do temperatures below 2⁻¹⁰⁰; 1 samples from
   * the model's distribution. What follows here acts on samples alone. */
  readonly temperature?: number;
  /** Samples among the k likeliest tokens, and those as likely as the k-th; all by default. */
  readonly topK?: number;
  /**
   * Samples among the likeliest tokens that have this probability together, the one that reaches it
   * included; in [0, 1], 1 by default.
   * @see https://arxiv.org/abs/1904.09751 (Holtzman et al., 2020), section 3.1
   */
  readonly topP?: number;
  /**
   * Samples among the tokens at least this times as likely as the likeliest; in [0, 1], 0 by
   * default.
   * @see https://arxiv.org/abs/2407.01082 (Nguyen et al., 2024), section 3
   */
  readonly minP?: number;
}

/** Which model answers which prompts, how it draws tokens and where it stops. */
export interface GenerateOptions extends SamplingOptions {
  readonly model: Transformer;
  /** On the host or on the engine. */
  readonly params: Params;
  /** Token ids; lengths may differ. */
  readonly prompts: readonly (readonly number[])[];
  readonly maxNewTokens: number;
  /** Randomness of sampling; needed where temperature > 0. */
  readonly key?: Key;
  /** Those of the prompts' samples, in place of the ones that are made of `key`. */
  readonly keys?: readonly Key[];
  /** Most prompts that are continued side by side; the others wait for a place. All by default. */
  readonly batchSize?: number;
  /** Most positions of prompts that are read at once, 512 by default: bounds the memory that a long
   * prompt needs. */
  readonly prefillChunk?: number;
  /**
   * Most tokens that are guessed at a time, from what followed where the newest tokens stood before, in
   * prompt or answer; the model checks all of them in one pass and keeps those that it would have
   * taken itself, so that answers stay as they are, samples too. Pays where answers repeat what is
   * there; 0, none, by default. Where more than eight prompts are answered side by side, and where
   * angles depend on the whole length, nothing is guessed.
   */
  readonly promptLookup?: number;
  /** Ends a sequence that produces it. */
  readonly stopToken?: number;
  /** Each of them ends a sequence that produces it. */
  readonly stopTokens?: readonly number[];
  /**
   * Ends a sequence whose answer it finds complete; asked once for each new token, behind `onToken`.
   * @param answer the prompt's new tokens so far
   * @param row the prompt's index
   */
  readonly stopWhen?: (answer: readonly number[], row: number) => boolean;
  /** Number of ids that the tokenizer knows, where the model's vocabulary is padded: the others are
   * never taken. */
  readonly tokenizerSize?: number;
  /** The ids that may be taken; all by default. */
  readonly allowedTokens?: readonly number[];
  /**
   * Hears each new token as soon as it is known, before the next one is computed, and is waited
   * for; of prompts that have ended nothing more. An error that it throws ends the generation.
   * @param row the prompt's index
   * @param step 0 for a prompt's first new token
   */
  readonly onToken?: (token: number, row: number, step: number) => void | Promise<void>;
  /** Hears each prompt's new tokens as soon as they are all there, whoever goes on. */
  readonly onAnswer?: (answer: readonly number[], row: number) => void | Promise<void>;
}

const KNOWN: { readonly [K in keyof GenerateOptions]-?: true } = {
  ...{ model: true, params: true, prompts: true, maxNewTokens: true, key: true },
  ...{ onAnswer: true, keys: true, batchSize: true, prefillChunk: true, promptLookup: true },
  ...{ repetitionPenalty: true, temperature: true, topK: true, topP: true, minP: true },
  ...{ stopToken: true, stopTokens: true, tokenizerSize: true, allowedTokens: true, onToken: true },
  stopWhen: true,
};

const isPositive = (n: number): boolean => Number.isInteger(n) && n > 0;
const isShare = (p: number): boolean => p >= 0 && p <= 1;

/** Options that are numbers on their own. */
const NUMBERS: {
  readonly [K in keyof GenerateOptions]?: readonly [is: (x: number) => boolean, what: string];
} = {
  maxNewTokens: [isPositive, "to be a positive integer"],
  batchSize: [isPositive, "to be a positive integer"],
  prefillChunk: [isPositive, "to be a positive integer"],
  promptLookup: [isCount, "to be a whole number ≥ 0"],
  temperature: [(t) => t >= 0 && t < Number.POSITIVE_INFINITY, "to be finite and ≥ 0"],
  topK: [isPositive, "to be a positive integer"],
  topP: [isShare, "in [0, 1]"],
  minP: [isShare, "in [0, 1]"],
  repetitionPenalty: [(p) => p > 0 && p < Number.POSITIVE_INFINITY, "to be finite and > 0"],
};

/** @throws DataError, RangeError or TypeError that names what cannot be */
export function expectGenerateOptions(options: GenerateOptions): void {
  if (typeof options !== "object" || options === null)
    throw new TypeError(`generate: expected options, got ${options}`);
  const { model, params, prompts, maxNewTokens, temperature = 0, key } = options;
  if (typeof model?.config !== "object")
    throw new TypeError(`generate: expected a model, such as transformer(config), got ${model}`);
  if (typeof params !== "object" || params === null)
    throw new TypeError(`generate: expected the model's params, got ${params}`);
  if (!Array.isArray(prompts))
    throw new TypeError(`generate: expected a list of prompts, got ${prompts}`);
  if (maxNewTokens === undefined) throw new TypeError("generate: expected maxNewTokens, got none");
  const { vocabSize, contextLength } = model.config;
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(KNOWN, name))
      throw new TypeError(
        `generate: expected options among ${Object.keys(KNOWN).join(", ")}, got ${name}`,
      );
    const rule = NUMBERS[name as keyof GenerateOptions];
    const value: unknown = options[name as keyof GenerateOptions];
    if (rule && value !== undefined && !(typeof value === "number" && rule[0](value)))
      throw new RangeError(`generate: expected ${name} ${rule[1]}, got ${value}`);
  }
  if (prompts.length === 0) throw new DataError("generate: expected at least one prompt, got none");
  prompts.forEach((prompt: unknown, b) => {
    expectList(prompt, `a list of token ids as prompt ${b}`);
    if (prompt.length === 0)
      throw new DataError(`generate: expected tokens in prompt ${b}, got none`);
    expectIds(prompt, vocabSize, `token ids 0 … ${vocabSize - 1} in prompt ${b}`);
  });
  const longest = Math.max(...prompts.map((prompt) => prompt.length));
  if (longest + maxNewTokens > contextLength)
    throw new RangeError(
      `generate: expected prompt and new tokens to fit into contextLength ${contextLength}, ` +
        `got ${longest} + ${maxNewTokens}`,
    );
  const { keys } = options;
  if (keys && keys.length !== prompts.length)
    throw new RangeError(`generate: expected ${prompts.length} keys, got ${keys.length}`);
  if (temperature > 0 && !key && !keys)
    throw new TypeError("generate: expected a key for sampling at a temperature > 0, got none");
  const known = options.tokenizerSize ?? vocabSize;
  if (!(Number.isInteger(known) && known > 0 && known <= vocabSize))
    throw new RangeError(`generate: expected tokenizerSize in 1 … ${vocabSize}, got ${known}`);
  const { stopToken, stopTokens = [], allowedTokens } = options;
  for (const [name, list] of Object.entries({ stopTokens, allowedTokens }))
    if (list !== undefined) expectList(list, `a list of token ids as ${name}`);
  for (const name of ["onToken", "onAnswer", "stopWhen"] as const)
    if (options[name] !== undefined && typeof options[name] !== "function")
      throw new TypeError(`generate: expected ${name} to be a function, got ${options[name]}`);
  if (stopToken !== undefined)
    expectIds([stopToken], vocabSize, `a stopToken 0 … ${vocabSize - 1}`);
  expectIds(stopTokens, vocabSize, `stopTokens 0 … ${vocabSize - 1}`);
  if (!allowedTokens) return;
  expectIds(allowedTokens, known, `allowedTokens 0 … ${known - 1}`);
  if (allowedTokens.length === 0)
    throw new RangeError("generate: expected at least one of allowedTokens, got none");
}

/** @throws TypeError for what is neither a list nor a typed array */
function expectList(value: unknown, expected: string): asserts value is readonly number[] {
  if (!(Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value)))
    throw new TypeError(`generate: expected ${expected}, got ${value}`);
}

function expectIds(ids: readonly number[], count: number, expected: string): void {
  const bad = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < count));
  if (bad !== undefined) throw new RangeError(`generate: expected ${expected}, got ${bad}`);
}
