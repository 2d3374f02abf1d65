import { roundedLength } from "../nn/lengths.ts";
import { constant } from "../tensor/apply.ts";
import { DataError } from "../tensor/errors.ts";
import { expectKnown } from "../tensor/options.ts";
import { type Key, permutation } from "../tensor/random.ts";
import { at, isCount } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Tokens to learn from: a prompt and its response, or one sequence and which of it are targets. */
export type Example = PromptResponse | MarkedTokens;

/** A prompt and the response to learn, as token ids: the prompt starts with the begin-of-sequence
 * token where the model has one, the response ends with the stop token. */
export interface PromptResponse {
  readonly prompt: readonly number[];
  readonly response: readonly number[];
  /** How much each token of the response counts, at least 0; 1 by default. */
  readonly weights?: readonly number[];
}

/**
 * Conversations of several turns, and documents packed into one row.
 * @example { tokens: [0, 5, 6, 2, 7, 8, 2], mask: [0, 0, 1, 1, 0, 1, 1] } // two answers
 */
export interface MarkedTokens {
  readonly tokens: readonly number[];
  /** 1 where the token is a target: never the first one, of the row or of a segment. */
  readonly mask: readonly (0 | 1)[];
  /** Packed documents, numbered from 1 in order; 0 for padding at the end. Positions start anew in
   * each, and none sees another. */
  readonly segments?: readonly number[];
  /** How much each token counts as a target, at least 0; 1 by default. */
  readonly weights?: readonly number[];
}

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

/** Whether a number can be a token id: an int32 from 0 on. */
const isId = (id: number): boolean => (id | 0) === id && id >= 0;

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

/** An example as one sequence. */
export function sequenceOf(example: Example): MarkedTokens {
  if ("tokens" in example) return example;
  const { prompt, response, weights } = example;
  return {
    tokens: [...prompt, ...response],
    mask: [...prompt.map(() => 0 as const), ...response.map(() => 1 as const)],
    ...(weights && { weights: [...prompt.map(() => 1), ...weights] }),
  };
}

/** What comes before an example's first target. @throws DataError for packed documents */
export function promptOf(example: Example): readonly number[] {
  if (!("tokens" in example)) return example.prompt;
  if (example.segments)
    throw new DataError("promptOf: expected one document, got several packed into a row");
  return example.tokens.slice(0, example.mask.indexOf(1));
}

/** The targets of an example, in order. */
export function labelsOf(example: Example): readonly number[] {
  if (!("tokens" in example)) return example.response;
  return example.tokens.filter((_, i) => example.mask[i] === 1);
}

/** Positions that predict something: the last token of a sequence predicts nothing. */
export const lengthOf = (example: Example): number =>
  ("tokens" in example ? example.tokens.length : example.prompt.length + example.response.length) -
  1;

/** Positions from and to which (exclusive) an example predicts targets, in order. */
export function spansOf(example: Example): readonly (readonly [from: number, to: number])[] {
  if (!("tokens" in example)) return [[example.prompt.length - 1, lengthOf(example)]];
  const { mask } = example;
  const spans: [from: number, to: number][] = [];
  for (let token = 1; token < mask.length; token++) {
    const last = spans.at(-1);
    if (mask[token] !== 1) continue;
    if (last?.[1] === token - 1) last[1] = token;
    else spans.push([token - 1, token]);
  }
  return spans;
}

/** Targets of an example. */
export const targetsOf = (example: Example): number =>
  spansOf(example).reduce((count, [from, to]) => count + to - from, 0);

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

/** What examples have to fit: a model's config has both. */
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
    const fail = (expected: string, got: string | number): never => {
      throw new DataError(`${op}: expected ${expected}, got ${got} in example ${i}`);
    };
    if ("tokens" in example) checkMarks(example, fail);
    else
      for (const part of ["prompt", "response"] as const)
        if (example[part].length === 0) fail(`a ${part}`, "an empty one");
    checkWeights(example, fail);
    const stranger = sequenceOf(example).tokens.find((id) => !(isId(id) && id < vocabSize));
    if (stranger !== undefined) fail(`ids in [0, ${vocabSize})`, stranger);
    if (lengthOf(example) > contextLength)
      fail(`at most ${contextLength} positions`, lengthOf(example));
  });
}

type Fail = (expected: string, got: string | number) => never;

/** What no prompt and response can get wrong. */
function checkMarks({ tokens, mask, segments }: MarkedTokens, fail: Fail): void {
  if (mask.length !== tokens.length) fail(`a mask of ${tokens.length} numbers`, mask.length);
  const odd = mask.find((x) => x !== 0 && x !== 1);
  if (odd !== undefined) fail("a mask of zeros and ones", odd);
  if (mask[0] === 1) fail("no target before the second token", "a mask that begins with 1");
  if (!mask.includes(1)) fail("a mask with a target", "none");
  if (!segments) return;
  if (segments.length !== tokens.length)
    fail(`${tokens.length} numbers of segments`, segments.length);
  segments.forEach((segment, t) => {
    const before = t === 0 ? 0 : at(segments, t - 1);
    const begins = segment !== before;
    if (begins && segment !== 0 && segment !== before + 1)
      fail("segments 1, 2, … in order, and zeros at the end", `${segment} after ${before}`);
    if (t > 0 && before === 0 && segment !== 0) fail("zeros of segments at the end", segment);
    if (mask[t] === 1 && (begins || segment === 0))
      fail("no target at the start of a segment or in padding", `one at token ${t}`);
  });
  if (segments[0] !== 1) fail("segments from 1", at(segments, 0));
}

function checkWeights(example: Example, fail: Fail): void {
  const { weights } = example;
  if (!weights) return;
  const count = "tokens" in example ? example.tokens.length : example.response.length;
  if (weights.length !== count) fail(`${count} weights`, weights.length);
  const odd = weights.find((x) => !(x >= 0 && Number.isFinite(x)));
  if (odd !== undefined) fail("finite weights ≥ 0", odd);
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
