import { sizeOf } from "../../tensor/shapes.ts";
import type { Shape } from "../../tensor/tensor.ts";
import { foreignKind, type Refuse, show } from "../refuse.ts";
import { Cursor } from "./cursor.ts";
import {
  ALIGNMENT,
  aligned,
  type GgufMetadata,
  type GgufType,
  type GgufValue,
  numberArrays,
  tensorTypeName,
  tensorTypes,
  type ValueType,
  valueTypeOf,
} from "./types.ts";

/** Where a tensor lies. */
export interface GgufPlace {
  readonly type: string;
  /** Row-major as here: the file has the lengths the other way round. */
  readonly shape: Shape;
  /** The file's byte where its numbers begin. */
  readonly from: number;
}

export interface GgufHeader {
  readonly metadata: GgufMetadata;
  readonly types: Readonly<Record<string, GgufType>>;
  readonly places: ReadonlyMap<string, GgufPlace>;
}

/** GGML has room for 63 bytes of a name. */
export const LONGEST_NAME = 63;
const LONGEST_KEY = 65535;
const MOST_AXES = 4;
/** Arrays in arrays: the format allows them, nobody writes them. */
const DEEPEST = 4;

/**
 * Reads a header. Counts and lengths are believed where the file has as many bytes left.
 * @param bytes the file's beginning
 * @throws NeedsMore where the header goes on beyond `bytes`, but within the file
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export function readGgufHeader(bytes: Uint8Array, size: number, refuse: Refuse): GgufHeader {
  const cursor = new Cursor(bytes, size, refuse);
  if (size < 24 || bytes[0] !== 0x47 || bytes[1] !== 0x47 || bytes[2] !== 0x55 || bytes[3] !== 0x46)
    refuse(0, "a GGUF file", foreignKind(bytes) ?? `a file of ${size} bytes that begins otherwise`);
  cursor.position = 4;
  const version = cursor.uint32("a version");
  if (version >= 2 ** 24) refuse(4, "a little-endian GGUF file", "a big-endian one");
  if (version !== 3 && version !== 2) refuse(4, "version 3 or 2", `version ${version}`);
  const tensorCount = cursor.count("tensors", 8 + 4 + 4 + 8);
  const pairCount = cursor.count("pairs of metadata", 8 + 4 + 1);

  const metadata = new Map<string, GgufValue>();
  const types: [string, GgufType][] = [];
  for (let i = 0; i < pairCount; i++) {
    const at = cursor.position;
    const key = cursor.string("a key", LONGEST_KEY);
    if (metadata.has(key)) refuse(at, "each key once", `${show(key)} again`);
    const type = readType(cursor, key, refuse);
    const item = type === "array" ? readType(cursor, key, refuse) : undefined;
    metadata.set(
      key,
      item ? readArray(cursor, key, item, 1, refuse) : readValue(cursor, key, type),
    );
    types.push([key, item ? `array<${item}>` : type]);
  }
  const alignment = metadata.get("general.alignment") ?? ALIGNMENT;
  const isPower = typeof alignment === "number" && alignment >= 1 && alignment <= 2 ** 20;
  if (!isPower || (alignment & (alignment - 1)) !== 0)
    return refuse(cursor.position, "a general.alignment that is a power of two", `${alignment}`);
  return {
    metadata: Object.fromEntries(metadata),
    types: Object.fromEntries(types),
    places: readPlaces(cursor, tensorCount, alignment, size, refuse),
  };
}

function readType(cursor: Cursor, key: string, refuse: Refuse): ValueType {
  const at = cursor.position;
  const code = cursor.uint32(`the type of ${key}`);
  return valueTypeOf(code) ?? refuse(at, `a type of metadata for ${key}`, `type ${code}`);
}

function readValue(cursor: Cursor, key: string, type: ValueType): GgufValue {
  if (type === "string") return cursor.string(`the text of ${key}`);
  if (type === "bool") return cursor.bool(key);
  const { bytes = 1, view } = numberArrays[type] ?? {};
  const value = view?.(cursor.buffer(bytes, key))[0] ?? 0;
  return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function readArray(
  cursor: Cursor,
  key: string,
  type: ValueType,
  depth: number,
  refuse: Refuse,
): GgufValue {
  if (depth > DEEPEST)
    return refuse(cursor.position, `at most ${DEEPEST} arrays in each other in ${key}`, "more");
  const numbers = numberArrays[type];
  const least = numbers?.bytes ?? { string: 8, bool: 1, array: 12 }[type as string] ?? 1;
  const count = cursor.count(`items of ${key}`, least);
  if (numbers) return numbers.view(cursor.buffer(count * numbers.bytes, key));
  const items: GgufValue[] = [];
  for (let i = 0; i < count; i++)
    items.push(
      type === "array"
        ? readArray(cursor, key, readType(cursor, key, refuse), depth + 1, refuse)
        : readValue(cursor, key, type),
    );
  return items;
}

function readPlaces(
  cursor: Cursor,
  count: number,
  alignment: number,
  size: number,
  refuse: Refuse,
): ReadonlyMap<string, GgufPlace> {
  const rows: { name: string; type: string; shape: Shape; offset: number; at: number }[] = [];
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    const at = cursor.position;
    const name = cursor.string("a tensor's name", LONGEST_NAME + 1);
    if (names.has(name)) refuse(at, "each tensor once", `${show(name)} again`);
    names.add(name);
    const rank = cursor.uint32(`the rank of ${name}`);
    if (rank > MOST_AXES) refuse(at, `at most ${MOST_AXES} axes of ${show(name)}`, `${rank}`);
    const shape = Array.from({ length: rank }, () =>
      cursor.uint64(`a length of ${name}`),
    ).reverse();
    const type = tensorTypeName(cursor.uint32(`the type of ${name}`));
    const offset = cursor.uint64(`the offset of ${name}`);
    const known = tensorTypes[type];
    if (!known)
      return refuse(
        at,
        `${show(name)} as ${Object.keys(tensorTypes).join(", ")}`,
        `${type}: take a release of this model in F16, BF16 or Q8_0`,
      );
    if ((shape.at(-1) ?? 1) % known.block !== 0)
      refuse(
        at,
        `rows of whole blocks of ${known.block} in ${show(name)}`,
        `[${shape.join(", ")}]`,
      );
    rows.push({ name, type, shape, offset, at });
  }
  const start = aligned(cursor.position, alignment);
  const places = new Map<string, GgufPlace>();
  let end = 0;
  for (const { name, type, shape, offset, at } of rows) {
    const { block = 1, bytes = 1 } = tensorTypes[type] ?? {};
    if (offset !== end)
      refuse(at, `the numbers of ${show(name)} at offset ${end}`, `them at ${offset}`);
    const length = (sizeOf(shape) / block) * bytes;
    if (!(start + offset + length <= size))
      refuse(at, `${show(name)} within the file of ${size} bytes`, `[${shape.join(", ")}] ${type}`);
    places.set(name, { type, shape, from: start + offset });
    end = aligned(offset + length, alignment);
  }
  if (size > start + end)
    refuse(start + end, "the end of the file", `${size - start - end} bytes more`);
  return places;
}
