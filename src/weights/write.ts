import { DataError } from "../tensor/errors.ts";
import { expectKnown } from "../tensor/options.ts";
import { inParts, inUnits, type TensorParts } from "../tensor/parts.ts";
import { sameShape, sizeOf } from "../tensor/shapes.ts";
import { type Shape, Tensor } from "../tensor/tensor.ts";
import { encodeNumbers, ownType, type StoredType, storedTypes } from "./dtypes.ts";
import { nodeFs, syncFolder } from "./nodeFile.ts";
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

/** Where bytes go, one after the other. */
export interface Sink {
  write(bytes: Uint8Array): Promise<void>;
}

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
async function writeTensors(
  sources: readonly TensorSource[],
  metadata: Readonly<Record<string, string>> | undefined,
  sink: Sink,
): Promise<void> {
  await sink.write(encodeHeader(sources, metadata));
  for (const source of sources)
    await writeNumbers(source, (data, name) => encodeNumbers(data, source.type, name), sink);
}

export interface WriteOptions {
  /** How numbers are written: one type for all floats, or for each; their own where it is absent. */
  readonly dtype?: StoredType | TypeOf;
}

/**
 * Writes a safetensors file: the whole file or nothing.
 * @example await writeSafetensors("w.safetensors", { tensors: { w: tensor([1, 2]) } }, { dtype: "BF16" })
 * @throws DataError, TypeError for what could not be read back
 */
export async function writeSafetensors(
  path: string,
  {
    tensors,
    metadata,
  }: {
    readonly tensors: Readonly<Record<string, Tensor>>;
    readonly metadata?: Readonly<Record<string, string>>;
  },
  options: WriteOptions = {},
): Promise<void> {
  expectKnown("writeSafetensors", options, ["dtype"]);
  const { dtype } = options;
  const typeOf = (name: string, tensor: Tensor): StoredType => {
    const own = ownType(tensor.data, name);
    if (typeof dtype === "function") return dtype(name, tensor) ?? own;
    return tensor.dtype === "float" ? (dtype ?? own) : own;
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
const inAlignedOrder = (sources: readonly TensorSource[]): TensorSource[] =>
  sources.toSorted((a, b) => storedTypes[b.type].bytes - storedTypes[a.type].bytes);

export interface SaveOptions {
  /** `model` makes model.safetensors, or model-00001-of-00003.safetensors and an index. */
  readonly base?: string;
  /** A new file is begun before one grows beyond this; 5 GB, as on the Hub. */
  readonly maxShardBytes?: number;
  /** `{ format: "pt" }`, without which transformers refuses the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes a model's tensors into a folder, one at a time, as `save_pretrained` lays them out: one
 * file, or several and an index. All files take their names when the last is written: before that
 * the folder holds what it held, and a process that ends in between leaves no mixture that could
 * be taken for a model. Files of a former layout are removed.
 * @returns the names of the files, in the folder
 */
export async function saveWeights(
  folder: string,
  sources: readonly TensorSource[],
  options: SaveOptions = {},
): Promise<readonly string[]> {
  expectKnown("saveWeights", options, ["base", "maxShardBytes", "metadata"]);
  const { base = "model", maxShardBytes = 5e9, metadata = { format: "pt" } } = options;
  const fs = nodeFs("saveWeights");
  const shards = shardsOf(sources, maxShardBytes);
  const names = shards.map((_, i) =>
    shards.length === 1 ? `${base}.safetensors` : shardName(base, i + 1, shards.length),
  );
  encodeHeader(sources, metadata);
  await fs.mkdir(folder, { recursive: true });
  const former = await weightFiles(folder, base);
  const files = names.map((name) => partialFile(`${folder}/${name}`));
  const indexName = `${base}.safetensors.index.json`;
  const index = partialFile(`${folder}/${indexName}`);
  const isSharded = shards.length > 1;
  await allOrNone(isSharded ? [...files, index] : files, async () => {
    for (const [i, shard] of shards.entries())
      await files[i]?.fill((sink) => writeTensors(inAlignedOrder(shard), metadata, sink));
    if (isSharded) await index.fill((sink) => sink.write(indexOf(shards, names)));
    // With the old index gone no reader takes some shards of each model for a whole one.
    await fs.rm(`${folder}/${indexName}`, { force: true });
  });
  const all = isSharded ? [...names, indexName] : names;
  const left = former.filter((name) => !all.includes(name));
  await Promise.all(left.map((name) => fs.rm(`${folder}/${name}`, { force: true })));
  await syncFolder(folder);
  return all;
}

const shardName = (base: string, i: number, n: number): string =>
  `${base}-${`${i}`.padStart(5, "0")}-of-${`${n}`.padStart(5, "0")}.safetensors`;

/** The files of a model in a folder. */
async function weightFiles(folder: string, base: string): Promise<string[]> {
  const names = await nodeFs("saveWeights").readdir(folder);
  const isShard = /^-\d{5}-of-\d{5}\.safetensors$/;
  return names.filter((name) => {
    if (!name.startsWith(base)) return false;
    const rest = name.slice(base.length);
    return [".safetensors", ".safetensors.index.json"].includes(rest) || isShard.test(rest);
  });
}

const bytesOf = ({ type, shape }: TensorSource): number => sizeOf(shape) * storedTypes[type].bytes;

function shardsOf(sources: readonly TensorSource[], most: number): TensorSource[][] {
  if (!(most > 0)) throw new RangeError(`maxShardBytes: expected more than 0, got ${most}`);
  const shards: TensorSource[][] = [[]];
  let bytes = 0;
  for (const source of sources) {
    const size = bytesOf(source);
    if (bytes > 0 && bytes + size > most) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)?.push(source);
    bytes += size;
  }
  return shards;
}

function indexOf(
  shards: readonly (readonly TensorSource[])[],
  names: readonly string[],
): Uint8Array {
  const rows = shards.flatMap((shard, i) => shard.map(({ name }) => [name, names[i]] as const));
  const total = shards.flat().reduce((sum, source) => sum + bytesOf(source), 0);
  const index = {
    metadata: { total_size: total },
    weight_map: Object.fromEntries(rows.toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
  return new TextEncoder().encode(`${JSON.stringify(index, undefined, 2)}\n`);
}

/** A file under a temporary name beside its own. */
export interface PartialFile {
  readonly path: string;
  /** Writes it and waits for the disk. */
  fill(write: (sink: Sink) => Promise<void>): Promise<void>;
  /** Gives it its name. */
  finish(): Promise<void>;
  discard(): Promise<void>;
}

export function partialFile(path: string): PartialFile {
  const fs = nodeFs("partialFile");
  const temporary = `${path}.${process.pid}.partial`;
  return {
    path,
    fill: async (write) => {
      const handle = await fs.open(temporary, "w");
      try {
        await write({
          write: async (bytes) => {
            for (let done = 0; done < bytes.length; )
              done += (await handle.write(bytes, done)).bytesWritten;
          },
        });
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    finish: () => fs.rename(temporary, path),
    discard: () => fs.rm(temporary, { force: true }),
  };
}

/** Gives files their names when all are written; none is left behind where one fails. */
export async function allOrNone(
  files: readonly PartialFile[],
  write: () => Promise<void>,
): Promise<void> {
  try {
    await write();
    for (const file of files) await file.finish();
  } catch (error) {
    await Promise.all(files.map((file) => file.discard()));
    throw error;
  }
  const folders = new Set(files.map(({ path }) => path.slice(0, path.lastIndexOf("/") + 1) || "."));
  for (const folder of folders) await syncFolder(folder);
}
