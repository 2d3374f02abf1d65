import { DataError } from "../tensor/errors.ts";
import { writeWhole } from "../weights/files.ts";
import { digestOf, fileBytes, verified } from "./bytes.ts";
import type { Store } from "./store.ts";

/** Puts a file's bytes, where they are not there yet. @returns their digest */
export async function putFile(store: Store, path: string): Promise<string> {
  const digest = await digestOf(await fileBytes(path));
  const key = `blob/${digest}`;
  // Asking costs less than sending gigabytes again.
  if (!(await store.has(key))) await store.putOnce(key, await fileBytes(path));
  return digest;
}

/** Writes a blob to a file, @see fetchFile. */
export const getFile = (store: Store, digest: string, path: string): Promise<void> =>
  fetchFile(store, { key: `blob/${digest}`, digest }, path);

/**
 * Writes what a store has to a file: all of it, as it was put, or nothing.
 * @throws DataError where the store lacks it, or its bytes are others
 */
export async function fetchFile(
  store: Store,
  { key, digest }: { readonly key: string; readonly digest: string },
  path: string,
): Promise<void> {
  const name = `${store.name}: ${key}`;
  const stream = await store.get(key);
  if (!stream) throw new DataError(`${name}: expected bytes of that digest, got none`);
  await writeWhole(path, verified(stream, digest, name));
}
