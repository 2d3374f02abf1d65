import type { Engine } from "../engines/engine.ts";
import { constant } from "../tensor/apply.ts";
import { DataError } from "../tensor/errors.ts";
import { add, argmax, mul } from "../tensor/ops.ts";
import { fold, type Key } from "../tensor/random.ts";
import { isConstant, type Tensor } from "../tensor/tensor.ts";
import type { Params } from "./config.ts";
import type { KeyValue } from "./decoder.ts";
import { gumbel, sequenceKeys } from "./sampling.ts";
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

/** One pass of the compiled programs. */
type Step = { readonly tokens: Tensor; readonly cache: readonly KeyValue[] };

/**
 * Continues prompts, all in one batch, with a key/value cache: one program reads the prompts, one
 * makes each further token. A sequence's tokens do not depend on the other prompts: they are those
 * of applying the model to the prefix again and again, and sampling draws from the key, the prompt
 * and how many equal prompts came before it.
 * @returns for each prompt its new tokens, at most maxNewTokens, the stop token included where it
 *   came up
 * @throws DataError for no prompts or an empty one; RangeError for impossible numbers, prompts that
 *   leave no room in the context among them; TypeError for sampling without a key
 */
export async function generate(engine: Engine, options: GenerateOptions): Promise<number[][]> {
  expectOptions(options);
  const { model, prompts, maxNewTokens, temperature = 0, key, stopToken } = options;
  const lengths = prompts.map((prompt) => prompt.length);
  const longest = Math.max(...lengths);
  const capacity = longest + maxNewTokens - 1; // the last new token is not read again
  const pick = (logits: Tensor, noise: readonly Tensor[]): Tensor =>
    argmax(noise[0] ? add(mul(logits, 1 / temperature), noise[0]) : logits); // int [B]
  const start = engine.compile(
    (params: Params, tokens: Tensor, last: Tensor, noise: readonly Tensor[]): Step => {
      const { logits, cache } = model.prefill(params, tokens, last, capacity);
      return { tokens: pick(logits, noise), cache };
    },
  );
  const next = engine.compile(
    (
      cache: readonly KeyValue[],
      params: Params,
      inputs: { tokens: Tensor; previous: Tensor; positions: Tensor },
      noise: readonly Tensor[],
    ): Step => {
      const decoded = model.decode(params, cache, inputs);
      return { tokens: pick(decoded.logits, noise), cache: decoded.cache };
    },
    { donate: [0] },
  );

  const keys = key && temperature > 0 ? sequenceKeys(key, prompts) : [];
  const noiseAt = (t: number): Tensor[] =>
    keys.length === 0
      ? []
      : [
          gumbel(
            keys.map((k) => fold(k, t)),
            model.config.vocabSize,
          ),
        ];
  const positionsAt = (t: number): Tensor => row(lengths.map((length) => length - 1 + t));

  const params = engine.put(options.params);
  const columns: ArrayLike<number>[] = [];
  let previous: Tensor = row(prompts.map((prompt) => prompt.at(-1) as number));
  let step = await start(params, padded(prompts, longest), positionsAt(0), noiseAt(0));
  let ended = prompts.map(() => false);
  for (let t = 1; ; t++) {
    const column = await engine.read(step.tokens);
    columns.push(column);
    ended = ended.map((already, b) => already || column[b] === stopToken);
    if (t === maxNewTokens || ended.every(Boolean)) break;
    const inputs = { tokens: step.tokens, previous, positions: positionsAt(t) };
    step = await next(step.cache, params, inputs, noiseAt(t));
    engine.release(previous);
    previous = inputs.tokens;
  }
  engine.release([step.cache, step.tokens, previous]);
  engine.release(Object.keys(params).flatMap((name) => ownedHere(options.params, params, name)));
  return prompts.map((_, b) =>
    upTo(
      stopToken,
      columns.map((column) => column[b] as number),
    ),
  );
}

/** A tensor that `put` made. */
function ownedHere(given: Params, put: Params, name: string): Tensor[] {
  return isConstant(given[name] as Tensor) ? [put[name] as Tensor] : [];
}

const row = (ids: readonly number[]): Tensor => constant(Int32Array.from(ids), [ids.length]);

/** Prompts side by side, filled up on the right: int [B, P]. */
function padded(prompts: readonly (readonly number[])[], P: number): Tensor {
  const filled = prompts.flatMap((prompt) => [
    ...prompt,
    ...Array<number>(P - prompt.length).fill(0),
  ]);
  return constant(Int32Array.from(filled), [prompts.length, P]);
}

/** Tokens up to and including the first stop token. */
function upTo(stopToken: number | undefined, tokens: readonly number[]): number[] {
  const at = stopToken === undefined ? -1 : tokens.indexOf(stopToken);
  return at < 0 ? [...tokens] : tokens.slice(0, at + 1);
}

function expectOptions(options: GenerateOptions): void {
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
