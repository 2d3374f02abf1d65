import { ShapeError } from "../errors.ts";
import { sizeOf } from "../shapes.ts";
import type { DType, Shape, StorageType, TypedArray } from "../tensor.ts";
import { fromBf16, fromF16, toBf16, toF16, toFloat32 } from "./half.ts";
import { BLOCK, BLOCK_BYTES, dequantize, quantize } from "./q8.ts";

/** The codes of numbers of a storage type, as they lie in a file and in an engine's memory. */
export type Codes = Uint16Array | Uint8Array;

interface Format {
  /** Numbers along the last axis that are kept together, and the bytes that they take. */
  readonly block: number;
  readonly bytes: number;
  /** Codes of so many bytes, and how their array is called. */
  make(bytes: number): Codes;
  readonly array: "Uint16Array" | "Uint8Array";
  widen(codes: Codes, into: Float32Array): Float32Array;
  round(values: Float32Array): Codes;
}

const half = (
  widen: (codes: Uint16Array, into: Float32Array) => Float32Array,
  round: (values: Float32Array, into: Uint16Array) => Uint16Array,
): Format => ({
  ...{ block: 1, bytes: 2, array: "Uint16Array" },
  make: (bytes) => new Uint16Array(bytes / 2),
  widen: (codes, into) => widen(codes as Uint16Array, into),
  round: (values) => round(values, new Uint16Array(values.length)),
});

const formats: { readonly [K in StorageType]: Format } = {
  bf16: half(fromBf16, toBf16),
  f16: half(fromF16, toF16),
  q8_0: {
    ...{ block: BLOCK, bytes: BLOCK_BYTES, array: "Uint8Array" },
    make: (bytes) => new Uint8Array(bytes),
    widen: (codes, into) => dequantize(codes as Uint8Array, into),
    round: quantize,
  },
};

export const storageTypes: readonly StorageType[] = ["bf16", "f16", "q8_0"];

export const isStorageType = (dtype: DType): dtype is StorageType => dtype in formats;

/**
 * Bytes of the elements of a tensor.
 * @param number bytes of a float or an int: 8 on an engine of float64
 */
export function bytesOf(dtype: DType, elements: number, number = 4): number {
  if (!isStorageType(dtype)) return number * elements;
  const { block, bytes } = formats[dtype];
  return (elements / block) * bytes;
}

/** A fresh array for the codes of so many numbers. */
export const makeCodes = (dtype: StorageType, elements: number): Codes =>
  formats[dtype].make(bytesOf(dtype, elements));

/** Numbers that are kept together, and the bytes that they take. */
export const blockOf = (dtype: StorageType): Pick<Format, "block" | "bytes"> => formats[dtype];

/** The codes that lie in these bytes. */
export const codesOf = (dtype: StorageType, bytes: Uint8Array): Codes =>
  formats[dtype].array === "Uint8Array"
    ? bytes
    : new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);

/** The bytes that codes lie in. */
export const codeBytes = ({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** What codes mean: float32 holds all of it, scale · int8 too. */
export const widen = (dtype: StorageType, codes: Codes): Float32Array => {
  const { block, bytes, widen } = formats[dtype];
  return widen(codes, new Float32Array((codes.byteLength / bytes) * block));
};

/**
 * The nearest codes: bf16 and f16 to even, beyond the largest to ∞; q8_0 as GGUF's writer does, with a
 * scale of max |x| / 127 for each 32 numbers.
 * @param values whole blocks of q8_0
 */
export const round = (dtype: StorageType, values: TypedArray): Codes =>
  formats[dtype].round(toFloat32(values));

/** @throws ShapeError where the last axis is not made of whole blocks */
export function checkBlocks(op: string, dtype: DType, shape: Shape): Shape {
  const block = isStorageType(dtype) ? formats[dtype].block : 1;
  if ((block === 1 ? 0 : (shape.at(-1) ?? 1) % block) !== 0)
    throw new ShapeError(op, `a last axis of whole blocks of ${block} for ${dtype}`, [shape]);
  return shape;
}

/** @throws TypeError for another kind of array, ShapeError for another number of codes */
export function checkCodes(op: string, dtype: StorageType, codes: Codes, shape: Shape): void {
  if (!holds(dtype, codes))
    throw new TypeError(`${op}: expected ${dtype} in ${arrayOf(dtype)}, got ${arrayName(codes)}`);
  const wanted = lengthOf(dtype, checkBlocks(op, dtype, shape));
  if (codes.length !== wanted)
    throw new ShapeError(op, `${wanted} codes of ${dtype} for [${shape.join(", ")}]`, [
      [codes.length],
    ]);
}

/** Bytes of a code in a tensor's array. */
export const codeSize = (dtype: StorageType): 1 | 2 =>
  formats[dtype].array === "Uint16Array" ? 2 : 1;

/** The length of a tensor's array on the host: of its numbers, or of its codes. */
export function lengthOf(dtype: DType, shape: Shape): number {
  const elements = sizeOf(shape);
  return isStorageType(dtype) ? bytesOf(dtype, elements) / codeSize(dtype) : elements;
}

/** Whether an array is one of a tensor's numbers, or of its codes. */
export function holds(dtype: DType, data: unknown): data is TypedArray {
  const is = arrayName(data);
  if (isStorageType(dtype)) return is === formats[dtype].array;
  return dtype === "int" ? is === "Int32Array" : is === "Float32Array" || is === "Float64Array";
}

/** The kind of array that holds a tensor's numbers, or its codes, for messages. */
export const arrayOf = (dtype: DType): string =>
  isStorageType(dtype)
    ? `a ${formats[dtype].array}`
    : dtype === "int"
      ? "an Int32Array"
      : "a Float32Array or Float64Array";

/** What an object calls itself. */
export const arrayName = (data: unknown): string =>
  Object.prototype.toString.call(data).slice("[object ".length, -1);
