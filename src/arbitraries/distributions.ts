import fc from "fast-check";
import { constant } from "../tensor/apply.ts";
import { expectKnown } from "../tensor/options.ts";
import { key, stream } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { below, type Draw, families, fill, gaussian, type Logits, uniform } from "./families.ts";
import { printed, seeds } from "./seeded.ts";

/** The family of each row of what `pairs` and `triples` make. */
export const familyNames: readonly string[] = Object.keys(families);

/** Sizes of vocabularies: 2, 3, 16 and 64. */
export const vocabularies: fc.Arbitrary<number> = fc.constantFrom(2, 3, 16, 64);

/** The weight of the reference in an anchor: [0, 1], its ends and numbers near them included. */
export const weights: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999, 1),
  fc.double({ min: 0, max: 1, noNaN: true }),
);

/** What the logits that are drawn have in common. */
export interface LogitsOptions {
  /** V; any of `vocabularies` by default. */
  readonly vocabSize?: number;
}

/** Logits of a snapshot p_t and a reference p_sft: one pair of each family, [families, V]. */
export interface Pair {
  readonly snapshotLogits: Tensor<"constant">;
  readonly referenceLogits: Tensor<"constant">;
}

/** A pair, a student after an outer step, and the step's weight: what `certificate` takes. */
export interface Triple extends Pair {
  /** [families, V]: at the anchor in logit space, near it, far from it, without one of its tokens,
   * or anywhere. */
  readonly nextLogits: Tensor<"constant">;
  readonly alpha: number;
}

function sizes(options: LogitsOptions): fc.Arbitrary<number> {
  expectKnown("arbitraries", options, ["vocabSize"]);
  const { vocabSize } = options;
  return vocabSize === undefined ? vocabularies : fc.constant(checked(vocabSize));
}

function checked(vocabSize: number): number {
  if (!(Number.isInteger(vocabSize) && vocabSize >= 2))
    throw new RangeError(`arbitraries: expected an integer vocabSize ≥ 2, got ${vocabSize}`);
  return vocabSize;
}

/** Rows of numbers → [rows, V]. */
const matrix = (rows: readonly Logits[]): Tensor<"constant"> =>
  constant(Float64Array.from(rows.flat()), [rows.length, rows[0]?.length ?? 0]);

/**
 * Logits of one model, one row of each family.
 * @returns [families, V]
 * @throws RangeError for a vocabulary of fewer than two tokens
 */
export const logits = (options: LogitsOptions = {}): fc.Arbitrary<Tensor<"constant">> =>
  fc.tuple(pairs(options), fc.boolean()).map(([pair, first]) => {
    return first ? pair.snapshotLogits : pair.referenceLogits;
  });

/**
 * Log-probabilities of one model, one row of each family, normalised in float64.
 * @returns [families, V]
 * @throws RangeError for a vocabulary of fewer than two tokens
 */
export const distributions = (options: LogitsOptions = {}): fc.Arbitrary<Tensor<"constant">> =>
  logits(options).map(({ data, shape }) => {
    const V = shape[1] as number;
    const rows = familyNames.map((_, row) =>
      logSoftmaxOf(Array.from(data).slice(row * V, (row + 1) * V)),
    );
    return matrix(rows);
  });

/** Log-probabilities of one row of logits, in float64. */
export function logSoftmaxOf(row: Logits): Logits {
  const top = Math.max(...row);
  const logTotal = top + Math.log(row.reduce((sum, z) => sum + Math.exp(z - top), 0));
  return row.map((z) => z - logTotal);
}

const drawPairs = (draw: Draw, V: number): (readonly [p: Logits, s: Logits])[] =>
  Object.values(families).map((family) => family(draw, V));

/**
 * Snapshots and references, one pair of each family.
 * @throws RangeError for a vocabulary of fewer than two tokens
 */
export const pairs = (options: LogitsOptions = {}): fc.Arbitrary<Pair> =>
  fc.record({ vocabSize: sizes(options), seed: seeds }).map(({ vocabSize, seed }) => {
    const rows = drawPairs(stream(key(seed)), vocabSize);
    const pair = {
      snapshotLogits: matrix(rows.map(([p]) => p)),
      referenceLogits: matrix(rows.map(([, s]) => s)),
    };
    return printed(pair, `pairs({ vocabSize: ${vocabSize} }) of seed ${seed}`);
  });

/**
 * Outer steps: snapshots, references, where the optimiser ended, and a weight.
 * @throws RangeError for a vocabulary of fewer than two tokens
 */
export const triples = (options: LogitsOptions = {}): fc.Arbitrary<Triple> =>
  fc
    .record({ vocabSize: sizes(options), seed: seeds, alpha: weights })
    .map(({ vocabSize, seed, alpha }) => {
      const draw = stream(key(seed));
      const rows = drawPairs(draw, vocabSize);
      const triple = {
        snapshotLogits: matrix(rows.map(([p]) => p)),
        referenceLogits: matrix(rows.map(([, s]) => s)),
        nextLogits: matrix(rows.map(([p, s]) => missed(draw, p, s, alpha))),
        alpha,
      };
      const text = `triples({ vocabSize: ${vocabSize} }) of seed ${seed} with alpha ${alpha}`;
      return printed(triple, text);
    });

/** Where an optimiser may end that was to reach the anchor. */
function missed(draw: Draw, p: Logits, s: Logits, alpha: number): Logits {
  const V = p.length;
  const kind = below(draw, 6);
  if (kind === 5) return gaussian(draw, V, 5);
  const lost = kind === 4 ? below(draw, V) : -1;
  const error =
    kind === 4
      ? fill(V, (i) => (i === lost ? -uniform(draw, 20, 200) : 0))
      : gaussian(draw, V, [0, 1e-3, 0.3, 5][kind] as number);
  return error.map((e, i) => (1 - alpha) * (p[i] as number) + alpha * (s[i] as number) + e);
}
