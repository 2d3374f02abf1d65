import { roundedLength } from "../nn/lengths.ts";
import { constant } from "../tensor/apply.ts";
import { DataError } from "../tensor/errors.ts";
import { expectKnown } from "../tensor/options.ts";
import { type Key, permutation } from "../tensor/random.ts";
import { at, isCount } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkExamples, type Example, isId, lengthOf, sequenceOf, spansOf } from "./examples.ts";

/** Which documents the tokens of a batch belong to. */
export interface Layout {
  /** int [B, T]: documents from 1; 0 is padding. A token sees those of its own document alone. */
  readonly segments: Tensor;
  /** int [B, T], from 0 in each document. */
  readonly positions: Tensor;
}

/** Examples side by side: at each position the model predicts `labels` from `tokens` so far. */
export interface Batch {
  /** int [B, T], padded on the right. */
  readonly tokens: Tensor<"constant">;
  /** int [B, T], the next tokens; 0 where the mask is 0 and nothing follows. */
  readonly labels: Tensor<"constant">;
  /** float [B, T], 1 where the label is a target. */
  readonly mask: Tensor<"constant">;
  /** float [B, T], how much each target counts; only where an example has weights. */
  readonly weights?: Tensor<"constant">;
  /** As in `Layout`; only where an example has segments. */
  readonly segments?: Tensor<"constant">;
  readonly positions?: Tensor<"constant">;
}

/** The layout of a batch; undefined where every row is one document. */
export const layoutOf = ({
  segments,
  positions,
}: {
  readonly segments?: Tensor;
  readonly positions?: Tensor;
}): Layout | undefined => (segments && positions ? { segments, positions } : undefined);

/** How examples become rows of one length. */
export interface CollateOptions {
  /** T; by default the longest example, rounded up so that few programs are traced. */
  readonly length?: number;
  /** The token that fills the rest of a row; 0 by default. Nothing that counts attends to it. */
  readonly padding?: number;
  /** What the longest example is not rounded beyond: the model's context. No bound by default. */
  readonly contextLength?: number;
}

/** Lengths are rounded up to a multiple of this at least. */
const LENGTH_STEP = 4;

/** How far rows are padded whose longest has so many positions, in a context of so many. */
export const paddedLength = (positions: number, contextLength?: number): number =>
  roundedLength(positions, LENGTH_STEP, contextLength);

/**
 * Lays examples side by side.
 * @returns tokens, labels and mask, [B, T] each; weights, segments and positions where an example
 *   has them
 * @throws DataError for no examples, one without targets, or one that is longer than `length`,
 *   naming its index
 */
export function collate(examples: readonly Example[], options: CollateOptions = {}): Batch {
  expectKnown("collate", options, ["length", "padding", "contextLength"]);
  checkExamples("collate", examples);
  const longest = Math.max(...examples.map(lengthOf));
  const { length: T = paddedLength(longest, options.contextLength), padding = 0 } = options;
  if (!isCount(T)) throw new RangeError(`collate: expected length to be a whole number, got ${T}`);
  if (!isId(padding))
    throw new RangeError(`collate: expected a token id as padding, got ${padding}`);
  const shape = [examples.length, T];
  const size = examples.length * T;
  const tokens = new Int32Array(size).fill(padding);
  const labels = new Int32Array(size);
  const mask = new Float32Array(size);
  examples.forEach((example, row) => {
    const n = lengthOf(example);
    if (n > T)
      throw new DataError(`collate: expected at most ${T} positions, got ${n} in example ${row}`);
    const sequence = sequenceOf(example).tokens;
    tokens.set(sequence.slice(0, -1), row * T);
    labels.set(sequence.slice(1), row * T);
    for (const [from, to] of spansOf(example)) mask.fill(1, row * T + from, row * T + to);
  });
  return {
    tokens: constant(tokens, shape),
    labels: constant(labels, shape),
    mask: constant(mask, shape),
    ...(examples.some(({ weights }) => weights) && weightsOf(examples, T)),
    ...(examples.some((example) => "segments" in example) && segmentsOf(examples, T)),
  };
}

function weightsOf(examples: readonly Example[], T: number): Pick<Batch, "weights"> {
  const weights = new Float32Array(examples.length * T).fill(1);
  examples.forEach((example, row) => {
    weights.set((sequenceOf(example).weights ?? []).slice(1), row * T);
  });
  return { weights: constant(weights, [examples.length, T]) };
}

function segmentsOf(
  examples: readonly Example[],
  T: number,
): Pick<Batch, "segments" | "positions"> {
  const shape = [examples.length, T];
  const segments = new Int32Array(examples.length * T);
  const positions = new Int32Array(examples.length * T);
  examples.forEach((example, row) => {
    const sequence = sequenceOf(example);
    const own = sequence.segments ?? sequence.tokens.map(() => 1);
    let start = 0;
    for (let t = 0; t < sequence.tokens.length - 1; t++) {
      if (own[t] !== own[t - 1]) start = t;
      segments[row * T + t] = at(own, t);
      positions[row * T + t] = own[t] === 0 ? 0 : t - start;
    }
  });
  return { segments: constant(segments, shape), positions: constant(positions, shape) };
}

/**
 * One epoch: indices of a data set in random order, cut into batches. As in most training loops the
 * rest that fills no batch is left out; another epoch's order leaves out others.
 * @param dropLast false keeps the rest as a smaller batch
 * @throws DataError for an empty data set or a batch larger than it
 */
export function shuffledBatches(
  key: Key,
  count: number,
  batchSize: number,
  dropLast = true,
): number[][] {
  checkBatchSize("shuffledBatches", count, batchSize);
  const order = permutation(key, count);
  return Array.from({ length: (dropLast ? Math.floor : Math.ceil)(count / batchSize) }, (_, i) =>
    order.slice(i * batchSize, (i + 1) * batchSize),
  );
}

/** @throws DataError, RangeError */
export function checkBatchSize(op: string, count: number, batchSize: number): void {
  if (!isCount(count))
    throw new RangeError(`${op}: expected a whole number of examples, got ${count}`);
  if (!(Number.isInteger(batchSize) && batchSize > 0))
    throw new RangeError(`${op}: expected a positive integer batchSize, got ${batchSize}`);
  if (count < batchSize)
    throw new DataError(
      `${op}: expected at least one batch of ${batchSize}, got ${count} examples`,
    );
}
