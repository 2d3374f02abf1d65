import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DataError } from "../../tensor/errors.ts";
import { isLeft, ownerMark } from "../disk/temporary.ts";
import { isThere, makeFolder } from "../files.ts";
import type { RemoteFile } from "./client.ts";
import { type FetchOptions, fetchFile } from "./fetchFile.ts";

const INCOMPLETE = ".incomplete";
/** Names tell who writes, so that what a dead one left is told from what a living one writes. */
const MARKED = /\.([\da-z]+-[\da-z]*-[\da-f]{8})\.incomplete$/;

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
  await makeFolder(blobs);
  const partial = `${path}.${ownerMark()}${INCOMPLETE}`;
  await adopt(blobs, etag, partial);
  const sha256 = etag.length === 64 ? etag : undefined;
  const check = (file: string): Promise<void> => expectGitHash(file, etag, url);
  return fetchFile({ url, size, sha256 }, path, { ...options, partial, check });
}

/** Takes over the longest of the partial files whose writers have ended; a rename has one winner. */
async function adopt(blobs: string, etag: string, partial: string): Promise<void> {
  const begun = (await readdir(blobs)).filter((name) => name.startsWith(`${etag}.`));
  const free = await Promise.all(begun.map((name) => isFree(blobs, name)));
  const left = begun.filter((_, i) => free[i]);
  const sizes = await Promise.all(
    left.map(async (name) => (await stat(join(blobs, name)).catch(() => undefined))?.size ?? 0),
  );
  const best = sizes.indexOf(Math.max(...sizes));
  for (const [i, name] of left.entries()) {
    const from = join(blobs, name);
    const target = i === best && from !== partial ? partial : undefined;
    for (const end of ["", ".tag"])
      if (target === undefined) {
        if (from !== partial) await rm(`${from}${end}`, { force: true });
      } else await rename(`${from}${end}`, `${target}${end}`).catch(() => undefined);
  }
}

/** Whether nobody writes it: what this process has begun before, it may go on with. */
async function isFree(blobs: string, name: string): Promise<boolean> {
  const mark = MARKED.exec(name)?.[1];
  return mark !== undefined && (mark === ownerMark() || (await isLeft(join(blobs, name), mark)));
}

/** Small files are named by git's hash of them: SHA-1 of `blob <size>\0` and the content. */
async function expectGitHash(file: string, etag: string, url: string): Promise<void> {
  if (!/^[\da-f]{40}$/.test(etag)) return;
  const hash = createHash("sha1").update(`blob ${(await stat(file)).size}\0`);
  await pipeline(createReadStream(file), hash);
  const digest = hash.digest("hex");
  if (digest !== etag) throw new DataError(`${url}: expected git's hash ${etag}, got ${digest}`);
}
