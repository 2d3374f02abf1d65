import { DataError } from "../tensor/errors.ts";
import { fromBf16, fromF16, toBf16, toF16, toFloat32 } from "../tensor/storage/half.ts";
import { arrayName } from "../tensor/storage/types.ts";
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
  /** Aligned memory as the numbers that they become. */
  readonly view: (bytes: Uint8Array) => TypedArray;
  /**
   * Bytes, aligned to `bytes`, to numbers; absent where the bytes are the numbers.
   * @returns the index of the first number that int32 or bool does not have; -1 when all went well
   */
  readonly decode?: (bytes: Uint8Array, into: TypedArray) => number;
  /** Absent where nothing of ours is written so. */
  readonly encode?: (values: TypedArray) => ArrayBufferView;
}

const as =
  <T>(
    Numbers: { new (buffer: ArrayBufferLike, offset: number, length: number): T },
    bytes: number,
  ) =>
  (memory: Uint8Array): T =>
    new Numbers(memory.buffer, memory.byteOffset, memory.byteLength / bytes);

const float64: (memory: Uint8Array) => Float64Array = as(Float64Array, 8);
const float32: (memory: Uint8Array) => Float32Array = as(Float32Array, 4);
const int32: (memory: Uint8Array) => Int32Array = as(Int32Array, 4);
const uint16: (memory: Uint8Array) => Uint16Array = as(Uint16Array, 2);

/** Numbers that are kept as they are in memory. */
const plain = (
  bytes: number,
  dtype: DType,
  view: (memory: Uint8Array) => TypedArray,
  encode: (values: TypedArray) => ArrayBufferView,
): Stored => ({ bytes, dtype, view, encode });

const narrow = (
  bytes: number,
  decode: (memory: Uint8Array, into: Float32Array) => void,
  encode: (values: Float32Array) => ArrayBufferView,
): Stored => ({
  ...{ bytes, dtype: "float", view: float32 },
  decode: (memory, into) => {
    decode(memory, into as Float32Array);
    return -1;
  },
  encode: (values) => encode(toFloat32(values)),
});

/** Integers that int32 holds. */
const small = (bytes: 1 | 2, view: (memory: Uint8Array) => ArrayLike<number>): Stored => ({
  ...{ bytes, dtype: "int", view: int32 },
  decode: (memory, into) => {
    into.set(view(memory));
    return -1;
  },
});

/** Integers that int32 may not hold. */
const wide = (bytes: 4 | 8, view: (memory: Uint8Array) => ArrayLike<number | bigint>): Stored => ({
  ...{ bytes, dtype: "int", view: int32 },
  decode: (memory, into) => {
    const numbers = view(memory);
    for (let i = 0; i < numbers.length; i++) {
      const n = Number(numbers[i]);
      if ((n | 0) !== n) return i;
      into[i] = n;
    }
    return -1;
  },
});

export const storedTypes: Readonly<Record<StoredType, Stored>> = {
  F64: plain(8, "float", float64, (values) =>
    values instanceof Float64Array ? values : Float64Array.from(values),
  ),
  F32: plain(4, "float", float32, (values) =>
    values instanceof Float32Array ? values : Float32Array.from(values),
  ),
  BF16: narrow(
    2,
    (memory, into) => fromBf16(uint16(memory), into),
    (values) => toBf16(values, new Uint16Array(values.length)),
  ),
  F16: narrow(
    2,
    (memory, into) => fromF16(uint16(memory), into),
    (values) => toF16(values, new Uint16Array(values.length)),
  ),
  F8_E4M3: narrow(
    1,
    (memory, into) => e4m3.decode(memory, into),
    (values) => e4m3.encode(values, new Uint8Array(values.length)),
  ),
  F8_E5M2: narrow(
    1,
    (memory, into) => e5m2.decode(memory, into),
    (values) => e5m2.encode(values, new Uint8Array(values.length)),
  ),
  I64: {
    ...wide(8, as(BigInt64Array, 8)),
    encode: (values) => BigInt64Array.from(values, BigInt),
  },
  U64: wide(8, as(BigUint64Array, 8)),
  I32: plain(4, "int", int32, (values) => values),
  U32: wide(4, as(Uint32Array, 4)),
  I16: small(2, as(Int16Array, 2)),
  U16: small(2, uint16),
  I8: small(1, as(Int8Array, 1)),
  U8: small(1, (memory) => memory),
  BOOL: {
    ...small(1, (memory) => memory),
    decode: (memory, into) => {
      into.set(memory);
      return memory.findIndex((byte) => byte > 1);
    },
  },
};

export const isStoredType = (name: unknown): name is StoredType =>
  typeof name === "string" && Object.hasOwn(storedTypes, name);

/** The types' names. */
export const STORED_TYPES: readonly StoredType[] = Object.keys(storedTypes).filter(isStoredType);

/** A type as files write it, `BF16`, or as the rest of this package does, `bf16`. */
export type EitherCase<T extends string> = T | Lowercase<T>;

/** A type by its name in either case. @throws RangeError for one that is not known */
export function typeNamed<T extends string>(
  where: string,
  name: EitherCase<T>,
  known: readonly T[],
): T {
  const found = known.find((type) => type === name || type.toLowerCase() === name);
  if (found !== undefined) return found;
  throw new RangeError(`${where}: expected one of ${known.join(", ")}, got ${String(name)}`);
}

/** The type that keeps an array's numbers as they are. @throws TypeError for other kinds of arrays */
export function ownType(data: TypedArray, name: string): StoredType {
  if (data instanceof Float32Array) return "F32";
  if (data instanceof Float64Array) return "F64";
  if (data instanceof Int32Array) return "I32";
  throw new TypeError(
    `${name}: expected numbers in a Float32Array, Float64Array or Int32Array, got ${arrayName(data)}`,
  );
}

/** The least numbers that a type rounds to ∞, or q8_0 to a block of no scale. */
const TOO_LARGE: Readonly<Record<string, number>> = {
  ...{ F16: 65520, Q8_0: 127 * 65520 },
  ...{ BF16: (2 - 2 ** -8) * 2 ** 127, F32: (2 - 2 ** -24) * 2 ** 127 },
};

/** @throws DataError for a finite number that a type would make infinite, naming the tensor */
export function expectHeld(data: TypedArray, type: string, name: string): void {
  const most = TOO_LARGE[type];
  if (most === undefined || (type === "F32" && data instanceof Float32Array)) return;
  const odd = data.findIndex((x) => Math.abs(x) >= most && Number.isFinite(x));
  if (odd >= 0)
    throw new DataError(
      `${name}: expected numbers that are finite in ${type}, below ${most}, got ${data[odd]}`,
    );
}

/**
 * The bytes of numbers in a stored type.
 * @throws TypeError for integers in a type of floats, and the other way round; DataError for a number that
 *   would become infinite
 */
export function encodeNumbers(data: TypedArray, type: StoredType, name: string): Uint8Array {
  const own = storedTypes[ownType(data, name)];
  const { encode, dtype } = storedTypes[type];
  if (encode === undefined || own.dtype !== dtype)
    throw new TypeError(`${name}: expected a type that can hold ${own.dtype}s, got ${type}`);
  expectHeld(data, type, name);
  const { buffer, byteOffset, byteLength } = encode(data);
  return new Uint8Array(buffer, byteOffset, byteLength);
}
