import { inParts, joinedArrays } from "../tensor/parts.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { encodeNumbers, ownType, type StoredType } from "./dtypes.ts";
import { decodePlace, streamPlace } from "./place.ts";
import { refusing } from "./refuse.ts";
import {
  encodeHeader,
  type Header,
  headerLength,
  LENGTH_BYTES,
  readHeader,
} from "./safetensorsHeader.ts";
import { refuseBareFp8, withScales } from "./scaled.ts";
import { type FileSource, openSource } from "./source.ts";
import { entryOf, type RangeReader, reading, type WeightFile } from "./weightFile.ts";

/** Host tensors by name, with free text about them. */
export interface Weights {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** How the numbers of a tensor are written; its own type where nothing is said. */
export type TypeOf = (name: string, tensor: Tensor) => StoredType | undefined;

const rowsOf = (tensors: Weights["tensors"], typeOf: TypeOf) =>
  Object.entries(tensors).map(([name, tensor]) => ({
    ...{ name, tensor, shape: tensor.shape },
    type: typeOf(name, tensor) ?? ownType(tensor.data, name),
  }));

/**
 * Writes the safetensors format: the header's length (8 bytes, little-endian), a JSON header,
 * then the numbers, little-endian and row-major.
 * @throws DataError, TypeError for what could not be read back: names that the format keeps,
 *   metadata that is no text, arrays without a type here
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeSafetensors(
  { tensors, metadata }: Weights,
  typeOf: TypeOf = () => undefined,
): Uint8Array {
  const rows = rowsOf(tensors, typeOf);
  const header = encodeHeader(rows, metadata);
  const numbers = rows.map(({ name, tensor, type }) => encodeNumbers(tensor.data, type, name));
  return joinedArrays([header, ...numbers]);
}

/** The same bytes in parts: no more than one of them is made at a time. */
export function* safetensorsParts({ tensors, metadata }: Weights): Generator<Uint8Array, void> {
  const rows = rowsOf(tensors, () => undefined);
  yield encodeHeader(rows, metadata);
  for (const { name, tensor, type } of rows)
    for (const part of inParts(tensor).parts()) yield encodeNumbers(part, type, name);
}

/**
 * Reads a whole file of the safetensors format that lies in memory.
 * @param path where the bytes come from, for messages
 * @throws DataError with the path, the byte offset and what was expected
 */
export function decodeSafetensors(file: Uint8Array, path: string): Weights {
  const refuse = refusing(path);
  const length = headerLength(file.subarray(0, HEAD), file.length, refuse);
  const json = file.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
  const { places, metadata } = readHeader(json, file.length, refuse);
  for (const [name, { type }] of places) refuseBareFp8(type, name, path);
  const tensors = Object.fromEntries(
    [...places].map(([name, place]) => [name, decodePlace(file, path, name, place)]),
  );
  return { tensors, metadata };
}

/** Bytes that tell what a file is. */
const HEAD = 64;

/**
 * Opens a file of the safetensors format: reads its header, and numbers when they are asked for.
 * Float8 is read where its scales are in the file (`NAME_scale_inv`), else refused.
 * @param path names the file in messages
 * @throws DataError with the path, the byte offset and what was expected
 */
export const openSafetensors = async (file: RangeReader, path: string): Promise<WeightFile> =>
  withScales(await openShard(file, path), path);

/** The same, but float8 comes without its scales, which may be in another shard. */
export async function openShard(file: RangeReader, path: string): Promise<WeightFile> {
  const refuse = refusing(path);
  const head = await file.read(0, Math.min(HEAD, file.size));
  const length = headerLength(head, file.size, refuse);
  const json = await file.read(LENGTH_BYTES, length);
  return fileOf(file, path, readHeader(json, file.size, refuse));
}

const fileOf = (file: RangeReader, path: string, { places, metadata }: Header): WeightFile => ({
  names: [...places.keys()],
  metadata,
  shapeOf: (name) => entryOf(places, name, path).shape,
  dtypeOf: (name) => entryOf(places, name, path).type,
  ...reading((name, rows) => streamPlace(file, path, name, entryOf(places, name, path), rows)),
});

/**
 * Reads a whole safetensors file: a path in Node, bytes, or a page's Blob.
 * @example const { tensors } = await readSafetensors("model.safetensors")
 * @throws DataError with the path, the byte offset and what was expected
 */
export async function readSafetensors(source: FileSource): Promise<Weights> {
  const { file, path } = await openSource(source, "safetensors");
  const { names, metadata, read } = await openSafetensors(file, path);
  const tensors: [string, Tensor][] = [];
  for (const name of names) tensors.push([name, await read(name)]);
  return { tensors: Object.fromEntries(tensors), metadata };
}
