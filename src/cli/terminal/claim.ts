import { randomUUID } from "node:crypto";
import {
  type FileHandle,
  link,
  open,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { visible } from "../../report/escape.ts";
import { DataError } from "../../tensor/errors.ts";
import { isRunning, type Owner, ownerIn, thisProcess } from "../../weights/disk/owner.ts";
import { makeFolder } from "../../weights/files.ts";
import { UsageError } from "./usage.ts";

/**
 * A run that is kept to this process: two would write each other's files.
 *
 * Claims are files `.lock/1`, `.lock/2`, … in the run's folder; the highest one counts. A new one is
 * made by exclusive creation, and only when the highest is given back, or its owner has ended, or,
 * where that cannot be seen (another machine, another container), has not been heard of for a lease.
 * The highest file is never removed, not even when it is given back: so nobody who looked long ago
 * can make the one that counts.
 */
export interface Claim {
  /** Grows with each claim of the run: a fence against a former one that wakes up. */
  readonly generation: number;
  /** @throws DataError where the run is no longer this process's: taken over, or removed */
  check(): Promise<void>;
  /** Gives it back. */
  release(): Promise<void>;
}

export interface ClaimOptions {
  /** Without a sign of life for so long, ms, an owner that cannot be seen is taken to have ended. */
  readonly lease?: number;
}

const LEASE = 30_000;
/** What a file holds of a claim that was given back. */
const FREE = "free";

const folderOf = (run: string): string => join(run, ".lock");

/** Who works on a run, in words; undefined where nobody does. */
export async function workerOf(
  run: string,
  { lease = LEASE }: ClaimOptions = {},
): Promise<string | undefined> {
  const highest = await highestIn(folderOf(run));
  return highest === 0 ? undefined : holderOf(run, highest, lease);
}

/**
 * Keeps a run to this process.
 * @throws UsageError while another process works on it
 */
export async function claim(run: string, options: ClaimOptions = {}): Promise<Claim> {
  const { lease = LEASE } = options;
  const folder = folderOf(run);
  const text = `${JSON.stringify({ ...thisProcess(), token: randomUUID() })}\n`;
  for (;;) {
    await makeFolder(folder);
    const highest = await highestIn(folder);
    const holder = highest === 0 ? undefined : await holderOf(run, highest, lease);
    if (holder !== undefined)
      throw new UsageError(`${run}: expected a run that nobody works on, got that of ${holder}`);
    const generation = highest + 1;
    if (!(await create(folder, generation, text))) continue;
    const handle = await open(join(folder, `${generation}`), "r+").catch(goneIs(undefined));
    if (handle && (await highestIn(folder)) === generation)
      return held({ run, generation, text, handle }, lease);
    await handle?.close();
    // Made long after looking: others have come and gone, and theirs counts.
    await rm(join(folder, `${generation}`), { force: true });
  }
}

/** Makes a claim's file, whole from the beginning. @returns false where another was faster */
async function create(folder: string, generation: number, text: string): Promise<boolean> {
  const path = join(folder, `${generation}`);
  const temporary = join(folder, `new-${randomUUID()}`);
  try {
    await writeFile(temporary, text, { flush: true });
    await link(temporary, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENOENT: who was faster has cleared up.
    if (code === "EEXIST" || code === "ENOENT") return false;
    if (!["EPERM", "ENOTSUP", "ENOSYS", "EMLINK"].includes(code ?? "")) throw error;
    // No links here: for a moment it is empty, which counts as held.
    return await writeFile(path, text, { flag: "wx", flush: true }).then(
      () => true,
      (again: NodeJS.ErrnoException) => {
        if (again.code === "EEXIST") return false;
        throw again;
      },
    );
  } finally {
    await rm(temporary, { force: true });
  }
}

/** A claim's file, open: whatever the folder becomes, it is this one that is written. */
interface Held {
  readonly run: string;
  readonly generation: number;
  readonly text: string;
  readonly handle: FileHandle;
}

function held({ run, generation, text, handle }: Held, lease: number): Claim {
  const folder = folderOf(run);
  const path = join(folder, `${generation}`);
  const check = async (): Promise<void> => {
    const highest = await highestIn(folder);
    const mine = highest === generation && (await readFile(path, "utf8").catch(goneIs("")));
    if (mine === text) return;
    throw new DataError(
      highest === 0
        ? `${run}: expected the run that this process works on, got none: its folder was removed`
        : `${run}: expected to be the only one that works on it, got another process that has taken it over`,
    );
  };
  // Writing, not utimes: the file's time is then that of whoever keeps the file. A beat that fails
  // is told by the next check.
  const beat = (): void => void handle.write(text, 0).catch(() => {});
  const heart = setInterval(beat, lease / 6).unref();
  void clearUp(folder, generation).catch(() => {});
  return {
    generation,
    check,
    release: async () => {
      clearInterval(heart);
      // As long as before, in one go: nobody finds it empty.
      await handle.write(`${FREE.padEnd(text.length - 1)}\n`, 0);
      await handle.close();
    },
  };
}

/** Removes lower claims, and what others began to make and then did not need. */
async function clearUp(folder: string, generation: number): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith("new-") || Number(name) < generation)
      await rm(join(folder, name), { force: true });
}

/** The claim that counts; 0 where there is none. */
async function highestIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return Math.max(0, ...names.filter((name) => /^\d{1,15}$/.test(name)).map(Number));
}

/** Who holds the claim that counts, in words; undefined where nobody does. */
async function holderOf(
  run: string,
  generation: number,
  lease: number,
): Promise<string | undefined> {
  const path = join(folderOf(run), `${generation}`);
  const text = await readFile(path, "utf8").catch(goneIs(""));
  if (text.trim() === FREE) return undefined;
  const owner = ownerIn(text);
  const here = thisProcess();
  const running = owner && isRunning(owner, here);
  if (running === false) return undefined;
  const who = owner ? describe(owner, here) : "a process that has just begun";
  if (running === true) return who;
  const left = await untilLate(folderOf(run), path, lease);
  return left > 0
    ? `${who}; if that has ended, the run is free in ${Math.ceil(left / 1000)} s`
    : undefined;
}

const describe = ({ pid, host }: Owner, here: Owner): string =>
  host === here.host ? `process ${pid}` : `process ${pid} on ${visible(host)}`;

/** Milliseconds until a claim's lease ends, by the clock of whoever keeps the files. */
async function untilLate(folder: string, path: string, lease: number): Promise<number> {
  const clock = join(folder, `new-${randomUUID()}`);
  try {
    await writeFile(clock, "");
    const [now, last] = await Promise.all([stat(clock), stat(path)]);
    return last.mtimeMs + lease - now.mtimeMs;
  } catch (error) {
    // Somebody clears up: they have it, and the next look will tell.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 1;
    throw error;
  } finally {
    await rm(clock, { force: true });
  }
}

const goneIs =
  <T>(value: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === "ENOENT") return value;
    throw error;
  };
