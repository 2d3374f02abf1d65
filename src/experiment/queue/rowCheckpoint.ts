import { link, rm, stat } from "node:fs/promises";
import { isRecord } from "../../json/isRecord.ts";
import { readJson } from "../../json/readJson.ts";
import { fetchFile } from "../../store/blobs.ts";
import { digestOf, fileBytes } from "../../store/bytes.ts";
import type { Store } from "../../store/store.ts";
import { keysIn } from "../../store/store.ts";
import { isCount } from "../../tensor/shapes.ts";
import { refuse } from "../../text/jsonl.ts";
import { temporaryPath } from "../../weights/disk/temporary.ts";
import { isThere } from "../../weights/files.ts";
import { fileReader } from "../../weights/nodeFile.ts";
import { openSafetensors } from "../../weights/safetensors.ts";

/** What a job's process leaves on its way, in a store: whoever gets the job next goes on from there. */
export interface RowCheckpoint {
  /** Fetches the latest, where there is none on this machine. */
  restore(): Promise<void>;
  /** Puts what the process has left since the last time, if anything. */
  keep(): Promise<void>;
  /** The job is finished. */
  clear(): Promise<void>;
}

/**
 * Keys are `checkpoint/<key>/<step>-<sha256>`: attempts leave different bytes at one step, for they
 * hold seconds, and each of them is good.
 * @param path of the file that the job's process replaces from time to time
 */
export function rowCheckpoint(store: Store, key: string, path: string): RowCheckpoint {
  const prefix = `checkpoint/${key}/`;
  let last = 0;
  const all = (): Promise<string[]> => keysIn(store, prefix);
  return {
    restore: async () => {
      if (await isThere(path)) return;
      const latest = (await all()).at(-1);
      if (latest === undefined) return;
      await fetchFile(store, { key: latest, digest: latest.slice(-64) }, path);
      last = (await stat(path)).mtimeMs;
    },
    keep: async () => {
      const info = await stat(path).catch(() => undefined);
      if (!info || info.mtimeMs === last) return;
      // The process may replace the file meanwhile: a link keeps what is being read.
      const kept = temporaryPath(path);
      await link(path, kept);
      try {
        const digest = await digestOf(await fileBytes(kept));
        const name = `${prefix}${await stepIn(kept)}-${digest}`;
        await store.putOnce(name, await fileBytes(kept));
        last = info.mtimeMs;
        for (const older of await all()) if (older < name) await store.remove(older);
      } finally {
        await rm(kept, { force: true });
      }
    },
    clear: async () => {
      for (const each of await all()) await store.remove(each);
    },
  };
}

/** Steps in front of a digest sort as numbers do. */
const DIGITS = 12;

/** How far a file's training has come: of a pre-training, or of a row after it. */
async function stepIn(path: string): Promise<string> {
  const { metadata } = await openSafetensors(await fileReader(path), path);
  const about = readJson(metadata["checkpoint"] ?? metadata["step"] ?? "0", path);
  const step = isRecord(about) ? about["step"] : about;
  if (typeof step !== "number" || !isCount(step))
    return refuse(path, "a whole number as step", step);
  return String(step).padStart(DIGITS, "0");
}
