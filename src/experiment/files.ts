import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Checkpoints } from "./checkpoints.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

/** Writes the whole file or nothing: under a temporary name beside it, then renamed. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.partial`;
  try {
    await writeFile(temporary, content, { flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** A file's bytes; undefined where there is none. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Weights kept as `folder/name.safetensors`. */
export function checkpointFolder(folder: string): Checkpoints {
  const pathOf = (name: string): string => join(folder, `${name}.safetensors`);
  return {
    load: async (name) => {
      const bytes = await readIfThere(pathOf(name));
      return bytes && decodeSafetensors(bytes, pathOf(name));
    },
    save: (name, weights) => writeWhole(pathOf(name), encodeSafetensors(weights)),
    remove: (name) => rm(pathOf(name), { force: true }),
  };
}
