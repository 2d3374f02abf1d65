import { fromBf16, fromF16, toBf16, toF16, toFloat32 } from "../tensor/storage/half.ts";
import type { DType, TypedArray } from "../tensor/tensor.ts";
import { e4m3, e5m2 } from "./float8.ts";

/** How numbers are kept in a file, by the names of safetensors. */
export type StoredType =
  | "F64"
  | "F32"
  | "BF16"
  | "F16"
  | "F8_E4M3"
  | "F8_E5M2"
  | "I64"
  | "U64"
  | "I32"
  | "U32"
  | "I16"
  | "U16"
  | "I8"
  | "U8"
  | "BOOL";

interface Stored {
  /** Bytes of one number. */
  readonly bytes: number;
  readonly dtype: DType;
  /** What the numbers become: an array of as many. */
  readonly make: (count: number) => TypedArray;
  /**
   * Bytes, aligned to `bytes`, to numbers.
   * @returns the index of the first number that int32 or bool does not have; -1 when all went well
   */
  readonly decode: (bytes: ArrayBuffer, into: TypedArray) => number;
  /** Absent where nothing of ours is written so. */
  readonly encode?: (values: TypedArray) => ArrayBufferView;
}

const float32 = (count: number): Float32Array => new Float32Array(count);
const int32 = (count: number): Int32Array => new Int32Array(count);

/** Numbers that are kept as they are in memory. */
const plain = (
  bytes: number,
  dtype: DType,
  make: (count: number) => TypedArray,
  view: (buffer: ArrayBuffer) => ArrayLike<number>,
  encode?: (values: TypedArray) => ArrayBufferView,
): Stored => ({
  ...{ bytes, dtype, make },
  decode: (buffer, into) => {
    into.set(view(buffer));
    return -1;
  },
  ...(encode && { encode }),
});

const narrow = (
  bytes: number,
  decode: (buffer: ArrayBuffer, into: Float32Array) => void,
  encode: (values: Float32Array) => ArrayBufferView,
): Stored => ({
  ...{ bytes, dtype: "float", make: float32 },
  decode: (buffer, into) => {
    decode(buffer, into as Float32Array);
    return -1;
  },
  encode: (values) => encode(toFloat32(values)),
});

/** Integers that int32 may not hold. */
const wide = (bytes: 4 | 8, view: (buffer: ArrayBuffer) => ArrayLike<number | bigint>): Stored => ({
  ...{ bytes, dtype: "int", make: int32 },
  decode: (buffer, into) => {
    const numbers = view(buffer);
    for (let i = 0; i < numbers.length; i++) {
      const n = Number(numbers[i]);
      if ((n | 0) !== n) return i;
      into[i] = n;
    }
    return -1;
  },
});

export const storedTypes: Readonly<Record<StoredType, Stored>> = {
  F64: plain(
    8,
    "float",
    (count) => new Float64Array(count),
    (buffer) => new Float64Array(buffer),
    (values) => (values instanceof Float64Array ? values : Float64Array.from(values)),
  ),
  F32: plain(
    4,
    "float",
    float32,
    (buffer) => new Float32Array(buffer),
    (values) => (values instanceof Float32Array ? values : Float32Array.from(values)),
  ),
  BF16: narrow(
    2,
    (buffer, into) => fromBf16(new Uint16Array(buffer), into),
    (values) => toBf16(values, new Uint16Array(values.length)),
  ),
  F16: narrow(
    2,
    (buffer, into) => fromF16(new Uint16Array(buffer), into),
    (values) => toF16(values, new Uint16Array(values.length)),
  ),
  F8_E4M3: narrow(
    1,
    (buffer, into) => e4m3.decode(new Uint8Array(buffer), into),
    (values) => e4m3.encode(values, new Uint8Array(values.length)),
  ),
  F8_E5M2: narrow(
    1,
    (buffer, into) => e5m2.decode(new Uint8Array(buffer), into),
    (values) => e5m2.encode(values, new Uint8Array(values.length)),
  ),
  I64: {
    ...wide(8, (buffer) => new BigInt64Array(buffer)),
    encode: (values) => BigInt64Array.from(values, BigInt),
  },
  U64: wide(8, (buffer) => new BigUint64Array(buffer)),
  I32: plain(
    4,
    "int",
    int32,
    (buffer) => new Int32Array(buffer),
    (values) => values,
  ),
  U32: wide(4, (buffer) => new Uint32Array(buffer)),
  I16: plain(2, "int", int32, (buffer) => new Int16Array(buffer)),
  U16: plain(2, "int", int32, (buffer) => new Uint16Array(buffer)),
  I8: plain(1, "int", int32, (buffer) => new Int8Array(buffer)),
  U8: plain(1, "int", int32, (buffer) => new Uint8Array(buffer)),
  BOOL: {
    ...plain(1, "int", int32, (buffer) => new Uint8Array(buffer)),
    decode: (buffer, into) => {
      const bytes = new Uint8Array(buffer);
      into.set(bytes);
      return bytes.findIndex((byte) => byte > 1);
    },
  },
};

export const isStoredType = (name: unknown): name is StoredType =>
  typeof name === "string" && Object.hasOwn(storedTypes, name);

/** The type that keeps an array's numbers as they are. @throws TypeError for other kinds of arrays */
export function ownType(data: TypedArray, name: string): StoredType {
  if (data instanceof Float32Array) return "F32";
  if (data instanceof Float64Array) return "F64";
  if (data instanceof Int32Array) return "I32";
  throw new TypeError(
    `${name}: expected numbers in a Float32Array, Float64Array or Int32Array, got ${kindOf(data)}`,
  );
}

const kindOf = (value: unknown): string =>
  Object.prototype.toString.call(value).slice("[object ".length, -1);

/**
 * The bytes of numbers in a stored type.
 * @throws TypeError for integers in a type of floats, and the other way round
 */
export function encodeNumbers(data: TypedArray, type: StoredType, name: string): Uint8Array {
  const own = storedTypes[ownType(data, name)];
  const { encode, dtype } = storedTypes[type];
  if (encode === undefined || own.dtype !== dtype)
    throw new TypeError(`${name}: expected a type that can hold ${own.dtype}s, got ${type}`);
  const { buffer, byteOffset, byteLength } = encode(data);
  return new Uint8Array(buffer, byteOffset, byteLength);
}
