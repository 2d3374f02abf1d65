import { DataError } from "../tensor/errors.ts";
import { fromGguf } from "./gguf/back.ts";
import { readGguf } from "./gguf/read.ts";
import { fileReader, nodeFs } from "./nodeFile.ts";
import { openSafetensors } from "./safetensors.ts";
import { openSharded } from "./sharded.ts";
import type { WeightFile } from "./weightFile.ts";

/**
 * Opens the weights of a model's folder, as on the Hub: `model.safetensors`, or
 * `model.safetensors.index.json` and its shards, or one GGUF file, whose tensors then have the
 * names and layout of a checkpoint; or one file by its path.
 * Headers are read now, numbers when they are asked for. Node only.
 * @throws DataError where there are none, with what was found in their place
 */
export async function openWeights(path: string): Promise<WeightFile> {
  const fs = nodeFs("openWeights");
  const kind = await fs.stat(path).catch(() => undefined);
  if (!kind) throw new DataError(`${path}: expected a folder with weights, got no such folder`);
  if (kind.isFile()) return openOne(path);
  const names = new Set(await fs.readdir(path));
  const single = SINGLE.find((name) => names.has(name));
  if (single) return openOne(`${path}/${single}`);
  const index = `${SINGLE[0]}.index.json`;
  if (names.has(index)) return openOne(`${path}/${index}`);
  const ggufs = [...names].filter((name) => name.endsWith(".gguf"));
  if (ggufs.length === 1) return openOne(`${path}/${ggufs[0]}`);
  throw new DataError(`${path}: expected ${SINGLE[0]} or ${index}, got ${instead([...names])}`);
}

const SINGLE = ["model.safetensors", "adapter_model.safetensors"] as const;

async function openOne(path: string): Promise<WeightFile> {
  if (path.endsWith(".gguf"))
    return { ...(await fromGguf(await readGguf(path))).weights, metadata: {} };
  if (!path.endsWith(".json")) return openSafetensors(await fileReader(path), path);
  const folder = path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  const text = await nodeFs("openWeights").readFile(path, "utf8");
  return openSharded(text, path, (name) =>
    fileReader(folder + name).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    }),
  );
}

function instead(names: readonly string[]): string {
  const pickles = names.filter((name) => /\.(bin|pt|pth|ckpt)$/.test(name));
  if (pickles.length > 0)
    return `${pickles.slice(0, 3).join(", ")}: Python pickles, which are not read; convert them to safetensors`;
  const others = names.filter((name) => /\.(safetensors|gguf)$/.test(name));
  if (others.length > 0) return `${others.slice(0, 3).join(", ")}: give the file's path`;
  return names.length > 0 ? "a folder without weights" : "an empty folder";
}
