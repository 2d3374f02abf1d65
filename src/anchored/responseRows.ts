import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import { constant } from "../tensor/apply.ts";
import type { Tensor, TypedArray } from "../tensor/tensor.ts";
import { collate, type Example, lengthOf } from "./batches.ts";

/** What a model says at every response token of a data set: one row [V] a token, on the host. */
export interface ResponseRows {
  readonly vocabSize: number;
  /** Example i's rows are starts[i] … starts[i + 1] − 1. */
  readonly starts: readonly number[];
  /** [tokens, V]. */
  readonly data: TypedArray;
}

/** A causal language model: whatever `transformer` makes, or something like it. */
export interface LanguageModel {
  readonly config: { readonly vocabSize: number; readonly contextLength: number };
  /** int [B, T] → logits [B, T, V]. */
  apply(params: Params, tokens: Tensor): Tensor;
}

/** Forward passes of one model over data sets, compiled once for all parameters. */
export type ReadRows = (params: Params, data: readonly Example[]) => Promise<ResponseRows>;

/** @param batchSize examples in a forward pass */
export function responseReader(engine: Engine, model: LanguageModel, batchSize: number): ReadRows {
  const forward = engine.compile(function forward(params: Params, tokens: Tensor) {
    return model.apply(params, tokens);
  });
  const { vocabSize } = model.config;
  return async (params, data) => {
    const starts = startsOf(data);
    let rows: TypedArray | undefined;
    for (let from = 0; from < data.length; from += batchSize) {
      const examples = data.slice(from, from + batchSize);
      const { tokens } = collate(examples);
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

/** Elements that are worked on at a time. */
const CHUNK = 2 ** 20;

/**
 * Applies a function of rows [n, V] to corresponding rows, in pieces.
 * @returns what it makes of all of them, end to end
 */
export async function mapRows(
  engine: Engine,
  f: (...rows: Tensor[]) => Tensor,
  first: ResponseRows,
  ...others: readonly ResponseRows[]
): Promise<TypedArray> {
  const program = engine.compile(f);
  const { vocabSize, data } = first;
  const size = Math.max(1, Math.floor(CHUNK / vocabSize)) * vocabSize;
  const parts: TypedArray[] = [];
  for (let from = 0; from < data.length; from += size) {
    const pieces = [first, ...others].map((rows) => {
      const piece = rows.data.subarray(from, from + size);
      return constant(piece, [piece.length / vocabSize, vocabSize]);
    });
    const output = await program(...pieces);
    parts.push(await engine.read(output));
    engine.release(output);
  }
  const result = likeArray(
    data,
    parts.reduce((n, part) => n + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** The rows of the first examples as a host tensor [tokens, V]. */
export function hostRows(
  { data, starts, vocabSize }: ResponseRows,
  examples: number,
): Tensor<"constant"> {
  const tokens = starts[Math.min(examples, starts.length - 1)] as number;
  return constant(data.subarray(0, tokens * vocabSize), [tokens, vocabSize]);
}

function startsOf(data: readonly Example[]): number[] {
  const starts = [0];
  for (const { response } of data) starts.push((starts.at(-1) as number) + response.length);
  return starts;
}

const likeArray = (like: TypedArray, length: number): TypedArray =>
  like instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
