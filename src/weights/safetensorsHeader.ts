import { isRecord } from "../json/isRecord.ts";
import { parseJson } from "../json/parseJson.ts";
import { DataError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shapes.ts";
import type { Shape } from "../tensor/tensor.ts";
import { isStoredType, type StoredType, storedTypes } from "./dtypes.ts";
import type { Place } from "./place.ts";
import { foreignKind, type Refuse, show } from "./refuse.ts";

/** What stands before the numbers. */
export interface Header {
  readonly places: ReadonlyMap<string, Place>;
  readonly metadata: Readonly<Record<string, string>>;
}

export const LENGTH_BYTES = 8;
/** As in the original reader: a longer header would be an attack, or no header. */
const LONGEST = 100_000_000;
/** `{ name: { shape: [` is three. */
const DEEPEST = 8;

/** The header's length, from the file's first bytes. */
export function headerLength(start: Uint8Array, size: number, refuse: Refuse): number {
  const instead = (otherwise: string): string => foreignKind(start) ?? otherwise;
  if (start.length < LENGTH_BYTES)
    refuse(0, `a header length of ${LENGTH_BYTES} bytes`, instead(`a file of ${size} bytes`));
  const length = Number(new DataView(start.buffer, start.byteOffset).getBigUint64(0, true));
  const what = foreignKind(start);
  if (what && length > size) return refuse(0, "a safetensors file", what);
  if (length > size - LENGTH_BYTES)
    refuse(0, `a header that ends within the file of ${size} bytes`, `one of ${length} bytes`);
  if (length > LONGEST) refuse(0, `a header of at most ${LONGEST} bytes`, `one of ${length} bytes`);
  return length;
}

/**
 * Reads a header. Nothing in it is believed before it fits the file's size.
 * @param bytes the JSON, without the length
 */
export function readHeader(bytes: Uint8Array, size: number, refuse: Refuse): Header {
  const start = LENGTH_BYTES + bytes.length;
  const text = decodeText(bytes, refuse);
  const byteAt = (index: number): number =>
    LENGTH_BYTES + new TextEncoder().encode(text.slice(0, index)).length;
  if (text[0] !== "{") refuse(LENGTH_BYTES, "a header in JSON", show(text.slice(0, 40)));
  const header = parseJson(text, {
    depth: DEEPEST,
    refuse: ({ index, path, expected, got }) =>
      refuse(byteAt(index), `${expected} in the header${path && `, at ${path}`}`, got),
  });
  if (!isRecord(header)) return refuse(LENGTH_BYTES, "a JSON object", show(header));
  const places = new Map<string, Place>();
  const spans: Span[] = [];
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, row] of Object.entries(header)) {
    const here: RefuseRow = (expected, got) =>
      refuse(
        byteAt(Math.max(0, text.indexOf(JSON.stringify(name)))),
        `${expected} for ${name}`,
        got,
      );
    if (name === "__metadata__") {
      if (!isTexts(row)) refuse(LENGTH_BYTES, "__metadata__ of strings", show(row));
      else metadata = row;
      continue;
    }
    if (name === "__proto__") here("another name", "one that JavaScript gives a meaning");
    const { type, shape, from, to } = readRow(row, here);
    places.set(name, { type, shape, from: start + from });
    spans.push({ name, from, to });
  }
  checkLayout(spans, size - start, start, refuse);
  return { places, metadata };
}

function decodeText(bytes: Uint8Array, refuse: Refuse): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse(LENGTH_BYTES, "a header in UTF-8", "other bytes");
  }
}

export const isTexts = (value: unknown): value is Readonly<Record<string, string>> =>
  isRecord(value) && Object.values(value).every((text) => typeof text === "string");

type RefuseRow = (expected: string, got: string) => never;

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

interface Row {
  readonly type: StoredType;
  readonly shape: Shape;
  /** Bytes, counted from the end of the header. */
  readonly from: number;
  readonly to: number;
}

function readRow(row: unknown, refuse: RefuseRow): Row {
  if (!isRecord(row)) return refuse("dtype, shape and data_offsets", show(row));
  const { dtype: type, shape, data_offsets: offsets } = row;
  if (!isStoredType(type))
    return refuse(`a dtype of ${Object.keys(storedTypes).join(", ")}`, show(type));
  if (!isCounts(shape)) return refuse("a shape of counts", show(shape));
  if (!isCounts(offsets) || offsets.length !== 2) return refuse("two data_offsets", show(offsets));
  const [from, to] = offsets as [number, number];
  const bytes = sizeOf(shape) * storedTypes[type].bytes;
  if (to - from !== bytes) return refuse(`data_offsets ${bytes} bytes apart`, show(offsets));
  // Minus zero, which JSON can write, is a zero.
  return { type, shape: shape.map((n) => n + 0), from: from + 0, to };
}

interface Span {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** The format forbids holes, overlaps and bytes left over. */
function checkLayout(spans: readonly Span[], bytes: number, start: number, refuse: Refuse): void {
  let end = 0;
  for (const { name, from, to } of spans.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== end)
      refuse(start + end, `the numbers of ${name} here`, `them at byte ${start + from}`);
    end = to;
  }
  if (end !== bytes) refuse(start + end, "the end of the file", `an end at byte ${start + bytes}`);
}

/** What is to be written. */
export interface Written {
  readonly name: string;
  readonly type: StoredType;
  readonly shape: Shape;
}

/**
 * The bytes before the numbers, which follow in the order given, row-major and little-endian.
 * @throws DataError for what could not be read back
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeHeader(
  tensors: readonly Written[],
  metadata: Readonly<Record<string, string>> | undefined,
): Uint8Array {
  if (metadata !== undefined && !isTexts(metadata))
    throw new DataError(`safetensors: expected metadata of strings, got ${show(metadata)}`);
  const rows = new Map<string, unknown>();
  if (metadata !== undefined) rows.set("__metadata__", metadata);
  let end = 0;
  for (const { name, type, shape } of tensors) {
    checkName(name);
    if (rows.has(name))
      throw new DataError(`safetensors: expected ${show(name)} once, got it again`);
    if (!isStoredType(type))
      throw new RangeError(
        `safetensors: expected one of ${Object.keys(storedTypes).join(", ")} for ${show(name)}, got ${String(type)}`,
      );
    const from = end;
    end += sizeOf(shape) * storedTypes[type].bytes;
    rows.set(name, { dtype: type, shape, data_offsets: [from, end] });
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(rows)));
  // Numbers are to start at a multiple of 8; spaces may fill the header up.
  const length = Math.ceil(text.length / 8) * 8;
  if (length > LONGEST)
    throw new DataError(
      `safetensors: expected a header of at most ${LONGEST} bytes, got ${length}`,
    );
  const header = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, LENGTH_BYTES);
  return header;
}

function checkName(name: string): void {
  if (name === "__metadata__" || name === "__proto__")
    throw new DataError(`safetensors: expected another name than ${name}, which readers refuse`);
  if (/\p{Surrogate}/u.test(name))
    throw new DataError(`safetensors: expected a name in Unicode, got ${show(name)}`);
}
