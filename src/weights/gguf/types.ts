import type { StoredType } from "../dtypes.ts";

/** Codes of a value's type in GGUF's metadata. */
export const valueTypes = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
  int64: 11,
  float64: 12,
} as const;

export type ValueType = keyof typeof valueTypes;

export const valueTypeOf = (code: number): ValueType | undefined =>
  (Object.keys(valueTypes) as ValueType[]).find((type) => valueTypes[type] === code);

export type NumberArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

/**
 * A value of the metadata. 64-bit integers that a number does not hold are bigints; arrays of
 * numbers are typed arrays of their own type.
 */
export type GgufValue =
  | number
  | bigint
  | boolean
  | string
  | NumberArray
  | readonly string[]
  | readonly boolean[]
  | readonly GgufValue[];

/** The key-value pairs at a GGUF file's beginning. */
export type GgufMetadata = Readonly<Record<string, GgufValue>>;

/** `uint32`, or `array<string>` for arrays. */
export type GgufType = ValueType | `array<${ValueType}>`;

/** Typed arrays of a numeric type: its bytes and how they are viewed. */
export const numberArrays: Readonly<
  Partial<Record<ValueType, { readonly bytes: number; view(buffer: ArrayBuffer): NumberArray }>>
> = {
  uint8: { bytes: 1, view: (buffer) => new Uint8Array(buffer) },
  int8: { bytes: 1, view: (buffer) => new Int8Array(buffer) },
  uint16: { bytes: 2, view: (buffer) => new Uint16Array(buffer) },
  int16: { bytes: 2, view: (buffer) => new Int16Array(buffer) },
  uint32: { bytes: 4, view: (buffer) => new Uint32Array(buffer) },
  int32: { bytes: 4, view: (buffer) => new Int32Array(buffer) },
  float32: { bytes: 4, view: (buffer) => new Float32Array(buffer) },
  float64: { bytes: 8, view: (buffer) => new Float64Array(buffer) },
  uint64: { bytes: 8, view: (buffer) => new BigUint64Array(buffer) },
  int64: { bytes: 8, view: (buffer) => new BigInt64Array(buffer) },
};

/** How tensors of a GGUF file are written; Q8_0 has blocks of 32 numbers with a common scale. */
export type GgufTensorType = (typeof GGUF_TENSOR_TYPES)[number];
export const GGUF_TENSOR_TYPES = ["F32", "F16", "BF16", "Q8_0"] as const;

/** Tensor types that are read: their code, numbers of a block and its bytes. */
export const tensorTypes: Readonly<
  Record<string, { readonly code: number; readonly block: number; readonly bytes: number }>
> = {
  F32: { code: 0, block: 1, bytes: 4 },
  F16: { code: 1, block: 1, bytes: 2 },
  Q8_0: { code: 8, block: 32, bytes: 34 },
  I8: { code: 24, block: 1, bytes: 1 },
  I16: { code: 25, block: 1, bytes: 2 },
  I32: { code: 26, block: 1, bytes: 4 },
  I64: { code: 27, block: 1, bytes: 8 },
  F64: { code: 28, block: 1, bytes: 8 },
  BF16: { code: 30, block: 1, bytes: 2 },
} satisfies Readonly<
  Partial<Record<StoredType | "Q8_0", { code: number; block: number; bytes: number }>>
>;

const otherTensorTypes: Readonly<Record<number, string>> = {
  ...{ 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K" },
  ...{ 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS" },
  ...{ 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS" },
  ...{ 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4" },
};

export const tensorTypeName = (code: number): string =>
  Object.keys(tensorTypes).find((name) => tensorTypes[name]?.code === code) ??
  otherTensorTypes[code] ??
  `type ${code}`;

export const ALIGNMENT = 32;

export const aligned = (bytes: number, alignment: number): number =>
  Math.ceil(bytes / alignment) * alignment;
