import { constant } from "./apply.ts";
import { ShapeError, showShape } from "./errors.ts";
import { checkBlocks, isStorageType, lengthOf, makeCodes } from "./storage/types.ts";
import type { DType, Shape, Tensor, TypedArray } from "./tensor.ts";

/** A tensor whose numbers come part by part, so that nobody needs to hold all of them at once. */
export interface TensorParts {
  readonly shape: Shape;
  readonly dtype: DType;
  /**
   * All numbers, or codes of a storage type, from the first on, row-major, cut anywhere; anew with each call. The memory of a part
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
  const { dtype, shape } = source;
  const count = lengthOf(dtype, checkBlocks(name, dtype, shape));
  let whole: TypedArray | undefined;
  let filled = 0;
  for await (const part of source.parts()) {
    whole ??= arrayLike(part, count, name);
    if (filled + part.length > count) throw miscounted(name, shape, dtype, filled + part.length);
    whole.set(part, filled);
    filled += part.length;
  }
  if (filled < count) throw miscounted(name, shape, dtype, filled);
  whole ??= nothing(dtype);
  return constant(whole, shape, dtype);
}

function nothing(dtype: DType): TypedArray {
  if (isStorageType(dtype)) return makeCodes(dtype, 0);
  return dtype === "int" ? new Int32Array(0) : new Float32Array(0);
}

/** The error of parts that are not as many numbers, or codes, as announced. */
export function miscounted(name: string, shape: Shape, dtype: DType, got: number): ShapeError {
  const what = isStorageType(dtype) ? `codes of ${dtype}` : "numbers";
  const wanted = `parts of ${lengthOf(dtype, shape)} ${what} in all for ${showShape(shape)}`;
  return new ShapeError(name, wanted, [[got]]);
}

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
