import { constants } from "node:buffer";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DataError } from "../tensor/errors.ts";
import { temporaryPath } from "./disk/temporary.ts";
import { fileReader, makeFolder, naming, syncFolder } from "./nodeFile.ts";
import { type Checkpoints, checkpointsIn, type Files } from "./store.ts";

export { removeUnfinished } from "./disk/temporary.ts";
export { makeFolder } from "./nodeFile.ts";

/** Whether there is a file or a folder that can be looked at. */
export const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Writes the whole file or nothing: under a temporary name beside it, then renamed. */
export async function writeWhole(
  path: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  await makeFolder(dirname(path));
  const temporary = temporaryPath(path);
  try {
    await writeFile(temporary, content, { flush: true });
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw naming(error, path);
  }
}

/** What is read as a whole is read as a text, and no text is longer. */
const MOST_BYTES = constants.MAX_STRING_LENGTH;

/**
 * A file's bytes; undefined where there is none.
 * @throws DataError for what is no file, such as a pipe that never ends, and for half a gigabyte or more
 */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    const info = await stat(path);
    if (!info.isFile()) throw new DataError(`${path}: expected a file, got something else`);
    if (info.size > MOST_BYTES)
      throw new DataError(`${path}: expected at most ${MOST_BYTES} bytes, got ${info.size}`);
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
  removeFolder: (path) => rm(path, { recursive: true, force: true }),
  inParts: {
    open: async (path) => ((await isThere(path)) ? fileReader(path) : undefined),
    write: writeWhole,
  },
};

/** Weights kept as `folder/name.safetensors`. */
export const checkpointFolder = (folder: string): Checkpoints => checkpointsIn(disk, folder);
