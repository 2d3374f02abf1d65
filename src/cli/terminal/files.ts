import { once } from "node:events";
import { createReadStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { DataError } from "../../tensor/errors.ts";
import { appear } from "../../weights/disk/appear.ts";
import { temporaryPath } from "../../weights/disk/temporary.ts";
import { makeFolder } from "../../weights/files.ts";
import { writeAll } from "../../weights/nodeFile.ts";
import type { Output } from "./command.ts";
import { reasonOf } from "./failure.ts";

/** Says of a file what the system said of it; other errors stay as they are. */
function refused(path: string, expected: string, error: unknown): unknown {
  const reason = reasonOf(error);
  return reason === undefined
    ? error
    : new DataError(`${path}: expected ${expected}, got ${reason}`);
}

/** Bytes of a file that is read whole; what is no file on a disk, such as a pipe, may never end. */
const MOST = 2 ** 30;

/** @throws DataError where there is no file to read, or more of it than can be held */
export async function readBytes(path: string, most: number = MOST): Promise<Uint8Array> {
  try {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const part of createReadStream(path, { end: most, highWaterMark: 2 ** 20 })) {
      parts.push(part);
      bytes += part.length;
    }
    if (bytes > most) throw new DataError(`${path}: expected at most ${most} bytes, got more`);
    return Buffer.concat(parts, bytes);
  } catch (error) {
    throw refused(path, "a file to read", error);
  }
}

/** Lines are written in pieces of about so many characters. */
const PIECE = 2 ** 16;

/** Joins texts to pieces; lets timers and signals in between. */
async function* pieces(texts: Iterable<string>, signal: AbortSignal): AsyncGenerator<string> {
  let piece = "";
  for (const text of texts) {
    piece += text;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
    await setImmediate();
    if (signal.aborted) return;
  }
  yield piece;
}

/**
 * Writes a file under a temporary name beside it, then gives it its own: whole or not at all.
 * @param overwrite whether it may take the place of a file that is there
 * @returns whether it is there; false when the signal came first
 * @throws DataError where no file can be written
 */
export async function writeFile(
  path: string,
  texts: Iterable<string>,
  signal: AbortSignal,
  overwrite: boolean | undefined,
): Promise<boolean> {
  const temporary = temporaryPath(path);
  try {
    await makeFolder(dirname(path));
    const file = await open(temporary, "w");
    try {
      for await (const piece of pieces(texts, signal)) await writeAll(file, piece, path);
      await file.sync();
    } finally {
      await file.close();
    }
    if (signal.aborted) return false;
    if (overwrite) await rename(temporary, path);
    else if (!(await appear(temporary, path)))
      throw new DataError(`${path}: expected a new file, got one that was written meanwhile`);
  } catch (error) {
    throw refused(path, "a place to write to", error);
  } finally {
    await rm(temporary, { force: true });
  }
  return true;
}

/** Writes to a stream no faster than it takes. @returns false when the signal came first */
export async function writeOut(
  out: Output,
  texts: Iterable<string>,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const piece of pieces(texts, signal))
    if (!out.write(piece))
      await once(out as unknown as NodeJS.EventEmitter, "drain", { signal }).catch(ignore);
  return !signal.aborted;
}

/** An aborted wait; the signal says so too. */
const ignore = (): void => {};
