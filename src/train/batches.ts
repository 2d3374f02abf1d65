import { constant } from "../tensor/apply.ts";
import { DataError } from "../tensor/errors.ts";
import { type Key, permutation } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A prompt and the response to learn, as token ids: the prompt starts with the begin-of-sequence
 * token where the model has one, the response ends with the stop token. */
export interface Example {
  readonly prompt: readonly number[];
  readonly response: readonly number[];
}

/** Examples side by side: at each position the model predicts `labels` from `tokens` so far. */
export interface Batch {
  /** int [B, T], padded on the right. */
  readonly tokens: Tensor<"constant">;
  /** int [B, T], the next tokens; 0 where the mask is 0 and nothing follows. */
  readonly labels: Tensor<"constant">;
  /** float [B, T], 1 where the label is a response token. */
  readonly mask: Tensor<"constant">;
}

export interface CollateOptions {
  /** T; by default the longest example, rounded up so that few programs are traced. */
  readonly length?: number;
  /** The token that fills the rest of a row; 0 by default. Nothing that counts attends to it. */
  readonly padding?: number;
}

/** Lengths are rounded up to a multiple of this. */
const LENGTH_STEP = 4;

/** How far rows are padded whose longest has so many positions. */
export const paddedLength = (positions: number): number =>
  Math.ceil(positions / LENGTH_STEP) * LENGTH_STEP;

/** Positions that predict something: the last token of a sequence predicts nothing. */
export const lengthOf = ({ prompt, response }: Example): number =>
  prompt.length + response.length - 1;

/**
 * Lays examples side by side.
 * @returns tokens, labels and mask, [B, T] each
 * @throws DataError for no examples, an empty prompt or response, or an example that is longer than
 *   `length`, naming its index
 */
export function collate(examples: readonly Example[], options: CollateOptions = {}): Batch {
  checkExamples("collate", examples);
  const longest = Math.max(...examples.map(lengthOf));
  const T = options.length ?? paddedLength(longest);
  const shape = [examples.length, T];
  const tokens = new Int32Array(examples.length * T).fill(options.padding ?? 0);
  const labels = new Int32Array(tokens.length);
  const mask = new Float32Array(tokens.length);
  examples.forEach((example, row) => {
    const n = lengthOf(example);
    if (n > T)
      throw new DataError(`collate: expected at most ${T} positions, got ${n} in example ${row}`);
    const sequence = [...example.prompt, ...example.response];
    tokens.set(sequence.slice(0, -1), row * T);
    labels.set(sequence.slice(1), row * T);
    mask.fill(1, row * T + example.prompt.length - 1, row * T + n);
  });
  return {
    tokens: constant(tokens, shape),
    labels: constant(labels, shape),
    mask: constant(mask, shape),
  };
}

export interface ExampleLimits {
  readonly vocabSize?: number;
  /** The model's context: most positions a sequence may have. */
  readonly contextLength?: number;
}

/**
 * Checks that examples can be trained on.
 * @throws DataError naming the index of the first that cannot
 */
export function checkExamples(
  op: string,
  examples: readonly Example[],
  { vocabSize = Infinity, contextLength = Infinity }: ExampleLimits = {},
): void {
  if (examples.length === 0) throw new DataError(`${op}: expected examples, got none`);
  examples.forEach((example, i) => {
    for (const part of ["prompt", "response"] as const)
      if (example[part].length === 0)
        throw new DataError(`${op}: expected a ${part}, got an empty one in example ${i}`);
    const isToken = (id: number) => Number.isInteger(id) && id >= 0 && id < vocabSize;
    const stranger = [...example.prompt, ...example.response].find((id) => !isToken(id));
    if (stranger !== undefined)
      throw new DataError(
        `${op}: expected ids in [0, ${vocabSize}), got ${stranger} in example ${i}`,
      );
    if (lengthOf(example) > contextLength)
      throw new DataError(
        `${op}: expected at most ${contextLength} positions, got ${lengthOf(example)} in example ${i}`,
      );
  });
}

/**
 * One epoch: indices of a data set in random order, cut into batches. As in most training loops the
 * rest that fills no batch is left out; another epoch's order leaves out others.
 * @throws DataError for an empty data set or a batch larger than it
 */
export function shuffledBatches(key: Key, count: number, batchSize: number): number[][] {
  checkBatchSize("shuffledBatches", count, batchSize);
  const order = permutation(key, count);
  return Array.from({ length: Math.floor(count / batchSize) }, (_, i) =>
    order.slice(i * batchSize, (i + 1) * batchSize),
  );
}

/** @throws DataError, RangeError */
export function checkBatchSize(op: string, count: number, batchSize: number): void {
  if (!(Number.isInteger(batchSize) && batchSize > 0))
    throw new RangeError(`${op}: expected a positive integer batchSize, got ${batchSize}`);
  if (count < batchSize)
    throw new DataError(
      `${op}: expected at least one batch of ${batchSize}, got ${count} examples`,
    );
}
