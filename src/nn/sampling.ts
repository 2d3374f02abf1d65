import { constant } from "../tensor/apply.ts";
import { fold, type Key, stream } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * A key for each prompt, made from its tokens and the number of equal prompts before it, so that a
 * prompt's samples stay the same whatever else is in the batch.
 */
export function sequenceKeys(key: Key, prompts: readonly (readonly number[])[]): Key[] {
  const seen = new Map<string, number>();
  return prompts.map((prompt) => {
    const name = prompt.join();
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    // The length comes first: no prompt's chain of keys continues another's.
    return [prompt.length, ...prompt, before].reduce(fold, key);
  });
}

/**
 * Standard Gumbel noise: the argmax of logits plus noise is a sample of softmax(logits).
 * @param keys one for each row
 * @returns [rows, V]
 * @see https://arxiv.org/abs/1611.01144 (Jang, Gu and Poole, 2017), equation 1
 */
export function gumbel(keys: readonly Key[], V: number): Tensor<"constant"> {
  const noise = keys.flatMap((key) => {
    const next = stream(key);
    // A draw of exactly 0, which has no logarithm, counts as the smallest possible other one.
    return Array.from({ length: V }, () => -Math.log(-Math.log(Math.max(next(), 2 ** -53))));
  });
  return constant(Float64Array.from(noise), [keys.length, V]);
}
