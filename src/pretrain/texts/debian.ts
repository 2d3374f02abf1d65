import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { DataError } from "../../tensor/errors.ts";
import { makeFolder } from "../../weights/files.ts";
import type { TextPackage } from "./packages.ts";
import { plainOf } from "./plain.ts";

/** A package that was read. */
export interface ReadPackage {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** Of the .deb file. */
  readonly sha256: string;
  /** Its texts without markup, in the order of their paths. */
  readonly texts: readonly string[];
}

const call = promisify(execFile);

/** Puts a package's .deb file into a folder. */
export type FetchPackage = (name: string, folder: string) => Promise<void>;

/** What to do where packages cannot be had. */
const INSTEAD =
  "name a mirror, --mirror https://deb.debian.org/debian, put the packages' .deb files into that folder yourself, or give a folder of your own texts as --text";

/** By `apt-get download`, which checks signatures. */
const fromApt =
  (signal: AbortSignal): FetchPackage =>
  async (name, folder) => {
    try {
      await call("apt-get", ["download", "--quiet", name], { cwd: folder, signal });
    } catch (error) {
      if (signal.aborted) throw error;
      const why = reasonOf(error);
      throw new DataError(
        `${folder}: expected the Debian package ${name}, which apt-get download could not fetch: ${why}; on Debian and Ubuntu apt-get update may help; else ${INSTEAD}`,
      );
    }
  };

/** Larger files than this, bytes, are no text that somebody has written. */
export const LARGEST: number = 2 ** 28;

/** @throws DataError naming the place for what is not packed, or holds more than any text */
export function unpackedText(bytes: Uint8Array, place: string, most: number = LARGEST): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: most });
  } catch (error) {
    throw new DataError(
      `${place}: expected at most ${most} bytes of text packed by gzip, got others (${(error as Error).message})`,
    );
  }
}

/** A package's file in the folder, fetched unless it is there. */
async function debOf(name: string, folder: string, fetchInto: FetchPackage): Promise<string> {
  const found = await debIn(name, folder);
  if (found !== undefined) return found;
  await fetchInto(name, folder);
  const fetched = await debIn(name, folder);
  if (fetched !== undefined) return fetched;
  throw new DataError(`${folder}: expected ${name}_….deb to have been fetched, got none`);
}

async function debIn(name: string, folder: string): Promise<string | undefined> {
  const files = await readdir(folder);
  const last = files.filter((file) => file.startsWith(`${name}_`) && file.endsWith(".deb")).sort();
  const file = last.at(-1);
  return file === undefined ? undefined : join(folder, file);
}

function reasonOf(error: unknown): string {
  const { code, stderr, message } = error as NodeJS.ErrnoException & { readonly stderr?: string };
  if (code === "ENOENT") return "there is no such program here";
  const line = stderr?.split("\n").find((line) => line.startsWith("E: "));
  return (line ?? message).trim().slice(0, 200);
}

/**
 * Fetches a Debian package and reads its texts with `dpkg-deb`. A file that lies in the folder already
 * is taken.
 * @param folder where the .deb files are kept
 * @param fetchInto `fromApt` by default
 * @throws DataError saying what to do where the package or a program is missing
 */
export async function readPackage(
  { name, licence, files, markup }: TextPackage,
  folder: string,
  signal: AbortSignal,
  fetchInto: FetchPackage = fromApt(signal),
): Promise<ReadPackage> {
  await makeFolder(folder);
  const deb = await debOf(name, folder, fetchInto);
  const sha256 = createHash("sha256")
    .update(await readFile(deb))
    .digest("hex");
  const unpacked = await mkdtemp(join(tmpdir(), "anchorgrad-deb-"));
  try {
    const { stdout } = await call("dpkg-deb", ["--field", deb, "Version"], { signal });
    await call("dpkg-deb", ["--extract", deb, unpacked], { signal });
    const entries = await readdir(unpacked, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(unpacked, join(parentPath, name)))
      .filter((path) => files.test(path.split(sep).join("/")))
      .sort();
    if (paths.length === 0)
      throw new DataError(`${deb}: expected texts at ${files.source}, got no such files`);
    const texts: string[] = [];
    for (const path of paths) {
      const bytes = await readFile(join(unpacked, path));
      const whole = /\.(gz|dz)$/.test(path) ? unpackedText(bytes, `${deb}: ${path}`) : bytes;
      texts.push(plainOf(whole.toString("utf8"), markup));
    }
    return { name, version: stdout.trim(), licence, sha256, texts };
  } catch (error) {
    if (signal.aborted || error instanceof DataError) throw error;
    throw new DataError(
      `${deb}: expected a package that dpkg-deb can unpack, got: ${reasonOf(error)}; else ${INSTEAD}`,
    );
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}
