import type { Engine } from "../../engines/engine.ts";
import { constant, full } from "../../tensor/apply.ts";
import { at } from "../../tensor/shapes.ts";
import { isConstant, type Tensor } from "../../tensor/tensor.ts";
import { chooserOf } from "./choosers.ts";
import { expectGenerateOptions, type GenerateOptions } from "./options.ts";
import { generateSteps, type Step } from "./steps.ts";

/**
 * Continues prompts, all in one batch, with a key/value cache: one program reads the prompts, one
 * makes each further token. A sequence's tokens do not depend on the other prompts: they are those
 * of applying the model to the prefix again and again, and sampling draws from the key, the prompt
 * and how many equal prompts came before it.
 * @returns for each prompt its new tokens, at most maxNewTokens, the stop token included where one
 *   came up
 * @throws DataError for no prompts or an empty one; RangeError for impossible numbers, prompts that
 *   leave no room in the context and logits that are not finite among them; TypeError for sampling
 *   without a key and for an option that is not known
 */
export async function generate(engine: Engine, options: GenerateOptions): Promise<number[][]> {
  expectGenerateOptions(options);
  const { model, prompts, maxNewTokens, onToken } = options;
  const choose = chooserOf(options);
  const { start, next } = generateSteps(engine, model, choose.chooser);
  const stops = new Set([...(options.stopTokens ?? []), ...stopTokenOf(options)]);
  const lastPositions = prompts.map((prompt) => prompt.length - 1);
  const positionsAt = (t: number) => row(lastPositions.map((last) => last + t));
  const longest = Math.max(...lastPositions) + 1;
  const room = longest + maxNewTokens - 1; // the last new token is not read again
  const params = engine.put(options.params);

  const answers: number[][] = prompts.map(() => []);
  const isOpen = prompts.map(() => true);
  let previous = row(prompts.map((prompt) => prompt.at(-1) as number));
  let step: Step | undefined;
  try {
    const batch = padded(prompts, longest);
    step = await start(params, batch, positionsAt(0), full([room], 0), choose.samplingAt(0));
    for (let t = 0; ; ) {
      const column = choose.tokens(await engine.read(step.seen), t, answers, isOpen);
      for (const [b, answer] of answers.entries()) {
        if (!isOpen[b]) continue;
        const token = at(column, b);
        answer.push(token);
        isOpen[b] = !stops.has(token);
        await onToken?.(token, b, t);
      }
      if (++t === maxNewTokens || !isOpen.includes(true)) return answers;
      const tokens: Tensor = step.tokens[0] ?? row(Array.from(column));
      const inputs = { tokens, previous, positions: positionsAt(t) };
      const following: Step = await next(step.cache, params, inputs, choose.samplingAt(t));
      engine.release([step.seen, previous]);
      [step, previous] = [following, tokens];
    }
  } finally {
    engine.release([step ?? [], previous]);
    for (const [name, given] of Object.entries(options.params))
      if (isConstant(given)) engine.release(params[name]);
  }
}

const stopTokenOf = ({ stopToken }: GenerateOptions): readonly number[] =>
  stopToken === undefined ? [] : [stopToken];

const row = (ids: readonly number[]): Tensor => constant(Int32Array.from(ids), [ids.length]);

/** Prompts side by side, filled up on the right: int [B, P]. */
function padded(prompts: readonly (readonly number[])[], P: number): Tensor {
  const filled = new Int32Array(prompts.length * P);
  prompts.forEach((prompt, b) => {
    filled.set(prompt, b * P);
  });
  return constant(filled, [prompts.length, P]);
}
