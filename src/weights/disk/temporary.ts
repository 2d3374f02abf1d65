import { hex } from "../../json/hex.ts";
import { nodeFs } from "../nodeFile.ts";
import { isAlive, type Owner, thisProcess } from "./owner.ts";

/**
 * Names of what is written before it gets its own. They tell who writes, so that what nobody goes on
 * with can be told from what somebody writes at this moment, and no two are equal, in whichever
 * process, container or machine: `metrics.jsonl.a1-8x2k-1f3c9a07-5d0c81b3e9.partial`.
 */
const PARTIAL = /\.([\da-z]{1,8})-([\da-z]{0,14})-([\da-f]{8})-[\da-f]{10}\.partial$/;

/** Without a change for so long, ms, what cannot be told otherwise is taken to be left behind. */
const OLD = 3_600_000;

/** A name beside a path that nobody has. */
export function temporaryPath(path: string): string {
  const random = crypto.getRandomValues(new Uint8Array(5));
  return `${path}.${ownerMark()}-${hex(random)}.partial`;
}

/** What tells the names of this process: pid, start and place. */
export function ownerMark(owner: Owner = thisProcess()): string {
  const { pid, start } = owner;
  return `${pid.toString(36)}-${start && BigInt(start).toString(36)}-${placeOf(owner)}`;
}

/** Where a pid counts, as 8 digits: machine, boot, container. */
function placeOf({ host, boot, namespace }: Owner): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${host}\0${boot}\0${namespace}`))
    hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** Whether a name was made here, in any process. */
export const isTemporary = (name: string): boolean => PARTIAL.test(name);

/**
 * Whether nobody writes a file or folder any more: the process that its name tells has ended, or,
 * where that cannot be seen from here, nothing of it has changed for an hour.
 * @param mark the name's mark; by default that of a temporary name
 */
export async function isLeft(path: string, mark: string = markOf(path)): Promise<boolean> {
  const [pid = "", start = "", place] = mark.split("-");
  const here = thisProcess();
  if (place === placeOf(here)) {
    const began =
      start &&
      [...start].reduce((sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)), 0n);
    const running = isAlive({ pid: Number.parseInt(pid, 36), start: `${began}` });
    if (running !== undefined) return !running;
  }
  const last = await lastChange(path);
  return last !== undefined && Date.now() - last > OLD;
}

const markOf = (path: string): string => PARTIAL.exec(path)?.slice(1, 4).join("-") ?? "";

/** When a file, or the newest in a folder, was last written; undefined where it is gone. */
async function lastChange(path: string): Promise<number | undefined> {
  const fs = nodeFs("lastChange");
  const info = await fs.stat(path).catch(() => undefined);
  if (!info?.isDirectory()) return info?.mtimeMs;
  const names = await fs.readdir(path, { recursive: true }).catch(() => []);
  const times = await Promise.all(
    names.map(async (name) => (await fs.stat(`${path}/${name}`).catch(() => undefined))?.mtimeMs),
  );
  return Math.max(info.mtimeMs, ...times.map((time) => time ?? 0));
}

/**
 * Removes what nobody goes on with, in a folder and below: what ended processes left half-written.
 * What anybody writes at this moment stays.
 */
export async function removeUnfinished(folder: string): Promise<void> {
  const fs = nodeFs("removeUnfinished");
  const names = await fs
    .readdir(folder, { recursive: true })
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
  await removeLeft(names.filter(isTemporary).map((name) => `${folder}/${name}`));
}

/** Removes those of some files and folders that nobody writes any more. */
export async function removeLeft(paths: readonly string[]): Promise<void> {
  const fs = nodeFs("removeLeft");
  for (const path of paths)
    if (await isLeft(path)) await fs.rm(path, { recursive: true, force: true });
}
