import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Checkpoints, checkpointsIn, type Files } from "./checkpoints.ts";

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

/** Removes what a process that was ended by force left half-written, in a folder and below. */
export async function removeUnfinished(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true }).catch(noneWhere("ENOENT"));
  const unfinished = entries.filter((name) => name.endsWith(".partial"));
  await Promise.all(unfinished.map((name) => rm(join(folder, name), { force: true })));
}

const noneWhere = (code: string) => (error: NodeJS.ErrnoException) => {
  if (error.code === code) return [];
  throw error;
};

/** A file's bytes; undefined where there is none. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The disk of this machine. */
export const disk: Files = {
  read: readIfThere,
  write: writeWhole,
  remove: (path) => rm(path, { force: true }),
};

/** Weights kept as `folder/name.safetensors`. */
export const checkpointFolder = (folder: string): Checkpoints => checkpointsIn(disk, folder);
