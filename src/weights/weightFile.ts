import { DataError } from "../tensor/errors.ts";
import { cut, type TensorParts, wholeOf } from "../tensor/parts.ts";
import { sizeOf } from "../tensor/shapes.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { show } from "./refuse.ts";

/** A file of which parts can be read: on a disk, in memory, behind a file input of a page. */
export interface RangeReader {
  /** Bytes of the whole file. */
  readonly size: number;
  /**
   * `length` bytes from `from` on, in memory that is the caller's own; fewer where the file ends.
   * @param into memory of that length that may be taken for them
   */
  read(from: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
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
   * The numbers in parts, so that the whole is never held: `engine.putParts(file.stream("w"))`. What
   * is wrong with them is told when they are read.
   * @param rows only these rows of the first axis
   */
  stream(name: string, rows?: Rows): TensorParts;
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
  read: async (from, length, into) => {
    const found = bytes.subarray(from, from + length);
    if (!into) return found.slice();
    into.set(found);
    return into.subarray(0, found.length);
  },
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

/**
 * Some rows of a tensor in parts; the others are passed over.
 * @throws RangeError for rows that are not there
 */
export function rowsIn(all: TensorParts, rows: Rows | undefined, name: string): TensorParts {
  if (rows === undefined) return all;
  const width = sizeOf(all.shape.slice(1));
  const [from, to] = [rows[0] * width, rows[1] * width];
  const { shape, dtype, kept, parts } = all;
  return {
    ...{ shape: rowsOf(shape, rows, name), dtype, ...(kept && { kept }) },
    parts: () => cut(parts(), from, to),
  };
}

/** The entry of a name. @throws DataError where there is none */
export function entryOf<T>(entries: ReadonlyMap<string, T>, name: string, path: string): T {
  const entry = entries.get(name);
  if (entry !== undefined) return entry;
  throw new DataError(`${path}: expected a tensor named ${show(name)}, got none`);
}

/** Both ways of reading a tensor, of a way to stream it. */
export const reading = (stream: TensorFile["stream"]): Pick<TensorFile, "stream" | "read"> => ({
  stream,
  read: async (name, rows) => wholeOf(stream(name, rows), name),
});
