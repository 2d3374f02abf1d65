import { constant } from "../../tensor/apply.ts";
import { DataError } from "../../tensor/errors.ts";
import { at, sizeOf } from "../../tensor/shapes.ts";
import type { Tensor, TypedArray } from "../../tensor/tensor.ts";
import type { Architecture } from "./names.ts";

/** What a tensor's numbers look like in a GGUF file, and back. */
export interface Layout {
  readonly toGguf: (tensor: Tensor<"constant">) => Tensor<"constant">;
  readonly fromGguf: (tensor: Tensor<"constant">) => Tensor<"constant">;
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
  toGguf: (tensor) => moveRows(tensor, heads, (half, i, n) => half * (n / 2) + i),
  fromGguf: (tensor) => moveRows(tensor, heads, (half, i) => 2 * i + half, true),
});

/**
 * @param from the row of a head, for each place [i, half], or [half, i] when going back
 */
function moveRows(
  tensor: Tensor<"constant">,
  heads: number,
  from: (half: number, i: number, n: number) => number,
  back = false,
): Tensor<"constant"> {
  const { shape, data } = tensor;
  const rows = at(shape, 0);
  const n = rows / heads;
  if (!(Number.isInteger(heads) && heads > 0) || n % 2 !== 0)
    throw new DataError(`gguf: expected ${heads} heads of even width, got ${rows} rows`);
  const width = sizeOf(shape.slice(1));
  const out = like(data);
  for (let head = 0; head < heads; head++)
    for (let half = 0; half < 2; half++)
      for (let i = 0; i < n / 2; i++) {
        const to = head * n + (back ? half * (n / 2) + i : 2 * i + half);
        const source = (head * n + from(half, i, n)) * width;
        out.set(data.subarray(source, source + width), to * width);
      }
  return constant(out, shape);
}

/** Gemma's norms multiply by 1 + w, and llama.cpp by what is in the file. */
const plusOne: Layout = {
  toGguf: ({ data, shape }) =>
    constant(
      Float32Array.from(data, (x) => x + 1),
      shape,
    ),
  fromGguf: ({ data, shape }) =>
    constant(
      Float32Array.from(data, (x) => x - 1),
      shape,
    ),
};

function transpose({ data, shape }: Tensor<"constant">): Tensor<"constant"> {
  const [rows, columns] = [at(shape, 0), at(shape, 1)];
  const out = like(data);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      out[column * rows + row] = data[row * columns + column] as number;
  return constant(out, [columns, rows]);
}

/** GPT-2's matrices are [in, out]. */
const transposed: Layout = { toGguf: transpose, fromGguf: transpose, transposes: true };

const like = (data: TypedArray): TypedArray =>
  data instanceof Float64Array
    ? new Float64Array(data.length)
    : data instanceof Int32Array
      ? new Int32Array(data.length)
      : new Float32Array(data.length);
