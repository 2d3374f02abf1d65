import { copyFile, link } from "node:fs/promises";
import { dirname, join } from "node:path";
import { getFile } from "../store/blobs.ts";
import { digestOf, fileBytes } from "../store/bytes.ts";
import type { Store } from "../store/store.ts";
import { isThere, makeFolder } from "../weights/files.ts";

/** Blobs of a store on this machine, each fetched once however many jobs begin with it. */
export interface InputCache {
  /** Gives a blob a name of its own: another link to the same bytes, a copy where there are no links. */
  place(digest: string, path: string): Promise<void>;
}

/**
 * @param folder where they lie by their digests; workers of one machine may share it, for each file
 *   appears whole
 */
export function inputCache(store: Store, folder: string): InputCache {
  const fetched = new Map<string, Promise<string>>();
  const fetchOne = async (digest: string): Promise<string> => {
    const path = join(folder, digest);
    // Left by a worker before: reading it costs less than sending it again.
    const isKept = (await isThere(path)) && (await digestOf(await fileBytes(path))) === digest;
    if (!isKept) await getFile(store, digest, path);
    return path;
  };
  const fetch = (digest: string): Promise<string> => {
    const known = fetched.get(digest);
    if (known) return known;
    const fetching = fetchOne(digest);
    fetched.set(digest, fetching);
    fetching.catch(() => fetched.delete(digest));
    return fetching;
  };
  return {
    place: async (digest, path) => {
      const from = await fetch(digest);
      await makeFolder(dirname(path));
      await link(from, path).catch(() => copyFile(from, path));
    },
  };
}
