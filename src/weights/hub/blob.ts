import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DataError } from "../../tensor/errors.ts";
import { isThere } from "../files.ts";
import type { RemoteFile } from "./client.ts";
import { type FetchOptions, fetchFile } from "./fetchFile.ts";

/**
 * Fetches a file into `blobs/<etag>`, unless it is there; what an ended process left of it is gone
 * on with.
 * @returns false when the signal came first
 * @throws FetchError, DataError as `fetchFile` does
 */
export async function fetchBlob(
  { url, size, etag }: RemoteFile,
  blobs: string,
  options: FetchOptions,
): Promise<boolean> {
  const path = join(blobs, etag);
  if (await isThere(path)) return true;
  const sha256 = etag.length === 64 ? etag : undefined;
  const check = (file: string): Promise<void> => expectGitHash(file, etag, url);
  return fetchFile({ url, size, sha256 }, path, { ...options, ending: ".incomplete", check });
}

/** Small files are named by git's hash of them: SHA-1 of `blob <size>\0` and the content. */
async function expectGitHash(file: string, etag: string, url: string): Promise<void> {
  if (!/^[\da-f]{40}$/.test(etag)) return;
  const hash = createHash("sha1").update(`blob ${(await stat(file)).size}\0`);
  await pipeline(createReadStream(file), hash);
  const digest = hash.digest("hex");
  if (digest !== etag) throw new DataError(`${url}: expected git's hash ${etag}, got ${digest}`);
}
