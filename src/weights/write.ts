import { isRecord } from "../json/isRecord.ts";
import { DataError } from "../tensor/errors.ts";
import { expectKnown } from "../tensor/options.ts";
import { inParts, inUnits, type TensorParts } from "../tensor/parts.ts";
import { sameShape, sizeOf } from "../tensor/shapes.ts";
import { type Shape, Tensor } from "../tensor/tensor.ts";
import {
  type EitherCase,
  encodeNumbers,
  ownType,
  STORED_TYPES,
  type StoredType,
  storedTypes,
  typeNamed,
} from "./dtypes.ts";
import { allOrNone, partialFile, type Sink } from "./partialFile.ts";
import type { TypeOf } from "./safetensors.ts";
import { encodeHeader } from "./safetensorsHeader.ts";

/** A tensor that is made when its turn to be written comes, and then forgotten. */
export interface TensorSource {
  readonly name: string;
  readonly shape: Shape;
  /** How its numbers are written. */
  readonly type: StoredType;
  /** A host constant, or its numbers in parts: then no more than a part is held. */
  read(): Readable | Promise<Readable>;
}

export type Readable = Tensor | TensorParts;

/** Parts begin at multiples of whole blocks of every type. */
const UNIT = 32;

/** A tensor's numbers in pieces of their bytes. @throws DataError where it is not as announced */
export async function writeNumbers(
  { name, shape, read }: Pick<TensorSource, "name" | "shape" | "read">,
  encode: (data: Tensor["data"], name: string) => Uint8Array,
  sink: Sink,
): Promise<void> {
  const given = await read();
  const tensor = given instanceof Tensor ? inParts(given) : given;
  const count = sizeOf(shape);
  if (!sameShape(tensor.shape, shape))
    throw new DataError(`${name}: expected a tensor of [${shape}], got one of [${tensor.shape}]`);
  let written = 0;
  for await (const part of inUnits(tensor.parts(), UNIT, count)) {
    written += part.length;
    if (written > count) break;
    await sink.write(encode(part, name));
  }
  if (written !== count)
    throw new DataError(`${name}: expected ${count} numbers, got ${written} or more`);
}

/** A whole safetensors file. */
export async function writeTensors(
  sources: readonly TensorSource[],
  metadata: Readonly<Record<string, string>> | undefined,
  sink: Sink,
): Promise<void> {
  await sink.write(encodeHeader(sources, metadata));
  for (const source of sources)
    await writeNumbers(source, (data, name) => encodeNumbers(data, source.type, name), sink);
}

/** How numbers are written into a safetensors file. */
export interface WriteOptions {
  /** How numbers are written: one type for all floats, or for each; their own where it is absent. */
  readonly dtype?: EitherCase<StoredType> | TypeOf;
}

/**
 * Writes a safetensors file: the whole file or nothing.
 * @example await writeSafetensors("w.safetensors", { tensors: { w: tensor([1, 2]) } }, { dtype: "BF16" })
 * @throws DataError, TypeError for what could not be read back; RangeError for an unknown dtype
 */
export async function writeSafetensors(
  path: string,
  content: {
    readonly tensors: Readonly<Record<string, Tensor>>;
    readonly metadata?: Readonly<Record<string, string>>;
  },
  options: WriteOptions = {},
): Promise<void> {
  expectKnown("writeSafetensors", options, ["dtype"]);
  const { tensors, metadata }: typeof content = Object(content);
  if (!isRecord(tensors))
    throw new TypeError("writeSafetensors: expected { tensors, metadata }, got no tensors by name");
  const { dtype } = options;
  const ofAll =
    typeof dtype === "string"
      ? typeNamed("writeSafetensors: dtype", dtype, STORED_TYPES)
      : undefined;
  const typeOf = (name: string, tensor: Tensor): StoredType => {
    const own = ownType(tensor.data, name);
    if (typeof dtype === "function") return dtype(name, tensor) ?? own;
    return tensor.dtype === "float" ? (ofAll ?? own) : own;
  };
  const sources = Object.entries(tensors).map(([name, tensor]) => ({
    ...{ name, shape: tensor.shape, type: typeOf(name, tensor) },
    read: () => tensor,
  }));
  const file = partialFile(path);
  await allOrNone([file], async () => {
    await file.fill((sink) => writeTensors(inAlignedOrder(sources), metadata, sink));
  });
}

/** Wide numbers first, so that each array begins at a multiple of its numbers' width. */
export const inAlignedOrder = (sources: readonly TensorSource[]): TensorSource[] =>
  sources.toSorted((a, b) => storedTypes[b.type].bytes - storedTypes[a.type].bytes);
