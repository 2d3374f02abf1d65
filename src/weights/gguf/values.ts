import { DataError } from "../../tensor/errors.ts";
import { joinedArrays } from "../../tensor/parts.ts";
import { show } from "../refuse.ts";
import {
  type GgufType,
  type GgufValue,
  type NumberArray,
  numberArrays,
  type ValueType,
  valueTypes,
} from "./types.ts";

/** Bytes that are written one after the other, little-endian. */
export class Bytes {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  raw(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  uint32(value: number): void {
    this.raw(new Uint8Array(Uint32Array.of(value).buffer));
  }

  uint64(value: number): void {
    this.raw(new Uint8Array(BigUint64Array.of(BigInt(value)).buffer));
  }

  string(text: string): void {
    if (/\p{Surrogate}/u.test(text))
      throw new DataError(`gguf: expected text in Unicode, got ${show(text)}`);
    const bytes = new TextEncoder().encode(text);
    this.uint64(bytes.length);
    this.raw(bytes);
  }

  pad(alignment: number): void {
    this.raw(new Uint8Array(Math.ceil(this.#length / alignment) * alignment - this.#length));
  }

  joined(): Uint8Array {
    return joinedArrays([new Uint8Array(0), ...this.#parts]);
  }
}

/** The type of a value for which none is said. @throws DataError for what has none */
export function typeOfValue(value: GgufValue, key: string): GgufType {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return value < 0n ? "int64" : "uint64";
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) return "float32";
    if (value < 0) return value >= -(2 ** 31) ? "int32" : "int64";
    return value < 2 ** 32 ? "uint32" : "uint64";
  }
  if (ArrayBuffer.isView(value)) return `array<${typeOfArray(value)}>`;
  if (!Array.isArray(value))
    throw new DataError(`gguf: expected a value of metadata for ${key}, got ${show(value)}`);
  const [first] = value;
  if (first === undefined) return "array<string>";
  const own = typeOfValue(first, key);
  return `array<${own.startsWith("array") ? "array" : (own as ValueType)}>`;
}

const typeOfArray = (value: ArrayBufferView): ValueType => {
  const names = Object.keys(numberArrays) as ValueType[];
  const kind = Object.prototype.toString.call(value);
  const found = names.find(
    (type) => Object.prototype.toString.call(numberArrays[type]?.view(new ArrayBuffer(0))) === kind,
  );
  if (found) return found;
  throw new DataError(`gguf: expected an array of a type of metadata, got ${kind}`);
};

/** Writes a value without its type; an array with that of its items and their number. */
export function encodeValue(bytes: Bytes, value: GgufValue, type: GgufType, key: string): void {
  const item = /^array<(\w+)>$/.exec(type)?.[1] as ValueType | undefined;
  if (item !== undefined) encodeArray(bytes, value, item, key);
  else encodeOne(bytes, value, type, key);
}

function encodeOne(bytes: Bytes, value: GgufValue, type: GgufType, key: string): void {
  const refuse = (): never => {
    throw new DataError(`gguf: expected a ${type} for ${key}, got ${show(`${value}`)}`);
  };
  const numbers = numberArrays[type as ValueType];
  if (type === "string" && typeof value === "string") bytes.string(value);
  else if (type === "bool" && typeof value === "boolean") bytes.raw(Uint8Array.of(value ? 1 : 0));
  else if (numbers && (typeof value === "number" || typeof value === "bigint"))
    bytes.raw(encodeNumber(value, numbers.view(new ArrayBuffer(numbers.bytes)), refuse));
  else refuse();
}

function encodeNumber(value: number | bigint, array: NumberArray, refuse: () => never): Uint8Array {
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) {
    if (typeof value === "number" && !Number.isSafeInteger(value)) refuse();
    array[0] = BigInt(value);
    if (array[0] !== BigInt(value)) refuse();
  } else {
    array[0] = Number(value);
    const isFloat = array instanceof Float32Array || array instanceof Float64Array;
    if (!isFloat && array[0] !== value) refuse();
  }
  return new Uint8Array(array.buffer);
}

function encodeArray(bytes: Bytes, value: GgufValue, item: ValueType, key: string): void {
  bytes.uint32(valueTypes[item]);
  if (ArrayBuffer.isView(value) && typeOfArray(value) === item) {
    bytes.uint64(value.length);
    bytes.raw(new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice());
    return;
  }
  if (typeof value !== "object" || ArrayBuffer.isView(value))
    throw new DataError(`gguf: expected an array of ${item} for ${key}, got ${typeof value}`);
  bytes.uint64(value.length);
  for (const one of value) {
    const own: GgufType = item === "array" ? typeOfValue(one, key) : item;
    encodeValue(bytes, one, own, key);
  }
}
