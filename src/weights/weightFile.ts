import { constant } from "../tensor/apply.ts";
import { DataError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shapes.ts";
import type { Shape, Tensor, TypedArray } from "../tensor/tensor.ts";
import { type StoredType, storedTypes } from "./dtypes.ts";
import { refusing, show } from "./refuse.ts";

/** A file of which parts can be read: on a disk, in memory, behind a file input of a page. */
export interface RangeReader {
  /** Bytes of the whole file. */
  readonly size: number;
  /** `length` bytes from `from` on, in memory that is the caller's own. */
  read(from: number, length: number): Promise<Uint8Array>;
}

/** Named tensors in a file, or in several; a tensor's numbers are read when they are asked for. */
export interface TensorFile {
  /** In the file's order. */
  readonly names: readonly string[];
  /** @throws DataError for a name that is not there; as do the others */
  shapeOf(name: string): Shape;
  /** How the numbers are kept: `BF16`, `F32`, `Q8_0` … */
  dtypeOf(name: string): string;
  /**
   * A host constant: float32, float64 where the file has it, int32 for all kinds of integers.
   * @param rows only these rows of the first axis
   */
  read(name: string, rows?: Rows): Promise<Tensor<"constant">>;
}

/** A file of tensors, or several, with free text about them: safetensors. */
export interface WeightFile extends TensorFile {
  readonly metadata: Readonly<Record<string, string>>;
}

/** Rows of a first axis, the last excluded. */
export type Rows = readonly [from: number, to: number];

/** Bytes in memory as a file. */
export const bytesReader = (bytes: Uint8Array): RangeReader => ({
  size: bytes.length,
  read: async (from, length) => bytes.slice(from, from + length),
});

/** What is read of a page's Blob or File: said here, since Node's programs have no types of pages. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** A Blob as a file, such as a File that was chosen or dropped in a page. */
export const blobReader = (blob: BlobLike): RangeReader => ({
  size: blob.size,
  read: async (from, length) => new Uint8Array(await blob.slice(from, from + length).arrayBuffer()),
});

/** The shape of some rows. @throws RangeError for rows that are not there */
export function rowsOf(shape: Shape, rows: Rows | undefined, name: string): Shape {
  if (rows === undefined) return shape;
  const [from, to] = rows;
  const [length, ...rest] = shape;
  const isIn = Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to;
  if (length === undefined || !isIn || to > length)
    throw new RangeError(`${name}: expected rows within [0, ${length}], got [${from}, ${to}]`);
  return [to - from, ...rest];
}

/** The entry of a name. @throws DataError where there is none */
export function entryOf<T>(entries: ReadonlyMap<string, T>, name: string, path: string): T {
  const entry = entries.get(name);
  if (entry !== undefined) return entry;
  throw new DataError(`${path}: expected a tensor named ${show(name)}, got none`);
}

/** Numbers that are converted at a time: their bytes are not held beside those of the whole. */
const CHUNK = 1 << 22;

/** Where a tensor lies in a file. */
export interface Place {
  readonly type: StoredType;
  readonly shape: Shape;
  /** The file's byte where its numbers begin. */
  readonly from: number;
}

/** Reads a tensor that is kept row-major, without holes. */
export async function readPlace(
  file: RangeReader,
  path: string,
  name: string,
  { type, shape, from }: Place,
  rows?: Rows,
): Promise<Tensor<"constant">> {
  const wanted = rowsOf(shape, rows, name);
  const { bytes, make } = storedTypes[type];
  const count = sizeOf(wanted);
  const first = from + (rows?.[0] ?? 0) * sizeOf(shape.slice(1)) * bytes;
  const fetch = async (start: number, length: number): Promise<ArrayBuffer> => {
    const at = first + start * bytes;
    const got = await file.read(at, length * bytes);
    if (got.length === length * bytes) return wholeBuffer(got);
    const short = `${got.length}: the file was cut short while it was read`;
    return refusing(path)(at, `${length * bytes} bytes of ${show(name)}`, short);
  };
  const own = ownNumbers[type];
  if (own) return constant(own(await fetch(0, count)), wanted);
  const out = make(count);
  for (let start = 0; start < count; start += CHUNK) {
    const length = Math.min(CHUNK, count - start);
    const part = out.subarray(start, start + length);
    decode(await fetch(start, length), part, type, { path, name, byte: first + start * bytes });
  }
  return constant(out, wanted);
}

/** The same of a file in memory, at once. */
export function decodePlace(
  file: Uint8Array,
  path: string,
  name: string,
  { type, shape, from }: Place,
): Tensor<"constant"> {
  const { bytes, make } = storedTypes[type];
  const count = sizeOf(shape);
  const copy = new Uint8Array(file.subarray(from, from + count * bytes)).buffer;
  const own = ownNumbers[type];
  if (own) return constant(own(copy), shape);
  const out = make(count);
  decode(copy, out, type, { path, name, byte: from });
  return constant(out, shape);
}

function decode(
  bytes: ArrayBuffer,
  into: TypedArray,
  type: StoredType,
  { path, name, byte }: { readonly path: string; readonly name: string; readonly byte: number },
): void {
  const stored = storedTypes[type];
  const bad = stored.decode(bytes, into);
  if (bad < 0) return;
  const expected = type === "BOOL" ? "0 or 1" : "numbers of int32";
  const got = `another one of type ${type}`;
  refusing(path)(byte + bad * stored.bytes, `${expected} in ${show(name)}`, got);
}

/** Types whose bytes are the numbers in memory: nothing to convert, nothing held twice. */
const ownNumbers: Readonly<
  Partial<Record<StoredType, (buffer: ArrayBuffer) => Float32Array | Float64Array | Int32Array>>
> = {
  F32: (buffer) => new Float32Array(buffer),
  F64: (buffer) => new Float64Array(buffer),
  I32: (buffer) => new Int32Array(buffer),
};

/** The bytes as a buffer of their own, aligned for every type. */
export const wholeBuffer = (bytes: Uint8Array): ArrayBuffer =>
  bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
    ? bytes.buffer
    : new Uint8Array(bytes).buffer;
