/** Lengths of a tensor's axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/**
 * Types that numbers are kept in and not computed with: `cast` widens them to float and rounds to them.
 * `bf16` is the upper half of a float32, `f16` IEEE binary16, `q8_0` GGUF's: 32 numbers along the last
 * axis are an f16 scale and 32 int8. They take 2, 2 and 1.0625 bytes a number.
 */
export type StorageType = "bf16" | "f16" | "q8_0";

/** `float` is float64 on the reference engine and float32 elsewhere; `int` is int32 (token ids). */
export type DType = "float" | "int" | StorageType;

/** Numbers on the host; of a storage type its codes: Uint16Array of bf16 and f16, Uint8Array of q8_0. */
export type TypedArray = Float64Array | Float32Array | Int32Array | Uint16Array | Uint8Array;

/** The array that numbers of a dtype come in, or codes. */
export type DataOf<D extends DType> = D extends "int"
  ? Int32Array
  : D extends "float"
    ? Float32Array | Float64Array
    : D extends "q8_0"
      ? Uint8Array
      : Uint16Array;
