import { DataError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shapes.ts";
import { BLOCK, quantize } from "../../tensor/storage/q8.ts";
import type { Shape, Tensor } from "../../tensor/tensor.ts";
import { encodeNumbers, expectHeld } from "../dtypes.ts";
import { allOrNone, partialFile, type Sink } from "../partialFile.ts";
import { show } from "../refuse.ts";
import { type Readable, writeNumbers } from "../write.ts";
import { LONGEST_NAME } from "./header.ts";
import {
  ALIGNMENT,
  aligned,
  type GgufMetadata,
  type GgufTensorType,
  type GgufType,
  type GgufValue,
  tensorTypes,
  valueTypes,
} from "./types.ts";
import { Bytes, encodeValue, typeOfValue } from "./values.ts";

/** A tensor that is made when its turn to be written comes. */
export interface GgufTensor {
  /** llama.cpp's name, of at most 63 bytes. */
  readonly name: string;
  readonly shape: Shape;
  readonly type: GgufTensorType;
  /** A host constant, or its numbers in parts: then no more than a part is held. */
  read(): Readable | Promise<Readable>;
}

/** What a GGUF file holds. */
export interface GgufContent {
  readonly metadata: GgufMetadata;
  /**
   * Types of values. Where one is absent, text, truth values and typed arrays have their own, a
   * whole number is uint32 (int32 below 0), another number float32, a bigint uint64 (or int64).
   */
  readonly types?: Readonly<Record<string, GgufType>>;
  readonly tensors: readonly GgufTensor[];
}

/**
 * Writes a GGUF file, version 3: the whole file or nothing.
 * @throws DataError for what could not be read back
 */
export async function writeGguf(path: string, content: GgufContent): Promise<void> {
  const file = partialFile(path);
  await allOrNone([file], () => file.fill((sink) => writeContent(content, sink)));
}

/** The bytes of a GGUF file, for where there are no paths. */
export async function encodeGguf(content: GgufContent): Promise<Uint8Array> {
  const bytes = new Bytes();
  await writeContent(content, { write: async (part) => bytes.raw(part.slice()) });
  return bytes.joined();
}

async function writeContent(content: GgufContent, sink: Sink): Promise<void> {
  if (!Array.isArray(Object(content).tensors))
    throw new TypeError("writeGguf: expected { metadata, tensors }, got no list of tensors");
  await sink.write(encodeGgufHeader(content));
  for (const { name, shape, type, read } of content.tensors) {
    let written = 0;
    await writeNumbers({ name, shape, read }, (data, at) => encode(data, type, at), {
      write: async (bytes) => {
        written += bytes.length;
        await sink.write(bytes);
      },
    });
    await sink.write(new Uint8Array(aligned(written, ALIGNMENT) - written));
  }
}

function encode(data: Tensor["data"], type: GgufTensorType, name: string): Uint8Array {
  if (type !== "Q8_0") return encodeNumbers(data, type, name);
  expectHeld(data, type, name);
  return quantize(data);
}

function encodeGgufHeader({ metadata, types = {}, tensors }: GgufContent): Uint8Array {
  const bytes = new Bytes();
  bytes.raw(new TextEncoder().encode("GGUF"));
  bytes.uint32(3);
  bytes.uint64(tensors.length);
  bytes.uint64(Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) {
    bytes.string(key);
    encodePair(bytes, key, value, types[key]);
  }
  let offset = 0;
  const names = new Set<string>();
  for (const { name, shape, type } of tensors) {
    const { code = 0, block = 1, bytes: each = 1 } = tensorTypes[type] ?? {};
    check(name, shape, type, names);
    bytes.string(name);
    bytes.uint32(shape.length);
    for (const length of shape.toReversed()) bytes.uint64(length);
    bytes.uint32(code);
    bytes.uint64(offset);
    offset = aligned(offset + (sizeOf(shape) / block) * each, ALIGNMENT);
  }
  bytes.pad(ALIGNMENT);
  return bytes.joined();
}

function encodePair(bytes: Bytes, key: string, value: GgufValue, type?: GgufType): void {
  if (key === "general.alignment" && value !== ALIGNMENT)
    throw new DataError(`gguf: expected general.alignment ${ALIGNMENT}, got ${value}`);
  const own = type ?? typeOfValue(value, key);
  const item = /^array<(\w+)>$/.exec(own)?.[1];
  bytes.uint32(valueTypes[(item === undefined ? own : "array") as keyof typeof valueTypes]);
  encodeValue(bytes, value, own, key);
}

function check(name: string, shape: Shape, type: GgufTensorType, names: Set<string>): void {
  const bytes = new TextEncoder().encode(name).length;
  if (bytes > LONGEST_NAME)
    throw new DataError(
      `gguf: expected a name of at most ${LONGEST_NAME} bytes, got ${show(name)}`,
    );
  if (names.has(name)) throw new DataError(`gguf: expected ${show(name)} once, got it again`);
  names.add(name);
  if (shape.length > 4)
    throw new DataError(
      `gguf: expected at most 4 axes of ${show(name)}, got [${shape.join(", ")}]`,
    );
  if (type === "Q8_0" && (shape.at(-1) ?? 1) % BLOCK !== 0)
    throw new DataError(
      `gguf: expected rows of whole blocks of ${BLOCK} in ${show(name)}, got [${shape.join(", ")}]`,
    );
}
