import { constant } from "./apply.ts";
import { ShapeError, showShape } from "./errors.ts";
import { at, last, sameShape, sizeOf } from "./shapes.ts";
import { BLOCK } from "./storage/q8.ts";
import {
  type Codes,
  checkBlocks,
  isStorageType,
  lengthOf,
  makeCodes,
  round,
  widen,
} from "./storage/types.ts";
import type { DType, Shape, StorageType, Tensor, TypedArray } from "./tensor.ts";

/** Arrays of numbers, one after the other. */
export type Parts = AsyncIterable<TypedArray> | Iterable<TypedArray>;

/** A tensor whose numbers come part by part, so that nobody needs to hold all of them at once. */
export interface TensorParts {
  readonly shape: Shape;
  readonly dtype: DType;
  /**
   * All numbers, or codes of a storage type, from the first on, row-major, cut anywhere; anew with
   * each call. The memory of a part may be used again for the next: who keeps a part copies it, and
   * nobody writes into one.
   */
  parts(): Parts;
  /** The storage type that the numbers come from, where they do: rounding to it loses nothing. */
  readonly kept?: StorageType;
  /** The codes of `kept` that are behind the numbers, in parts as those are. Who changes `parts` leaves
   * it out. */
  codes?(): Parts;
}

/** Numbers of a part that is made here: 16 MiB of float32. */
export const PART: number = 1 << 22;

/** A host constant in parts, which are views. */
export const inParts = (
  tensor: Tensor,
): Omit<TensorParts, "parts"> & { parts(): Generator<TypedArray, void> } => ({
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

/** An array of the same kind. @throws RangeError where the host has none so long */
export function arrayLike<T extends TypedArray>(part: T, count: number, name: string): T {
  const Numbers = part.constructor as new (length: number) => T;
  try {
    return new Numbers(count);
  } catch (error) {
    throw new RangeError(
      `${name}: expected at most as many numbers as one array of this host holds, got ${count} ` +
        `(${count * part.BYTES_PER_ELEMENT} bytes); read it in parts, into an engine, or by rows`,
      { cause: error },
    );
  }
}

/**
 * The same numbers in parts that begin at multiples of a unit: what is left over of a part goes before
 * the next.
 * @param count of all numbers: the part that holds the last is not cut
 */
export async function* inUnits(
  parts: Parts,
  unit: number,
  count: number,
): AsyncGenerator<TypedArray> {
  let rest: TypedArray | undefined;
  let given = 0;
  for await (const part of parts) {
    const all = rest ? joinedArrays([rest, part]) : part;
    const isLast = given + all.length >= count;
    const end = isLast ? all.length : all.length - (all.length % unit);
    rest = end < all.length ? all.slice(end) : undefined;
    given += end;
    if (end > 0) yield all.subarray(0, end);
  }
  if (rest) yield rest;
}

/**
 * Arrays of one kind, the last one's, as one; a single one is given as it is.
 * @throws RangeError for none, and where the host has no array so long
 */
export function joinedArrays<T extends TypedArray>(parts: readonly T[]): T {
  const end = last(parts);
  if (parts.length === 1) return end;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = arrayLike(end, length, "parts");
  let filled = 0;
  for (const part of parts) {
    all.set(part, filled);
    filled += part.length;
  }
  return all;
}

/**
 * Floats rounded to a storage type, as codes; those that they come from, where they come from such.
 * @throws ShapeError where its blocks do not fit
 */
export function roundedParts(source: TensorParts, dtype: StorageType): TensorParts {
  const { shape, parts, kept, codes } = source;
  const count = sizeOf(checkBlocks("roundedParts", dtype, shape));
  if (kept === dtype && codes) return { shape, dtype, parts: codes };
  return {
    ...{ shape, dtype },
    async *parts() {
      for await (const part of inUnits(parts(), BLOCK, count)) yield round(dtype, part);
    },
  };
}

/** Numbers as they are, codes widened to float32. */
export function widenedParts(source: TensorParts): TensorParts {
  const { shape, dtype, parts } = source;
  if (!isStorageType(dtype)) return source;
  const [unit, count] = [lengthOf(dtype, [BLOCK]), lengthOf(dtype, shape)];
  return {
    ...{ shape, dtype: "float", kept: dtype, codes: parts },
    async *parts() {
      for await (const part of inUnits(parts(), unit, count)) yield widen(dtype, part as Codes);
    },
  };
}

/** Only the numbers from one place to another. */
export async function* cut(parts: Parts, from: number, to: number): AsyncGenerator<TypedArray> {
  let start = 0;
  for await (const part of parts) {
    const [first, end] = [Math.max(0, from - start), Math.min(part.length, to - start)];
    if (first < end) yield part.subarray(first, end);
    start += part.length;
    if (start >= to) return;
  }
}

/** Whether two tensors are of the same shape and have the same numbers. */
export async function sameNumbers(a: TensorParts, b: TensorParts): Promise<boolean> {
  if (!sameShape(a.shape, b.shape)) return false;
  const others = cut(b.parts(), 0, sizeOf(b.shape));
  try {
    let other: TypedArray = new Float32Array(0);
    let at = 0;
    for await (const part of a.parts())
      for (let i = 0; i < part.length; i++, at++) {
        if (at === other.length) {
          const next = await others.next();
          if (next.done) return false;
          [other, at] = [next.value, 0];
        }
        if (part[i] !== other[at]) return false;
      }
    return true;
  } finally {
    await others.return(undefined);
  }
}

/**
 * A matrix with rows and columns exchanged, made by bands of its columns: each reads the matrix again,
 * so that no more than a band is held. Matrices of up to 4 million numbers are one band.
 * @param columns only these, which become rows; the last excluded
 * @param band numbers of a band
 */
export function turned(
  { shape, dtype, parts, kept }: TensorParts,
  columns: readonly [from: number, to: number] = [0, at(shape, 1)],
  band: number = PART,
): TensorParts {
  const [height, width] = [at(shape, 0), at(shape, 1)];
  const [first, end] = columns;
  const perBand = Math.max(1, Math.floor(band / Math.max(1, height)));
  return {
    shape: [end - first, height],
    dtype,
    // Blocks lie along rows.
    ...(kept && kept !== "q8_0" && { kept }),
    async *parts() {
      for (let from = first; from < end; from += perBand)
        yield* bandOf(parts(), { height, width, from, to: Math.min(end, from + perBand) });
    },
  };
}

interface Band {
  readonly height: number;
  readonly width: number;
  readonly from: number;
  readonly to: number;
}

/** Some columns as rows; nothing of a matrix without numbers. */
async function* bandOf(
  parts: Parts,
  { height, width, from, to }: Band,
): AsyncGenerator<TypedArray> {
  let band: TypedArray | undefined;
  let start = 0;
  for await (const part of parts) {
    band ??= arrayLike(part, height * (to - from), "transpose");
    const last = start + part.length;
    for (let row = Math.floor(start / width); row * width < last; row++) {
      const [left, right] = [row * width + from, row * width + to];
      for (let i = Math.max(left, start); i < Math.min(right, last); i++)
        band[(i - left) * height + row] = part[i - start] as number;
    }
    start = last;
  }
  if (band) yield band;
}
