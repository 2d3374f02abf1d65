import { readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isLeft, ownerMark } from "../disk/temporary.ts";

/** How names of files end that have not come whole; the first is huggingface_hub's. */
export type PartialEnding = ".incomplete" | ".partial";

/** Names tell who writes, so that what a dead one left is told from what a living one writes. */
const MARKED = /\.([\da-z]+-[\da-z]*-[\da-f]{8})\.(?:incomplete|partial)$/;

/**
 * The file of this process that grows into another one: no two processes write one file, though they
 * fetch the same. What an ended process has left is gone on with.
 * @returns its path, beside the other one's: `mine.jsonl.a1-8x2k-1f3c9a07.partial`
 */
export async function partialOf(path: string, ending: PartialEnding): Promise<string> {
  const partial = `${path}.${ownerMark()}${ending}`;
  await adopt(path, partial);
  return partial;
}

/** Takes over the longest of the partial files whose writers have ended; a rename has one winner. */
async function adopt(path: string, partial: string): Promise<void> {
  const folder = dirname(path);
  const begun = (await readdir(folder)).filter((name) => name.startsWith(`${basename(path)}.`));
  const free = await Promise.all(begun.map((name) => isFree(folder, name)));
  const left = begun.filter((_, i) => free[i]);
  const sizes = await Promise.all(
    left.map(async (name) => (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0),
  );
  const best = sizes.indexOf(Math.max(...sizes));
  for (const [i, name] of left.entries()) {
    const from = join(folder, name);
    const target = i === best && from !== partial ? partial : undefined;
    for (const end of ["", ".tag"])
      if (target === undefined) {
        if (from !== partial) await rm(`${from}${end}`, { force: true });
      } else await rename(`${from}${end}`, `${target}${end}`).catch(() => undefined);
  }
}

/** Whether nobody writes it: what this process has begun before, it may go on with. */
async function isFree(folder: string, name: string): Promise<boolean> {
  const mark = MARKED.exec(name)?.[1];
  return mark !== undefined && (mark === ownerMark() || (await isLeft(join(folder, name), mark)));
}
