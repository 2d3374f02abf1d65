import { type FileHandle, open, readFile, rename, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { DataError } from "../../tensor/errors.ts";
import { isThere, makeFolder, writeWhole } from "../../weights/files.ts";
import { syncFolder } from "../../weights/nodeFile.ts";

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

/**
 * Opens a journal, and goes on with one that was made with the same settings.
 * @throws DataError for a finished file, unless it may be overwritten, and for a journal of other
 *   settings
 */
export async function openJournal(
  path: string,
  settings: object,
  { overwrite }: { readonly overwrite: boolean },
): Promise<Journal> {
  const [partial, said] = [`${path}.partial`, `${settingsOf(path)}.partial`];
  if (!overwrite && (await isThere(path)))
    throw new DataError(`${path}: expected a new file, got one that is there; give --overwrite`);
  await makeFolder(dirname(path));
  const text = `${JSON.stringify(settings, undefined, 2)}\n`;
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
      await file.appendFile(added.map((row) => `${JSON.stringify(row)}\n`).join(""));
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
