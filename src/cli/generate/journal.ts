import { type FileHandle, open, readFile, rename, rm, truncate } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { jsonText } from "../../json/jsonText.ts";
import { DataError } from "../../tensor/errors.ts";
import { isThere, makeFolder, writeWhole } from "../../weights/files.ts";
import { syncFolder, writeAll } from "../../weights/nodeFile.ts";
import { type Claim, claim } from "../terminal/claim.ts";

/** Rows that are written as they are made, to a file that gets its name when all are there. */
export interface Journal {
  /** Rows that an interrupted command left. */
  readonly done: number;
  write(rows: readonly object[]): Promise<void>;
  /** Gives the file its name, and the settings theirs beside it. */
  finish(): Promise<void>;
  /** Keeps what is there for the next command. */
  close(): Promise<void>;
}

/** `responses.settings.json` of `responses.jsonl`. */
const settingsOf = (path: string): string => `${path.replace(/\.jsonl$/, "")}.settings.json`;

/** Keeps a journal to one command: `.responses.jsonl.lock` beside `responses.jsonl`. */
const lockOf = (path: string): string => join(dirname(path), `.${basename(path)}.lock`);

/**
 * Opens a journal, and goes on with one that was made with the same settings.
 * @throws DataError for a finished file, unless it may be overwritten, and for a journal of other
 *   settings; UsageError while another command writes it
 */
export async function openJournal(
  path: string,
  settings: object,
  { overwrite }: { readonly overwrite: boolean },
): Promise<Journal> {
  await makeFolder(dirname(path));
  const lock = lockOf(path);
  const mine = await claim(lock);
  const leave = async (): Promise<void> => {
    // First, while it is held: afterwards it may be another's.
    await rm(lock, { recursive: true, force: true });
    await mine.release();
  };
  try {
    return claimedJournal(await begin(path, settings, overwrite), mine, leave);
  } catch (error) {
    await leave();
    throw error;
  }
}

/** The same, written by nobody else. */
const claimedJournal = (journal: Journal, mine: Claim, leave: () => Promise<void>): Journal => ({
  done: journal.done,
  write: async (rows) => {
    await mine.check();
    await journal.write(rows);
  },
  finish: async () => {
    await mine.check();
    await journal.finish();
    await leave();
  },
  close: async () => {
    await journal.close();
    await leave();
  },
});

async function begin(path: string, settings: object, overwrite: boolean): Promise<Journal> {
  const [partial, said] = [`${path}.partial`, `${settingsOf(path)}.partial`];
  if (!overwrite && (await isThere(path)))
    throw new DataError(`${path}: expected a new file, got one that is there; give --overwrite`);
  const text = jsonText(settings);
  const [rows, former] = await Promise.all([partial, said].map((file) => textOf(file)));
  const goesOn = rows !== undefined && former !== undefined;
  if (goesOn && former !== text && !overwrite)
    throw new DataError(
      `${partial}: expected responses of the same settings, got those of others, which ${said} names; ` +
        "give --overwrite to begin again",
    );
  const kept = goesOn && former === text ? wholeLines(rows) : "";
  await writeWhole(said, text);
  const file: FileHandle = await open(partial, "a");
  // A line that was not written to its end is written again.
  await truncate(partial, Buffer.byteLength(kept));
  return {
    done: kept.split("\n").length - 1,
    write: async (added) => {
      await writeAll(file, added.map((row) => `${JSON.stringify(row)}\n`).join(""), partial);
      await file.datasync();
    },
    finish: async () => {
      await file.close();
      await rename(said, settingsOf(path));
      await rename(partial, path);
      await syncFolder(dirname(path));
    },
    close: () => file.close(),
  };
}

const textOf = (path: string): Promise<string | undefined> =>
  readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });

const wholeLines = (text: string): string => text.slice(0, text.lastIndexOf("\n") + 1);
