/**
 * What the theory is tried on. fast-check chooses a vocabulary, a seed and weights, which it can
 * shrink and print; the logits follow from the seed. Every case holds one pair of distributions of
 * each family of `anchorgrad/arbitraries`, as the rows of two tensors.
 */
import fc from "fast-check";
import { logSoftmaxOf } from "../../../src/arbitraries/distributions.ts";
import { below, families, fill, gaussian, uniform } from "../../../src/arbitraries/families.ts";
import { vocabularies, weights } from "../../../src/arbitraries/index.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { key, stream } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

/** What fast-check chooses; everything else follows. */
export interface Choice {
  readonly vocabulary: number;
  readonly seed: number;
  readonly alpha: number;
  readonly beta: number;
  /** Number of outer steps. */
  readonly steps: number;
}

export const choices: fc.Arbitrary<Choice> = fc.record({
  vocabulary: vocabularies,
  seed: fc.nat(2 ** 31 - 1),
  alpha: weights,
  beta: weights,
  steps: fc.integer({ min: 1, max: 5 }),
});

/** Logits of one pair of each family, [families, V] each. */
export function pairs({ vocabulary, seed }: Choice): { snapshot: Tensor; reference: Tensor } {
  const draw = stream(key(seed));
  const rows = Object.values(families).map((family) => family(draw, vocabulary));
  const column = (side: 0 | 1): Tensor =>
    constant(Float64Array.from(rows.flatMap((pair) => pair[side])), [rows.length, vocabulary]);
  return { snapshot: column(0), reference: column(1) };
}

/**
 * Log-probabilities of judges, [families, V]: a label in every third row, elsewhere a snapshot or a
 * reference of another family.
 */
export function judges({ vocabulary, seed }: Choice): Tensor {
  const draw = stream(key(seed + 2 ** 31));
  const all = Object.values(families);
  const rows = all.map((_, row) => {
    if ((row + seed) % 3 === 0) {
      const label = below(draw, vocabulary);
      return fill(vocabulary, (i) => (i === label ? 0 : -Infinity));
    }
    const family = all[(row + 1 + below(draw, all.length - 1)) % all.length] as (typeof all)[0];
    const logits = family(draw, vocabulary)[below(draw, 2)] as number[];
    return logSoftmaxOf(logits);
  });
  return constant(Float64Array.from(rows.flat()), [rows.length, vocabulary]);
}

/**
 * How far optimisers miss an anchor, as additions to its logits: not at all, a little, much, and
 * one token that they all but lose. [families, V], another for each `step`.
 */
export function errors({ vocabulary, seed }: Choice, step: number): Tensor {
  const draw = stream(key(seed + (step + 1) * 2 ** 32));
  const rows = Object.keys(families).map(() => {
    const kind = below(draw, 5);
    if (kind === 4) {
      const lost = below(draw, vocabulary);
      return fill(vocabulary, (i) => (i === lost ? -uniform(draw, 20, 200) : 0));
    }
    return gaussian(draw, vocabulary, [0, 1e-3, 0.3, 5][kind] as number);
  });
  return constant(Float64Array.from(rows.flat()), [rows.length, vocabulary]);
}
