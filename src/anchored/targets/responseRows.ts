import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import { constant } from "../../tensor/apply.ts";
import type { Tensor, TypedArray } from "../../tensor/tensor.ts";
import { collate, type Example, lengthOf } from "../../train/batches.ts";
import type { Interpolation } from "../objectives/interpolations.ts";
import { interpolateRow, logSoftmaxRow } from "./hostRows.ts";

/** What a model says at every response token of a data set: one row [V] a token, on the host. */
export interface ResponseRows {
  readonly vocabSize: number;
  /** Example i's rows are starts[i] … starts[i + 1] − 1. */
  readonly starts: readonly number[];
  /** [tokens, V]. */
  readonly data: TypedArray;
}

/** Where an anchor lies. */
export interface AnchorSetting {
  readonly alpha: number;
  readonly interpolation: Interpolation;
  readonly temperature: number;
}

/** A causal language model: whatever `transformer` makes, or something like it. */
export interface LanguageModel {
  readonly config: { readonly vocabSize: number; readonly contextLength: number };
  /** int [B, T] → logits [B, T, V]. */
  apply(params: Params, tokens: Tensor): Tensor;
}

/**
 * Forward passes of one model over data sets, compiled once for all parameters and each length.
 * @param length positions to which rows are padded; by default as far as each batch needs
 */
export type ReadRows = (
  params: Params,
  data: readonly Example[],
  length?: number,
) => Promise<ResponseRows>;

/** @param batchSize examples in a forward pass */
export function responseReader(engine: Engine, model: LanguageModel, batchSize: number): ReadRows {
  const forward = engine.compile(function forward(params: Params, tokens: Tensor) {
    return model.apply(params, tokens);
  });
  const { vocabSize } = model.config;
  return async (params, data, length) => {
    const starts = startsOf(data);
    let rows: TypedArray | undefined;
    for (let from = 0; from < data.length; from += batchSize) {
      const examples = data.slice(from, from + batchSize);
      const { tokens } = collate(examples, length === undefined ? {} : { length });
      const logits = await forward(params, tokens);
      const read = await engine.read(logits);
      engine.release(logits);
      rows ??= likeArray(read, (starts.at(-1) as number) * vocabSize);
      const [, T] = tokens.shape as [number, number];
      for (const [i, example] of examples.entries()) {
        const [first, last] = [example.prompt.length - 1, lengthOf(example)];
        const span = read.subarray((i * T + first) * vocabSize, (i * T + last) * vocabSize);
        rows.set(span, (starts[from + i] as number) * vocabSize);
      }
    }
    return { vocabSize, starts, data: rows as TypedArray };
  };
}

/** The rows of some examples laid out as a batch of T positions, zeros elsewhere: [B, T, V]. */
export function batchTarget(
  { vocabSize, starts, data }: ResponseRows,
  examples: readonly Example[],
  indices: readonly number[],
  T: number,
): Tensor<"constant"> {
  const target = likeArray(data, indices.length * T * vocabSize);
  indices.forEach((index, row) => {
    const { prompt } = examples[index] as Example;
    const [from, to] = [starts[index] as number, starts[index + 1] as number];
    const span = data.subarray(from * vocabSize, to * vocabSize);
    target.set(span, (row * T + prompt.length - 1) * vocabSize);
  });
  return constant(target, [indices.length, T, vocabSize]);
}

/**
 * Log-probabilities between two models' logits, row by row: the anchor at every token.
 * @see interpolate, whose values these are
 */
export function anchorRows(
  snapshot: ResponseRows,
  reference: ResponseRows,
  { alpha, interpolation, temperature }: AnchorSetting,
): ResponseRows {
  const mix = interpolateRow(interpolation, alpha);
  const s = new Float64Array(snapshot.vocabSize);
  return changedRows(snapshot, (row, out) => {
    logSoftmaxRow({ data: snapshot.data, temperature }, row, out);
    logSoftmaxRow({ data: reference.data, temperature }, row, s);
    mix(out, s, out);
  });
}

/** A model's own log-probabilities, row by row. */
export const logSoftmaxRows = (rows: ResponseRows, temperature: number): ResponseRows =>
  changedRows(rows, (row, out) => logSoftmaxRow({ data: rows.data, temperature }, row, out));

/** Rows of the same tokens, each made in float64. */
function changedRows(
  rows: ResponseRows,
  make: (row: number, out: Float64Array) => void,
): ResponseRows {
  const { vocabSize } = rows;
  const data = likeArray(rows.data, rows.data.length);
  const out = new Float64Array(vocabSize);
  for (let row = 0; row * vocabSize < data.length; row++) {
    make(row, out);
    data.set(out, row * vocabSize);
  }
  return { ...rows, data };
}

/** Where a row comes from: an example and a position in its response, both from 0. */
export function placeOf({ starts }: ResponseRows, row: number): [example: number, at: number] {
  const after = starts.findIndex((start) => start > row);
  return [after - 1, row - (starts[after - 1] as number)];
}

function startsOf(data: readonly Example[]): number[] {
  const starts = [0];
  for (const { response } of data) starts.push((starts.at(-1) as number) + response.length);
  return starts;
}

const likeArray = (like: TypedArray, length: number): TypedArray =>
  like instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
