import type { Attempt, Result } from "../../../src/experiment/measurements.ts";
import { readRowJob } from "../../../src/experiment/queue/rowJob.ts";
import { rowRecord } from "../../../src/experiment/queue/rowResult.ts";
import { jobId } from "../../../src/experiment/sweep/plan.ts";
import type { Requirements } from "../../../src/experiment/sweep/scheduler.ts";
import { queueName, readQueueUrl } from "../../../src/queue/address.ts";
import { openReceiver, type Receiver } from "../../../src/queue/receiver.ts";
import { bytesOf, digestOf } from "../../../src/store/bytes.ts";
import { putResult } from "../../../src/store/records.ts";
import type { Store } from "../../../src/store/store.ts";
import { measurementsOf } from "../sweep/fakes.ts";

export const requires: Requirements = {
  numerics: { class: "reference", version: 1 },
  gpu: false,
};

export interface FakeWorkerOptions {
  readonly url: string;
  readonly store: Store;
  readonly concurrency?: number;
  /** Ids of jobs that end with an error. */
  readonly failing?: ReadonlySet<string>;
  /** Hears of each job that it begins. */
  readonly began?: (id: string) => void;
}

/** A worker that trains nothing: its numbers depend on the job alone. No load makes its lease end. */
export function fakeWorker(options: FakeWorkerOptions): Promise<Receiver> {
  const { url, store, concurrency = 1, failing, began } = options;
  let count = 0;
  return openReceiver({
    ...{ address: readQueueUrl(url), queue: queueName("reference-1", false) },
    ...{ name: "fake", concurrency, lease: 1_800_000, renewal: 10_000 },
    run: async ({ key, label, data, progress }) => {
      const { recipe, seed, row, keepWeights } = await readRowJob(key, data, requires.numerics);
      began?.(label);
      if (failing?.has(label)) throw new Error(`${label} cannot`);
      const id = jobId(recipe.name, seed, row);
      const all = measurementsOf({ id, seed, row });
      progress({ ...all[0] });
      const weights = `weights of ${id}`;
      const digest = await digestOf(bytesOf(weights));
      if (keepWeights) await store.putOnce(`blob/${digest}`, bytesOf(weights));
      const results = all.filter((m): m is Result => m.kind !== "attempt");
      const attempt = all.find((m): m is Attempt => m.kind === "attempt");
      await putResult(store, key, rowRecord(digest, results), {
        id: `fake-${++count}`,
        facts: { ...attempt },
      });
    },
  });
}
