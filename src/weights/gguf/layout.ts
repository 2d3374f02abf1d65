import { DataError } from "../../tensor/errors.ts";
import { arrayLike, inUnits, type TensorParts, turned } from "../../tensor/parts.ts";
import { at, sizeOf } from "../../tensor/shapes.ts";
import type { TypedArray } from "../../tensor/tensor.ts";
import type { Architecture } from "./names.ts";

/** What a tensor's numbers look like in a GGUF file, and back, part by part. */
export interface Layout {
  readonly toGguf: (tensor: TensorParts) => TensorParts;
  readonly fromGguf: (tensor: TensorParts) => TensorParts;
  /** Whether axes change places; the first becomes the last. */
  readonly transposes?: boolean;
}

export interface Heads {
  readonly heads: number;
  readonly kvHeads: number;
}

/** Rope of these turns neighbouring channels, where Hugging Face's turns the two halves. */
const PERMUTED: ReadonlySet<Architecture> = new Set(["llama", "granite", "smollm3"]);

/** @param name llama.cpp's name; undefined where the numbers are the same in both */
export function layoutOf(
  name: string,
  arch: Architecture,
  { heads, kvHeads }: Heads,
): Layout | undefined {
  if (PERMUTED.has(arch) && /\.attn_q\.(weight|bias)$/.test(name)) return permuted(heads);
  if (PERMUTED.has(arch) && /\.attn_k\.(weight|bias)$/.test(name)) return permuted(kvHeads);
  if ((arch === "gemma2" || arch === "gemma3") && name.endsWith("norm.weight")) return plusOne;
  const isMatrix = /\.(attn_qkv|attn_output|ffn_up|ffn_down)\.weight$/.test(name);
  return arch === "gpt2" && isMatrix ? transposed : undefined;
}

/** Rows of each head from [2, n/2] to [n/2, 2]. */
const permuted = (heads: number): Layout => ({
  toGguf: (tensor) => moveRows(tensor, heads, (row, n) => (row % 2) * (n / 2) + (row >> 1)),
  fromGguf: (tensor) => moveRows(tensor, heads, (row, n) => 2 * (row % (n / 2)) + +(row >= n / 2)),
});

/** @param from which row of a head of n comes to a place in it */
function moveRows(
  tensor: TensorParts,
  heads: number,
  from: (row: number, n: number) => number,
): TensorParts {
  const { shape, dtype, kept } = tensor;
  const rows = at(shape, 0);
  const n = rows / heads;
  if (!(Number.isInteger(heads) && heads > 0) || n % 2 !== 0)
    throw new DataError(`gguf: expected ${heads} heads of even width, got ${rows} rows`);
  const width = sizeOf(shape.slice(1));
  const order = Array.from({ length: n }, (_, row) => from(row, n));
  return {
    ...{ shape, dtype, ...(kept && { kept }) },
    async *parts() {
      for await (const part of inUnits(tensor.parts(), n * width, sizeOf(shape)))
        yield moved(part, order, width);
    },
  };
}

/** Whole heads, each with its rows in another order. */
function moved(part: TypedArray, order: readonly number[], width: number): TypedArray {
  const out = arrayLike(part, part.length, "gguf");
  const head = order.length * width;
  for (let start = 0; start < part.length; start += head)
    for (const [row, from] of order.entries()) {
      const source = start + from * width;
      out.set(part.subarray(source, source + width), start + row * width);
    }
  return out;
}

const shifted =
  (by: number) =>
  ({ shape, dtype, parts }: TensorParts): TensorParts => ({
    ...{ shape, dtype },
    async *parts() {
      for await (const part of parts()) yield Float32Array.from(part, (x) => x + by);
    },
  });

/** Gemma's norms multiply by 1 + w, and llama.cpp by what is in the file. */
const plusOne: Layout = { toGguf: shifted(1), fromGguf: shifted(-1) };

/** GPT-2's matrices are [in, out]. */
const transposed: Layout = {
  toGguf: (tensor) => turned(tensor),
  fromGguf: (tensor) => turned(tensor),
  transposes: true,
};
