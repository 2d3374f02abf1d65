/**
 * What the theory is tried on. fast-check chooses a vocabulary, a seed and weights, which it can
 * shrink and print; the logits follow from the seed. Every case holds one pair of distributions of
 * each family of `anchorgrad/arbitraries`, as the rows of two tensors.
 */
import fc from "fast-check";
import { logSoftmaxOf } from "../../../src/arbitraries/distributions.ts";
import {
  below,
  families,
  fill,
  gaussian,
  type Logits,
  uniform,
} from "../../../src/arbitraries/families.ts";
import { vocabularies, weights } from "../../../src/arbitraries/index.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { key, stream } from "../../../src/tensor/random.ts";
import { at } from "../../../src/tensor/shapes.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

/** What fast-check chooses; everything else follows. */
export interface Choice {
  readonly vocabulary: number;
  readonly seed: number;
  readonly alpha: number;
  readonly beta: number;
  /** Number of outer steps. */
  readonly steps: number;
  /** Scenes that share the weights, below one another, of seeds that follow each other; one by default. */
  readonly scenes?: number;
}

export const choices: fc.Arbitrary<Choice> = fc.record({
  vocabulary: vocabularies,
  seed: fc.nat(2 ** 31 - 1),
  alpha: weights,
  beta: weights,
  steps: fc.integer({ min: 1, max: 5 }),
});

/** Tries a law of distributions on a thousand choices. */
export const always = (law: (choice: Choice) => Promise<void>): Promise<void> =>
  fc.assert(fc.asyncProperty(choices, law), { numRuns: 1000 });

/** Tests of one file draw the same cases: what a case holds is drawn once for all of them. */
const drawn = new Map<string, Tensor>();

/** The rows of all scenes of a case, [scenes · families, V]. */
function stacked(
  { vocabulary, seed, scenes = 1 }: Choice,
  what: string,
  rowsOf: (vocabulary: number, seed: number) => readonly Logits[],
): Tensor {
  const name = [what, vocabulary, seed, scenes].join();
  const known = drawn.get(name);
  if (known) return known;
  const rows = Array.from({ length: scenes }, (_, scene) =>
    rowsOf(vocabulary, seed + scene),
  ).flat();
  const made = constant(Float64Array.from(rows.flat()), [rows.length, vocabulary]);
  if (vocabulary <= 64) drawn.set(name, made);
  return made;
}

/** Logits of one pair of each family in every scene, [scenes · families, V] each. */
export function pairs(choice: Choice): { snapshot: Tensor; reference: Tensor } {
  const column = (side: 0 | 1) => (vocabulary: number, seed: number) => {
    const draw = stream(key(seed));
    return Object.values(families).map((family) => family(draw, vocabulary)[side]);
  };
  return {
    snapshot: stacked(choice, "snapshot", column(0)),
    reference: stacked(choice, "reference", column(1)),
  };
}

/**
 * Log-probabilities of judges, [scenes · families, V]: a label in every third row, elsewhere a
 * snapshot or a reference of another family.
 */
export const judges = (choice: Choice): Tensor => stacked(choice, "judge", judgesOf);

function judgesOf(vocabulary: number, seed: number): Logits[] {
  const draw = stream(key(seed + 2 ** 31));
  const all = Object.values(families);
  return all.map((_, row) => {
    if ((row + seed) % 3 === 0) {
      const label = below(draw, vocabulary);
      return fill(vocabulary, (i) => (i === label ? 0 : -Infinity));
    }
    const family = at(all, (row + 1 + below(draw, all.length - 1)) % all.length);
    return logSoftmaxOf(at(family(draw, vocabulary), below(draw, 2)));
  });
}

/**
 * How far optimisers miss an anchor, as additions to its logits: not at all, a little, much, and
 * one token that they all but lose. [scenes · families, V], another for each `step`.
 */
export const errors = (choice: Choice, step: number): Tensor =>
  stacked(choice, `error ${step}`, (vocabulary, seed) => {
    const draw = stream(key(seed + (step + 1) * 2 ** 32));
    return Object.keys(families).map(() => {
      const kind = below(draw, 5);
      if (kind === 4) {
        const lost = below(draw, vocabulary);
        return fill(vocabulary, (i) => (i === lost ? -uniform(draw, 20, 200) : 0));
      }
      return gaussian(draw, vocabulary, at([0, 1e-3, 0.3, 5], kind));
    });
  });
