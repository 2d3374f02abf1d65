import { basename } from "node:path";
import type { Numerics } from "../../engines/numerics.ts";
import { isRecord } from "../../json/isRecord.ts";
import { getFile, putFile } from "../../store/blobs.ts";
import { getRecord, putRecord } from "../../store/records.ts";
import type { Store } from "../../store/store.ts";
import { isThere } from "../../weights/files.ts";
import { sftCache } from "../files/sftCache.ts";
import { digestAt, type FinetuneJob } from "./finetuneJob.ts";

/** An SFT model that several jobs begin with: whoever has trained it puts it into the store. */
export interface SharedSft {
  /** Fetches it, where somebody has trained it and this machine has not. */
  restore(): Promise<void>;
  /** Puts it, where it has been trained here. */
  keep(): Promise<void>;
}

/** @param out the run's folder, beside which the cache lies */
export function sharedSft(
  store: Store,
  out: string,
  { recipe, inputs }: FinetuneJob,
  numerics: Numerics,
): SharedSft {
  const { path } = sftCache(out, recipe, inputs, numerics);
  const lines = path.replace(/\.safetensors$/, ".jsonl");
  const key = `pretrained/${basename(path, ".safetensors")}`;
  let isKept = false;
  return {
    restore: async () => {
      if (await isThere(path)) return;
      const record = await getRecord(store, key);
      if (!isRecord(record)) return;
      // The model's file says that the lines are there.
      const name = `${store.name}: ${key}`;
      const [told, weights] = [
        digestAt(record["lines"], `${name}.lines`),
        digestAt(record["weights"], `${name}.weights`),
      ];
      await getFile(store, told, lines);
      await getFile(store, weights, path);
      isKept = true;
    },
    keep: async () => {
      if (isKept || !(await isThere(path))) return;
      const [weights, told] = [await putFile(store, path), await putFile(store, lines)];
      await putRecord(store, key, { weights, lines: told });
      isKept = true;
    },
  };
}
