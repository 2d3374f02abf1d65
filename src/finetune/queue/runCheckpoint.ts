import { link, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readJson } from "../../json/readJson.ts";
import { fetchFile } from "../../store/blobs.ts";
import { bytesOf, collect, digestOf, fileBytes, verified } from "../../store/bytes.ts";
import { keysIn, type Store, Unreachable } from "../../store/store.ts";
import { DataError } from "../../tensor/errors.ts";
import { temporaryPath } from "../../weights/disk/temporary.ts";
import { isThere, makeFolder, writeWhole } from "../../weights/files.ts";
import { standingOf } from "../files/directory.ts";
import { digestAt, nameAt } from "./finetuneJob.ts";

/** What a run's process leaves on its way, in a store: whoever gets the job next goes on from there. */
export interface RunCheckpoint {
  /** Lays out the latest, where the folder holds none. */
  restore(): Promise<void>;
  /** Puts where the run stands, unless it stands where it stood the last time. */
  keep(): Promise<void>;
  /** The job is finished. */
  clear(): Promise<void>;
}

const STANDING = "standing.json";
const METRICS = "metrics.jsonl";
/** What names a run, written once. */
const BEGUN = ["recipe.json", "inputs.json"];
const LIST = "list";
/** Bytes of metrics in front of a digest sort as numbers do. */
const DIGITS = 12;

/**
 * Keys are `checkpoint/<key>/<bytes>-<sha256>/<sha256>`, files, and `…/list`, their names, which comes
 * last: a run is as far as its metrics are long, and attempts that are as far leave equal files.
 * @param folder of the run
 */
export function runCheckpoint(store: Store, key: string, folder: string): RunCheckpoint {
  const prefix = `checkpoint/${key}/`;
  let last = "";
  const all = (): Promise<string[]> => keysIn(store, prefix);

  const restore = async (group: string): Promise<void> => {
    for (const [name, digest] of await filesOf(store, group))
      await fetchFile(store, { key: `${group}/${digest}`, digest }, join(folder, name));
    last = await readFile(join(folder, STANDING), "utf8");
  };

  const put = async (copy: string, names: readonly string[], bytes: number): Promise<void> => {
    const files: [string, string][] = [];
    for (const name of names) files.push([name, await digestOf(await fileBytes(join(copy, name)))]);
    const list = `${JSON.stringify(files)}\n`;
    const digits = String(bytes).padStart(DIGITS, "0");
    const group = `${prefix}${digits}-${await digestOf(bytesOf(list))}`;
    for (const [name, digest] of files)
      await store.putOnce(`${group}/${digest}`, await fileBytes(join(copy, name)));
    await store.putOnce(`${group}/${LIST}`, bytesOf(list));
    for (const older of await all()) if (older < group) await store.remove(older);
  };

  return {
    restore: async () => {
      if (await isThere(join(folder, STANDING))) return;
      const lists = (await all()).filter((one) => one.endsWith(`/${LIST}`));
      for (const list of lists.toReversed()) {
        try {
          return await restore(list.slice(0, -LIST.length - 1));
        } catch (error) {
          if (!(error instanceof DataError) || error instanceof Unreachable) throw error;
          // Who is farther has removed it meanwhile, or it is damaged: there may be another.
          await rm(folder, { recursive: true, force: true });
        }
      }
    },
    keep: async () => {
      const path = join(folder, STANDING);
      const standing = await readFile(path, "utf8").catch(() => undefined);
      if (standing === undefined || standing === last) return;
      const { bytes, checkpoint } = standingOf(readJson(standing, path), path);
      // The process goes on meanwhile: links and copies keep what is being read.
      const copy = temporaryPath(join(dirname(folder), "kept"));
      const linked = [...BEGUN, ...(checkpoint === undefined ? [] : [`checkpoints/${checkpoint}`])];
      try {
        for (const name of linked) {
          await makeFolder(dirname(join(copy, name)));
          await link(join(folder, name), join(copy, name));
        }
        await writeWhole(join(copy, METRICS), await startOf(join(folder, METRICS), bytes));
        await writeWhole(join(copy, STANDING), standing);
        // Where the run stands comes last: it says that the rest is there.
        await put(copy, [...linked, METRICS, STANDING], bytes);
        last = standing;
      } finally {
        await rm(copy, { recursive: true, force: true });
      }
    },
    clear: async () => {
      for (const each of await all()) await store.remove(each);
    },
  };
}

/** The first bytes of a file. */
async function startOf(path: string, length: number): Promise<Uint8Array> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Names and digests of a group's files. @throws DataError for what is no list of them */
async function filesOf(store: Store, group: string): Promise<readonly [string, string][]> {
  const name = `${store.name}: ${group}/${LIST}`;
  const stream = await store.get(`${group}/${LIST}`);
  if (!stream) throw new DataError(`${name}: expected a list of files, got none`);
  const bytes = collect(verified(stream, group.slice(-64), name));
  const list = readJson(new TextDecoder().decode(await bytes), name);
  if (!Array.isArray(list)) throw new DataError(`${name}: expected a list, got something else`);
  return list.map((entry: unknown) => {
    const [file, digest]: readonly unknown[] = Array.isArray(entry) ? entry : [];
    return [nameAt(file, name), digestAt(digest, name)];
  });
}
