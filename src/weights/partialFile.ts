import { temporaryPath } from "./disk/temporary.ts";
import { nodeFs, syncFolder, writeAll } from "./nodeFile.ts";

/** Where bytes go, one after the other. */
export interface Sink {
  write(bytes: Uint8Array): Promise<void>;
}

/** A file under a temporary name beside its own. */
export interface PartialFile {
  readonly path: string;
  /** Writes it and waits for the disk. */
  fill(write: (sink: Sink) => Promise<void>): Promise<void>;
  /** Gives it its name. */
  finish(): Promise<void>;
  discard(): Promise<void>;
}

export function partialFile(path: string): PartialFile {
  const fs = nodeFs("partialFile");
  const temporary = temporaryPath(path);
  return {
    path,
    fill: async (write) => {
      const handle = await fs.open(temporary, "w");
      try {
        await write({
          write: (bytes) => writeAll(handle, bytes, path),
        });
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    finish: () => fs.rename(temporary, path),
    discard: () => fs.rm(temporary, { force: true }),
  };
}

/** Gives files their names when all are written; none is left behind where one fails. */
export async function allOrNone(
  files: readonly PartialFile[],
  write: () => Promise<void>,
): Promise<void> {
  try {
    await write();
    for (const file of files) await file.finish();
  } catch (error) {
    await Promise.all(files.map((file) => file.discard()));
    throw error;
  }
  const folders = new Set(files.map(({ path }) => path.slice(0, path.lastIndexOf("/") + 1) || "."));
  for (const folder of folders) await syncFolder(folder);
}
