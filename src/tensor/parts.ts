import { constant } from "./apply.ts";
import { ShapeError, showShape } from "./errors.ts";
import { sizeOf } from "./shapes.ts";
import type { DType, Shape, Tensor, TypedArray } from "./tensor.ts";

/** A tensor whose numbers come part by part, so that nobody needs to hold all of them at once. */
export interface TensorParts {
  readonly shape: Shape;
  readonly dtype: DType;
  /**
   * All numbers from the first on, row-major, cut anywhere; anew with each call. The memory of a part
   * may be used again for the next: who keeps a part copies it.
   */
  parts(): AsyncIterable<TypedArray> | Iterable<TypedArray>;
}

/** Numbers of a part that is made here: 8 MiB of float32. */
export const PART: number = 1 << 21;

/** A host constant in parts, which are views. */
export const partsOf = (tensor: Tensor): TensorParts => ({
  shape: tensor.shape,
  dtype: tensor.dtype,
  *parts() {
    const { data } = tensor;
    for (let from = 0; from < data.length; from += PART) yield data.subarray(from, from + PART);
  },
});

/**
 * All parts as one host constant: float64 where the parts are.
 * @param name in messages
 * @throws ShapeError for more or fewer numbers than the shape says; RangeError for more than one
 *   array holds
 */
export async function wholeOf(source: TensorParts, name: string): Promise<Tensor<"constant">> {
  const count = sizeOf(source.shape);
  let whole: TypedArray | undefined;
  let filled = 0;
  for await (const part of source.parts()) {
    whole ??= arrayLike(part, count, name);
    if (filled + part.length > count) throw miscounted(name, source.shape, filled + part.length);
    whole.set(part, filled);
    filled += part.length;
  }
  if (filled < count) throw miscounted(name, source.shape, filled);
  whole ??= source.dtype === "int" ? new Int32Array(0) : new Float32Array(0);
  return constant(whole, source.shape);
}

/** The error of parts that are not as many numbers as announced. */
export const miscounted = (name: string, shape: Shape, got: number): ShapeError =>
  new ShapeError(name, `parts of ${sizeOf(shape)} numbers in all for ${showShape(shape)}`, [[got]]);

function arrayLike(part: TypedArray, count: number, name: string): TypedArray {
  const Numbers = part.constructor as new (length: number) => TypedArray;
  try {
    return new Numbers(count);
  } catch (error) {
    throw new RangeError(
      `${name}: expected at most as many numbers as one array of this host holds, got ${count} ` +
        `(${count * part.BYTES_PER_ELEMENT} bytes); give loadModel an engine, which is filled in ` +
        "parts, or read some rows at a time",
      { cause: error },
    );
  }
}
