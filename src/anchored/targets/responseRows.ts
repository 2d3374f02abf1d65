import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import { constant } from "../../tensor/apply.ts";
import { at } from "../../tensor/shapes.ts";
import type { Tensor, TypedArray } from "../../tensor/tensor.ts";
import { collate, type Layout, layoutOf } from "../../train/batches.ts";
import { type Example, spansOf, targetsOf } from "../../train/examples.ts";
import { tokensOf } from "../../train/together.ts";
import type { Interpolation } from "../objectives/interpolations.ts";
import { interpolateRow, logSoftmaxRow } from "./hostRows.ts";
import type { LanguageModel } from "./languageModel.ts";

/** What a model says at every target of a data set: one row [V] a target, on the host. */
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
  const { vocabSize, contextLength } = model.config;
  const size = { width: vocabSize, batchSize, contextLength };
  const read = partReader<Params>(engine, model.apply, size);
  return async (params, data, length) => {
    const starts = startsOf(data);
    const size = at(starts, data.length) * vocabSize;
    return { vocabSize, starts, data: await joinedParts(read(params, data, length), size) };
  };
}

/**
 * Rows [targets, width] of a data set, those of a forward pass at a time.
 * @param length positions to which rows are padded; by default as far as each batch needs
 */
export type ReadParts<P> = (
  params: P,
  data: readonly Example[],
  length?: number,
) => AsyncGenerator<TypedArray, void>;

/** Of a forward pass, and of what is read of it. */
export interface PartSize {
  /** Numbers of a position. */
  readonly width: number;
  /** Examples in a forward pass. */
  readonly batchSize: number;
  /** The model's. */
  readonly contextLength: number;
}

/**
 * Forward passes of any function of each position, compiled once for each length.
 * @param apply int [B, T] → [B, T, width]
 */
export function partReader<P>(
  engine: Engine,
  apply: (params: P, tokens: Tensor, layout?: Layout) => Tensor,
  { width, batchSize, contextLength }: PartSize,
): ReadParts<P> {
  const forward = engine.compile(function forward(
    params: P,
    tokens: Tensor,
    layout: Partial<Layout>,
  ) {
    return apply(params, tokens, layoutOf(layout));
  });
  return async function* (params, data, length) {
    for (let from = 0; from < data.length; from += batchSize) {
      const examples = data.slice(from, from + batchSize);
      const batch = collate(examples, length === undefined ? { contextLength } : { length });
      const made = await forward(params, batch.tokens, layoutOf(batch) ?? {});
      const read = await engine.read(made);
      engine.release(made);
      const part = likeArray(read, at(startsOf(examples), examples.length) * width);
      const T = at(batch.tokens.shape, 1);
      let filled = 0;
      for (const [i, example] of examples.entries())
        for (const [first, last] of spansOf(example)) {
          part.set(read.subarray((i * T + first) * width, (i * T + last) * width), filled);
          filled += (last - first) * width;
        }
      yield part;
    }
  };
}

/** All parts, one after the other. */
export async function joinedParts(
  parts: AsyncIterable<TypedArray>,
  length: number,
): Promise<TypedArray> {
  let all: TypedArray | undefined;
  let filled = 0;
  for await (const part of parts) {
    all ??= likeArray(part, length);
    all.set(part, filled);
    filled += part.length;
  }
  return all ?? new Float32Array(0);
}

/**
 * The rows of some examples laid out as a batch of T positions, zeros elsewhere: [B, T, V].
 * @param batch the examples that share each of its rows
 */
export function batchTarget(
  { vocabSize, starts, data }: ResponseRows,
  examples: readonly Example[],
  batch: readonly (readonly number[])[],
  T: number,
): Tensor<"constant"> {
  const target = likeArray(data, batch.length * T * vocabSize);
  eachSpan(batch, examples, starts, T, (place, row, count) => {
    const span = data.subarray(row * vocabSize, (row + count) * vocabSize);
    target.set(span, place * vocabSize);
  });
  return constant(target, [batch.length, T, vocabSize]);
}

/**
 * Visits the runs of targets in a batch.
 * @param batch the examples that share each of its rows of T positions
 * @param starts where each example's rows begin
 * @param visit is told the run's first place among B·T, its first row and its length
 */
export function eachSpan(
  batch: readonly (readonly number[])[],
  examples: readonly Example[],
  starts: readonly number[],
  T: number,
  visit: (place: number, row: number, count: number) => void,
): void {
  batch.forEach((indices, i) => {
    let offset = i * T;
    for (const index of indices) {
      const example = at(examples, index);
      let row = at(starts, index);
      for (const [first, last] of spansOf(example)) {
        visit(offset + first, row, last - first);
        row += last - first;
      }
      offset += tokensOf(example);
    }
  });
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

/** Where a row comes from: an example and one of its targets, both from 0. */
export function placeOf(starts: readonly number[], row: number): [example: number, at: number] {
  const after = starts.findIndex((start) => start > row);
  return [after - 1, row - at(starts, after - 1)];
}

/** The rows of some examples, from one to another (exclusive). */
export function rowsBetween(rows: ResponseRows, from: number, to: number): ResponseRows {
  const { vocabSize, starts, data } = rows;
  const [first, last] = [at(starts, from), at(starts, to)];
  return {
    vocabSize,
    starts: starts.slice(from, to + 1).map((start) => start - first),
    data: data.subarray(first * vocabSize, last * vocabSize),
  };
}

/** Where each example's rows begin, and at last where they end. */
export function startsOf(data: readonly Example[]): number[] {
  const starts = [0];
  for (const example of data) starts.push(at(starts, starts.length - 1) + targetsOf(example));
  return starts;
}

/** An array of zeros, of the same precision. */
export const likeArray = (like: TypedArray, length: number): TypedArray =>
  like instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
