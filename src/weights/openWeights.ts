import { DataError } from "../tensor/errors.ts";
import { fromGguf } from "./gguf/back.ts";
import { openGguf } from "./gguf/read.ts";
import { filesAt, type ModelFiles, pathIn, textIn } from "./modelFiles.ts";
import { openSafetensors } from "./safetensors.ts";
import { openSharded } from "./sharded.ts";
import type { WeightFile } from "./weightFile.ts";

/**
 * Opens the weights of a model's folder, as on the Hub: `model.safetensors`, or
 * `model.safetensors.index.json` and its shards, or one GGUF file, whose tensors then have the
 * names and layout of a checkpoint; or one file by its path.
 * Headers are read now, numbers when they are asked for.
 * @param from a path (Node), or files
 * @throws DataError where there are none, with what was found in their place
 */
export async function openWeights(from: string | ModelFiles): Promise<WeightFile> {
  const files = typeof from === "string" ? await filesAt(from) : from;
  const name = weightsIn(files);
  const path = pathIn(files, name);
  if (name.endsWith(".json"))
    return openSharded((await textIn(files, name)) ?? "", path, files.open);
  const file = await files.open(name);
  if (!file) throw new DataError(`${path}: expected a file of weights, got none`);
  if (!name.endsWith(".gguf")) return openSafetensors(file, path);
  return { ...(await fromGguf(await openGguf(file, path))).weights, metadata: {} };
}

const SINGLE = ["model.safetensors", "adapter_model.safetensors"] as const;

/** The file that a model's weights are opened by. */
export function weightsIn({ names, path }: ModelFiles): string {
  const [only] = names;
  const isAlone = names.length === 1 && only !== undefined && !only.endsWith("config.json");
  if (isAlone && /\.(safetensors|gguf|json)$/.test(only)) return only;
  const single = SINGLE.find((name) => names.includes(name));
  if (single) return single;
  const index = `${SINGLE[0]}.index.json`;
  if (names.includes(index)) return index;
  const [gguf, ...others] = names.filter((name) => name.endsWith(".gguf"));
  if (gguf !== undefined && others.length === 0) return gguf;
  throw new DataError(`${path}: expected ${SINGLE[0]} or ${index}, got ${instead(names)}`);
}

function instead(names: readonly string[]): string {
  const pickles = names.filter((name) => /\.(bin|pt|pth|ckpt)$/.test(name));
  if (pickles.length > 0)
    return `${pickles.slice(0, 3).join(", ")}: Python pickles, which are not read; convert them to safetensors`;
  const others = names.filter((name) => /\.(safetensors|gguf)$/.test(name));
  if (others.length > 0) return `${others.slice(0, 3).join(", ")}: give the file's path`;
  return names.length > 0 ? "a folder without weights" : "an empty folder";
}
