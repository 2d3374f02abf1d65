import { isRecord } from "../json/isRecord.ts";
import { jsonText } from "../json/jsonText.ts";
import { parseJson } from "../json/parseJson.ts";
import { expectKnown } from "../tensor/options.ts";
import { sizeOf } from "../tensor/shapes.ts";
import { storedTypes } from "./dtypes.ts";
import { makeFolder, nodeFs, syncFolder } from "./nodeFile.ts";
import { allOrNone, partialFile } from "./partialFile.ts";
import { encodeHeader, isTexts } from "./safetensorsHeader.ts";
import { inAlignedOrder, type TensorSource, writeTensors } from "./write.ts";

/** How a folder's safetensors files are called, and how large they may be. */
export interface SaveOptions {
  /** `model` makes model.safetensors, or model-00001-of-00003.safetensors and an index. */
  readonly base?: string;
  /** A new file is begun before one grows beyond this; 5 GB, as on the Hub. */
  readonly maxShardBytes?: number;
  /** `{ format: "pt" }`, without which transformers refuses the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes a model's tensors into a folder, part by part, as `save_pretrained` lays them out: one file,
 * or several and an index. At each moment the folder holds a complete model, the former or the new
 * one, whenever the process ends: `model.safetensors` counts before an index, and of shards those
 * count that the index names. Files of a former layout are removed at the end.
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
  const single = `${base}.safetensors`;
  const indexName = `${single}.index.json`;
  const isSharded = shards.length > 1;
  const names = isSharded ? shards.map((_, i) => shardName(base, i + 1, shards.length)) : [single];
  encodeHeader(sources, metadata);
  await makeFolder(folder);
  const files = names.map((name) => partialFile(`${folder}/${name}`));
  const index = partialFile(`${folder}/${indexName}`);
  await allOrNone(isSharded ? [...files, index] : files, async () => {
    for (const [i, shard] of shards.entries())
      await files[i]?.fill((sink) => writeTensors(inAlignedOrder(shard), metadata, sink));
    if (!isSharded) return;
    await keepFormer(folder, indexName, names);
    await index.fill((sink) => sink.write(indexOf(shards, names)));
  });
  const all = isSharded ? [...names, indexName] : names;
  const former = await weightFiles(folder, base);
  // What a reader asks for first goes first.
  const order = [single, indexName, ...former];
  for (const name of order.filter((name) => former.includes(name) && !all.includes(name)))
    await fs.rm(`${folder}/${name}`, { force: true });
  await syncFolder(folder);
  return all;
}

const shardName = (base: string, i: number, n: number): string =>
  `${base}-${`${i}`.padStart(5, "0")}-of-${`${n}`.padStart(5, "0")}.safetensors`;

/** What a former shard is called while the new one has its name. */
const aside = (shard: string): string => shard.replace(/\.safetensors$/, ".former.safetensors");

/**
 * Gives the former shards whose names the new ones take second names, and has the index name these: it
 * names a complete model then, until the new index takes its place.
 */
async function keepFormer(
  folder: string,
  indexName: string,
  names: readonly string[],
): Promise<void> {
  const fs = nodeFs("saveWeights");
  const path = `${folder}/${indexName}`;
  const former = await readIndex(path);
  if (!former) return;
  const taken = new Set(Object.values(former.map).filter((shard) => names.includes(shard)));
  if (taken.size === 0) return;
  for (const shard of taken) {
    const [from, to] = [`${folder}/${shard}`, `${folder}/${aside(shard)}`];
    await fs.rm(to, { force: true });
    // Not every file system has second names; a copy takes room for a while.
    await fs.link(from, to).catch(() => fs.copyFile(from, to));
  }
  const map = Object.entries(former.map).map(([name, shard]) => [
    name,
    taken.has(shard) ? aside(shard) : shard,
  ]);
  const index = partialFile(path);
  const text = JSON.stringify({ ...former.index, weight_map: Object.fromEntries(map) });
  await allOrNone([index], () =>
    index.fill((sink) => sink.write(new TextEncoder().encode(`${text}\n`))),
  );
}

interface Index {
  readonly index: Readonly<Record<string, unknown>>;
  readonly map: Readonly<Record<string, string>>;
}

/** An index that is there; undefined for none, and for one that nobody could read either. */
async function readIndex(path: string): Promise<Index | undefined> {
  const text = await nodeFs("saveWeights")
    .readFile(path, "utf8")
    .catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const refuse = (): never => {
      throw new SyntaxError(path);
    };
    const index = parseJson(text, { depth: 8, refuse });
    const map = isRecord(index) ? index["weight_map"] : undefined;
    return isRecord(index) && isTexts(map) ? { index, map } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The files of a model in a folder. */
async function weightFiles(folder: string, base: string): Promise<string[]> {
  const names = await nodeFs("saveWeights").readdir(folder);
  const isShard = /^-\d{5}-of-\d{5}(\.former)?\.safetensors$/;
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
  return new TextEncoder().encode(jsonText(index));
}
