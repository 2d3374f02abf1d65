import type { Engine } from "../engines/engine.ts";
import { constant, full } from "../tensor/apply.ts";
import { fold } from "../tensor/random.ts";
import { isConstant, type Tensor } from "../tensor/tensor.ts";
import { expectGenerateOptions, type GenerateOptions } from "./generateOptions.ts";
import { generateSteps, type Sampling } from "./generateSteps.ts";
import { gumbel, sequenceKeys } from "./sampling.ts";

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
  expectGenerateOptions(options);
  const { model, prompts, stopToken } = options;
  const { start, next } = generateSteps(engine, model);
  const samplingAt = samplingOf(options);
  const lastPositions = prompts.map((prompt) => prompt.length - 1);
  const positionsAt = (t: number) => row(lastPositions.map((last) => last + t));
  const longest = Math.max(...lastPositions) + 1;
  const room = longest + options.maxNewTokens - 1; // the last new token is not read again
  const params = engine.put(options.params);

  const columns: ArrayLike<number>[] = [];
  let ended = prompts.map(() => false);
  let previous = row(prompts.map((prompt) => prompt.at(-1) as number));
  const batch = padded(prompts, longest);
  let step = await start(params, batch, positionsAt(0), full([room], 0), samplingAt(0));
  for (let t = 1; ; t++) {
    const column = await engine.read(step.tokens);
    columns.push(column);
    ended = ended.map((already, b) => already || column[b] === stopToken);
    if (t === options.maxNewTokens || ended.every(Boolean)) break;
    const inputs = { tokens: step.tokens, previous, positions: positionsAt(t) };
    step = await next(step.cache, params, inputs, samplingAt(t));
    engine.release(previous);
    previous = inputs.tokens;
  }
  engine.release([step, previous]);
  for (const [name, given] of Object.entries(options.params))
    if (isConstant(given)) engine.release(params[name]);
  return prompts.map((_, b) => {
    const tokens = columns.map((column) => column[b] as number);
    const stop = stopToken === undefined ? -1 : tokens.indexOf(stopToken);
    return stop < 0 ? tokens : tokens.slice(0, stop + 1);
  });
}

/** What the t-th new tokens are drawn with. */
function samplingOf({
  model,
  prompts,
  temperature = 0,
  key,
}: GenerateOptions): (t: number) => Sampling {
  if (!key || temperature === 0) return () => [];
  const keys = sequenceKeys(key, prompts);
  const inverse = full([], 1 / temperature);
  return (t) => {
    const now = keys.map((each) => fold(each, t));
    return [inverse, gumbel(now, model.config.vocabSize)];
  };
}

const row = (ids: readonly number[]): Tensor => constant(Int32Array.from(ids), [ids.length]);

/** Prompts side by side, filled up on the right: int [B, P]. */
function padded(prompts: readonly (readonly number[])[], P: number): Tensor {
  const filled = new Int32Array(prompts.length * P);
  prompts.forEach((prompt, b) => {
    filled.set(prompt, b * P);
  });
  return constant(filled, [prompts.length, P]);
}
