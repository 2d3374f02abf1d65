import { constant } from "../../tensor/apply.ts";
import { fold, type Key, stream } from "../../tensor/random.ts";
import { at } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { SamplingOptions } from "./options.ts";

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

/** What a token is chosen with. */
export interface Choice extends Omit<SamplingOptions, "temperature"> {
  /** 0 takes the likeliest token. */
  readonly temperature: number;
  /** The tokens that the penalty is for. */
  readonly seen: Iterable<number>;
  /** Whether a token may be taken. */
  readonly isAllowed: (token: number) => boolean;
  /** Standard Gumbel noise [V]; for samples. */
  readonly noise?: ArrayLike<number>;
}

/**
 * Chooses a token in float64, by the rules and in the order of transformers: repetition penalty,
 * temperature, top-k, top-p, min-p. Of equal scores the first wins, and top-p drops the first.
 * @param logits [V]
 */
export function chooseToken(logits: ArrayLike<number>, choice: Choice): number {
  const { repetitionPenalty = 1, temperature, topK, topP, minP, noise, isAllowed } = choice;
  const scores = Float64Array.from(logits);
  if (repetitionPenalty !== 1)
    for (const token of new Set(choice.seen)) {
      const score = at(scores, token);
      scores[token] = score < 0 ? score * repetitionPenalty : score / repetitionPenalty;
    }
  scores.forEach((_, token) => {
    if (!isAllowed(token)) scores[token] = Number.NEGATIVE_INFINITY;
  });
  if (temperature === 0 || !noise) return likeliest(scores);
  for (let token = 0; token < scores.length; token++)
    scores[token] = at(scores, token) / temperature;
  if (topK !== undefined && topK < scores.length) keepTopK(scores, topK);
  if (topP !== undefined && topP < 1) keepTopP(scores, topP);
  if (minP !== undefined && minP > 0) keepMinP(scores, minP);
  return likeliest(scores.map((score, token) => score + at(noise, token)));
}

function likeliest(scores: Float64Array): number {
  let best = 0;
  for (let token = 1; token < scores.length; token++)
    if ((scores[token] as number) > (scores[best] as number)) best = token;
  return best;
}

function keepTopK(scores: Float64Array, topK: number): void {
  const least = at(scores.toSorted(), scores.length - topK);
  drop(scores, (score) => score < least);
}

function keepTopP(scores: Float64Array, topP: number): void {
  const left = [...scores.keys()].filter((token) => at(scores, token) > Number.NEGATIVE_INFINITY);
  left.sort((a, b) => at(scores, a) - at(scores, b));
  const top = at(scores, at(left, left.length - 1));
  const weights = left.map((token) => Math.exp(at(scores, token) - top));
  const total = weights.reduce((a, b) => a + b, 0);
  let below = 0;
  // The likeliest always stays.
  for (let i = 0; i < left.length - 1; i++) {
    below += at(weights, i) / total;
    if (below > 1 - topP) return;
    scores[at(left, i)] = Number.NEGATIVE_INFINITY;
  }
}

function keepMinP(scores: Float64Array, minP: number): void {
  const top = scores.reduce((a, b) => Math.max(a, b));
  drop(scores, (score) => Math.exp(score - top) < minP);
}

function drop(scores: Float64Array, isOut: (score: number) => boolean): void {
  for (let token = 0; token < scores.length; token++)
    if (isOut(at(scores, token))) scores[token] = Number.NEGATIVE_INFINITY;
}
