import { createHash } from "node:crypto";
import { open, readdir, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { DataError } from "../tensor/errors.ts";
import { appear } from "../weights/disk/appear.ts";
import { temporaryPath } from "../weights/disk/temporary.ts";
import { makeFolder } from "../weights/files.ts";
import { syncFolder, writeAll } from "../weights/nodeFile.ts";
import { digestOf, fileBytes, streamOf } from "./bytes.ts";
import {
  Conflict,
  checkBlob,
  checkKey,
  checkPrefix,
  checkRemovable,
  isKey,
  type Store,
} from "./store.ts";

/**
 * A store in a folder, of one machine or of a file system that several share. What is written
 * appears at once, whole: under a temporary name, then by a hard link, which fails where one is.
 */
export function folderStore(folder: string): Store {
  const root = resolve(folder);
  const pathOf = (key: string): string => {
    checkKey(key);
    return join(root, ...key.split("/"));
  };
  return {
    name: root,
    has: async (key) => (await stat(pathOf(key)).catch(() => undefined))?.isFile() ?? false,
    get: async (key) => {
      const handle = await open(pathOf(key), "r").catch(goneIs(undefined));
      if (!handle || (await handle.stat()).isFile()) return handle && streamOf(handle);
      await handle.close();
      return undefined;
    },
    putOnce: async (key, bytes) => {
      const path = pathOf(key);
      const temporary = temporaryPath(path);
      await makeFolder(dirname(path)).catch(expectNoOther(root, key));
      try {
        const given = await writeTo(temporary, bytes);
        checkBlob(root, key, given);
        // Where there are no links, of two at the same moment the second stays, whose bytes are the first's.
        if (await appear(temporary, path)) {
          await syncFolder(dirname(path));
          return "new";
        }
        const kept = await digestOf(await fileBytes(path)).catch(expectNoOther(root, key));
        if (kept === given) return "there";
        throw new Conflict(root, key, kept, given);
      } finally {
        await rm(temporary, { force: true });
      }
    },
    list: (prefix) => {
      checkPrefix(prefix);
      return listIn(root, prefix);
    },
    remove: async (key) => {
      checkRemovable(key);
      await rm(pathOf(key), { force: true });
    },
  };
}

/** Writes a new file. @returns its digest, when the disk has it */
async function writeTo(path: string, bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  const handle = await open(path, "wx");
  try {
    for await (const piece of bytes) {
      hash.update(piece);
      await writeAll(handle, piece, path);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return hash.digest("hex");
}

async function* listIn(root: string, prefix: string): AsyncGenerator<string, void> {
  const entries = await readdir(join(root, prefix), { recursive: true, withFileTypes: true }).catch(
    goneIs([]),
  );
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const key = join(entry.parentPath, entry.name)
      .slice(root.length + 1)
      .replaceAll("\\", "/");
    // What is not whole yet, and what others put there: `.DS_Store`.
    if (isKey(key)) yield key;
  }
}

/** Where one key is the beginning of another, a folder has a file's name. */
const expectNoOther =
  (root: string, key: string) =>
  (error: NodeJS.ErrnoException): never => {
    if (!["ENOTDIR", "EEXIST", "EISDIR"].includes(error.code ?? "")) throw error;
    throw new DataError(`${root}: ${key}: expected a key that begins no other, got one that does`);
  };

const goneIs =
  <T>(value: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return value;
    throw error;
  };
