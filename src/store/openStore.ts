import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DataError } from "../tensor/errors.ts";
import { folderStore } from "./folderStore.ts";
import { type Environment, readS3Credentials, readS3Url } from "./s3/address.ts";
import { s3Client } from "./s3/client.ts";
import { s3Store } from "./s3Store.ts";
import { type Store, shown } from "./store.ts";

/**
 * Opens the store of a folder, or of `s3://bucket/prefix`, @see readS3Url.
 * @param text a path, a file: URL, or an s3: URL
 * @param folder where relative paths start
 * @param env where secrets come from
 * @throws DataError for other URLs, for those of another host's files, and where a variable or a
 *   package is missing
 */
export async function openStore(text: string, folder: string, env: Environment): Promise<Store> {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return folderStore(resolve(folder, text));
  if (scheme === "file") return folderStore(pathOfUrl(text));
  if (scheme !== "s3")
    throw new DataError(`store: expected a folder or s3://bucket/prefix, got ${scheme}://…`);
  const address = readS3Url(text, env);
  return s3Store(await s3Client({ address, credentials: readS3Credentials(env) }));
}

/** @throws DataError for what names no path of this machine */
function pathOfUrl(text: string): string {
  try {
    return fileURLToPath(text);
  } catch {
    throw new DataError(
      `store: expected a folder of this machine as file:///path, got ${shown(text)}`,
    );
  }
}
