import { builtin } from "../engines/builtin.ts";
import { DataError } from "../tensor/errors.ts";
import type { RangeReader } from "./weightFile.ts";

// Node's disk, for files that pages load too: the modules are asked for when there is a path.

type Fs = typeof import("node:fs/promises");
type FileHandle = import("node:fs/promises").FileHandle;

/** @throws TypeError outside Node, where there are no paths */
export function nodeFs(what: string): Fs {
  const fs = builtin<Fs>("node:fs/promises");
  if (fs) return fs;
  throw new TypeError(`${what}: expected bytes or a Blob, got a path, which only Node can follow`);
}

/** One call of the system reads less than 2 GiB. */
const MOST_AT_ONCE = 1 << 30;

/**
 * A file of any size on the disk. It is opened for each reading, so that nobody has to close it.
 * @throws DataError for what is no file, and when reading for one that changed in between
 */
export async function fileReader(path: string | URL): Promise<RangeReader> {
  const fs = nodeFs("fileReader");
  const first = await fs.stat(path);
  if (!first.isFile()) throw new DataError(`${path}: expected a file, got something else`);
  const { size, mtimeMs, ino } = first;
  return {
    size,
    read: async (from, length, into = new Uint8Array(length)) => {
      const handle = await fs.open(path, "r");
      try {
        const now = await handle.stat();
        if (now.size !== size || now.mtimeMs !== mtimeMs || now.ino !== ino)
          throw new DataError(`${path}: expected the file that was opened, got a changed one`);
        return await readRange(handle, from, into.subarray(0, length));
      } finally {
        await handle.close();
      }
    },
  };
}

/** Reads until the bytes are there or the file ends. */
async function readRange(handle: FileHandle, from: number, bytes: Uint8Array): Promise<Uint8Array> {
  let got = 0;
  while (got < bytes.length) {
    const most = Math.min(bytes.length - got, MOST_AT_ONCE);
    const { bytesRead } = await handle.read(bytes, got, most, from + got);
    if (bytesRead === 0) return bytes.subarray(0, got);
    got += bytesRead;
  }
  return bytes;
}

/**
 * Makes a folder and those above it that are missing, one by one: the recursive `mkdir` of Node 20
 * never returns where a parent cannot have children, such as /proc.
 */
export async function makeFolder(path: string): Promise<void> {
  const { mkdir, stat } = nodeFs("makeFolder");
  const kind = (at: string) => stat(at).catch(() => undefined);
  const made = async (error: unknown): Promise<void> => {
    // Another process may have made it, and the root is a folder whatever `mkdir` says of it.
    if (!(await kind(path))?.isDirectory()) throw error;
  };
  try {
    await mkdir(path);
  } catch (error) {
    const parent = parentOf(path);
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT" && parent !== path;
    if (!isMissing) return made(error);
    // A parent that is there now may have been made since; below /proc a second try fails as well.
    if (!(await kind(parent))) await makeFolder(parent);
    await mkdir(path).catch(made);
  }
}

/**
 * What a folder holds; undefined where there is none.
 * @param expected what it is to be, for the error
 * @throws DataError where a file stands in its place
 */
export async function namesIfThere(
  folder: string,
  expected = "a folder",
): Promise<string[] | undefined> {
  try {
    return await nodeFs("namesIfThere").readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code === "ENOTDIR") throw new DataError(`${folder}: expected ${expected}, got a file`);
    throw error;
  }
}

const parentOf = (path: string): string =>
  builtin<typeof import("node:path")>("node:path")?.dirname(path) ?? path;

/** An error of the system as it is, naming a path where it names none: of an open file it never does. */
export function naming(error: unknown, path: string): unknown {
  if (error instanceof Error && "syscall" in error && !("path" in error))
    return Object.assign(error, { path });
  return error;
}

/**
 * Writes all of it where the file stands. `write` alone takes what there is room for, and says only the
 * next time that there was too little: of the last piece nobody would hear.
 * @throws the system's error, naming the path
 */
export async function writeAll(
  handle: FileHandle,
  content: string | Uint8Array,
  path: string,
): Promise<void> {
  try {
    await handle.appendFile(content);
  } catch (error) {
    throw naming(error, path);
  }
}

/** Makes names that were just given last: without it a loss of power may take a rename back. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await nodeFs("syncFolder").open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    // Windows does not open folders, and some file systems do not sync them.
    const { code } = error as NodeJS.ErrnoException;
    if (!["EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP"].includes(code ?? "")) throw error;
  }
}
