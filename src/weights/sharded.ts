import { isRecord } from "../json/isRecord.ts";
import { parseJson } from "../json/parseJson.ts";
import { DataError } from "../tensor/errors.ts";
import { show } from "./refuse.ts";
import { openShard } from "./safetensors.ts";
import { isTexts } from "./safetensorsHeader.ts";
import { withScales } from "./scaled.ts";
import { entryOf, type RangeReader, reading, type WeightFile } from "./weightFile.ts";

/** Opens a file of a folder by its name; undefined where there is none. */
export type OpenFile = (name: string) => Promise<RangeReader | undefined>;

/**
 * Opens a model that is split into several files: `model.safetensors.index.json` says which tensor
 * lies where, and nothing else in the folder counts.
 * @param index the index's text
 * @param path names the index in messages
 * @throws DataError for a shard or a tensor that is missing, and for a shard outside the folder
 */
export async function openSharded(
  index: string,
  path: string,
  open: OpenFile,
): Promise<WeightFile> {
  const shardOf = readIndex(index, path);
  const files = new Map<string, WeightFile>();
  for (const shard of new Set(shardOf.values())) {
    const file = await open(shard);
    if (!file)
      throw new DataError(`${path}: expected the shard ${shard} beside it, got no such file`);
    files.set(shard, await openShard(file, besides(path, shard)));
  }
  const namesIn = new Map([...files].map(([shard, { names }]) => [shard, new Set(names)]));
  const fileOf = (name: string): WeightFile => entryOf(files, entryOf(shardOf, name, path), path);
  for (const [name, shard] of shardOf)
    if (!namesIn.get(shard)?.has(name))
      throw new DataError(`${path}: expected ${show(name)} in ${shard}, got a shard without it`);
  const file: WeightFile = {
    names: [...shardOf.keys()],
    metadata: files.values().next().value?.metadata ?? {},
    shapeOf: (name) => fileOf(name).shapeOf(name),
    dtypeOf: (name) => fileOf(name).dtypeOf(name),
    ...reading((name, rows) => fileOf(name).stream(name, rows)),
  };
  return withScales(file, path);
}

/** The name of a shard, beside the index. */
const besides = (path: string, shard: string): string =>
  path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1) + shard;

function readIndex(text: string, path: string): ReadonlyMap<string, string> {
  const refuse = (expected: string, got: string): never => {
    throw new DataError(`${path}: expected ${expected}, got ${got}`);
  };
  const index = parseJson(text, {
    depth: 8,
    refuse: (fault) => refuse(`${fault.expected} at character ${fault.index}`, fault.got),
  });
  const map = isRecord(index) ? index["weight_map"] : undefined;
  if (!isTexts(map)) return refuse("a weight_map of tensor names to file names", show(map));
  for (const shard of Object.values(map))
    if (!/^[\w][\w.-]{0,200}$/.test(shard))
      refuse("the plain name of a file in the same folder", show(shard));
  if (Object.keys(map).length === 0) refuse("at least one tensor", "an empty weight_map");
  return new Map(Object.entries(map));
}
