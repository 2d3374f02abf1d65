import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { DataError } from "../../tensor/errors.ts";
import {
  FetchError,
  type FetchOptions,
  fetchFile,
  type Wanted,
} from "../../weights/hub/fetchFile.ts";
import { isInside } from "../../weights/hub/names.ts";
import type { FetchPackage } from "./debian.ts";

/** The release whose packages are read. */
const SUITE = "bookworm";
/** Texts belong to no architecture. */
const INDEX = "main/binary-all/Packages.gz";
/** Bytes of what has no size that is known beforehand: the release's list of files. */
const MOST = 4 * 2 ** 20;
/** Bytes of an index, some times what Debian's has. */
const MOST_UNPACKED = 2 ** 27;

export type MirrorOptions = Pick<FetchOptions, "fetch" | "signal">;

/** A file as the list above it has it. */
interface Entry {
  readonly sha256: string;
  readonly size: number;
  /** Below the mirror's address. */
  readonly path: string;
}

/**
 * Fetches packages from a Debian mirror by http, what has come of a file being kept and gone on
 * with: the release's list names the index of packages with its SHA-256, and the index each
 * package's. So nothing is taken that is not what the list says; the list itself is as trustworthy
 * as the way to the mirror, for its signature is not checked.
 * @param address such as https://deb.debian.org/debian
 * @throws DataError where the mirror cannot be reached or has no such file, where a file is not what the
 *   list above it says, or there is no such package
 */
export function fromMirror(address: string, options: MirrorOptions): FetchPackage {
  const root = address.replace(/\/+$/, "");
  let known: Promise<ReadonlyMap<string, Entry>> | undefined;
  return async (name, folder) => {
    known ??= indexOf(root, folder, options);
    const found = (await known).get(name);
    if (!found)
      throw new DataError(
        `${root}: expected the package ${name} in ${SUITE}, got none of that name`,
      );
    await get(root, found, join(folder, basename(found.path)), options);
  };
}

async function get(
  root: string,
  { path, ...wanted }: Entry,
  to: string,
  options: MirrorOptions,
): Promise<void> {
  const url = `${root}/${path}`;
  await fetched({ url, ...wanted }, to, options);
}

/** @throws DataError where it cannot be had */
async function fetched(wanted: Wanted, to: string, options: MirrorOptions): Promise<void> {
  try {
    const isWhole = await fetchFile(wanted, to, { ...options, onProgress: () => {} });
    if (!isWhole) options.signal.throwIfAborted();
  } catch (error) {
    throw error instanceof FetchError ? new DataError(error.message) : error;
  }
}

/** Packages by name, the last of several versions. */
async function indexOf(
  root: string,
  folder: string,
  options: MirrorOptions,
): Promise<ReadonlyMap<string, Entry>> {
  const above = `dists/${SUITE}`;
  const list = join(folder, "Release");
  await fetched({ url: `${root}/${above}/Release`, most: MOST }, list, options);
  const release = fieldsOf(await readFile(list, "utf8"));
  const line = (release.get("SHA256") ?? "")
    .split("\n")
    .map((text) => text.trim().split(/\s+/))
    .find(([, , file]) => file === INDEX);
  const [sha256 = "", size = ""] = line ?? [];
  if (!isDigest(sha256) || !/^\d+$/.test(size))
    throw new DataError(`${root}/${above}/Release: expected the SHA-256 of ${INDEX}, got none`);
  const path =
    release.get("Acquire-By-Hash") === "yes"
      ? `${above}/${INDEX.slice(0, INDEX.lastIndexOf("/"))}/by-hash/SHA256/${sha256}`
      : `${above}/${INDEX}`;
  const index = join(folder, `Packages-${sha256.slice(0, 8)}.gz`);
  await get(root, { path, sha256, size: Number(size) }, index, options);
  return entriesOf(unpacked(await readFile(index), `${root}/${path}`), root);
}

/** @throws DataError for what is not packed, or holds more than any index */
function unpacked(bytes: Uint8Array, where: string): string {
  try {
    return gunzipSync(bytes, { maxOutputLength: MOST_UNPACKED }).toString("utf8");
  } catch (error) {
    throw new DataError(
      `${where}: expected at most ${MOST_UNPACKED} bytes packed by gzip, got others (${(error as Error).message})`,
    );
  }
}

function entriesOf(text: string, root: string): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const stanza of text.split(/\n{2,}/)) {
    const fields = fieldsOf(stanza);
    const name = fields.get("Package");
    if (name === undefined) continue;
    const [path = "", sha256 = "", size = ""] = ["Filename", "SHA256", "Size"].map(
      (field) => fields.get(field) ?? "",
    );
    if (!isInside(path) || !path.endsWith(".deb") || !isDigest(sha256) || !/^\d+$/.test(size))
      throw new DataError(
        `${root}: expected a file, its size and its SHA-256 for the package ${name.slice(0, 80)}, got ${JSON.stringify([path, size, sha256]).slice(0, 200)}`,
      );
    entries.set(name, { path, sha256, size: Number(size) });
  }
  return entries;
}

const isDigest = (text: string): boolean => /^[\da-f]{64}$/.test(text);

/** `Name: value`, lines that begin with a space belonging to the one above. */
function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  let name: string | undefined;
  for (const line of text.split("\n")) {
    const [, key, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
    if (key !== undefined) {
      name = key;
      fields.set(key, (value ?? "").trim());
    } else if (name !== undefined && /^\s/.test(line))
      fields.set(name, `${fields.get(name)}\n${line}`);
  }
  return fields;
}
