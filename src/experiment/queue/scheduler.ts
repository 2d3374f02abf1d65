import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { numericsName } from "../../engines/numerics.ts";
import { sayOnce } from "../../jobs/once.ts";
import { waiting } from "../../jobs/waiting.ts";
import { isRecord } from "../../json/isRecord.ts";
import { type QueueAddress, queueName } from "../../queue/address.ts";
import type { QueueJob } from "../../queue/job.ts";
import { openSender } from "../../queue/sender.ts";
import { getFile, putFile } from "../../store/blobs.ts";
import { digestOf, fileBytes } from "../../store/bytes.ts";
import { whenReached } from "../../store/patience.ts";
import type { Store } from "../../store/store.ts";
import { isThere, writeWhole } from "../../weights/files.ts";
import { digestPath } from "../../weights/store.ts";
import type { Measurement } from "../measurements.ts";
import { weightsName } from "../recipe.ts";
import type { RunConfig } from "../runs/config.ts";
import { type Inputs, inputsOf, type Job } from "../sweep/plan.ts";
import { JobCancelled, type Requirements, type Scheduler } from "../sweep/scheduler.ts";
import { isNeeded, rowJobOf } from "./rowJob.ts";
import { type FinishedRow, finishedRow } from "./rowResult.ts";

export interface QueueSchedulerOptions {
  readonly address: QueueAddress;
  /** Where weights and results are exchanged with the workers. */
  readonly store: Store;
  /** What the workers must have: jobs of others stand in other queues. */
  readonly requires: Requirements;
  /** The folder for the weights of a job's recipe. */
  readonly checkpointsOf: (job: Job) => string;
  /** The run that a job belongs to. */
  readonly configOf: (job: Job) => RunConfig;
  /** Whether to keep weights that no other job needs; false by default. */
  readonly keepWeights?: boolean;
  /** Hears how far a job has come; what it measures comes when it is finished. */
  readonly told?: (job: Job, progress: unknown) => void;
  /** Between two rounds of looking at jobs of which nothing was heard, ms. */
  readonly every?: number;
  readonly warn?: (error: Error) => void;
}

const EVERY = 5000;

/**
 * Runs jobs on workers elsewhere, by a queue and a store. A job whose result is in the store is not
 * run, whoever has run it: so the same sweep goes on wherever it is begun again.
 * @throws DataError where a package is missing or the server does not answer
 */
export async function queueScheduler(options: QueueSchedulerOptions): Promise<Scheduler> {
  const { address, store, requires, checkpointsOf, configOf, keepWeights = false } = options;
  const { told = () => {}, every = EVERY } = options;
  const warn = sayOnce(options.warn ?? (() => {}));
  /** By key: several sweeps of one command may ask for the same. */
  const jobs = new Map<string, { readonly job: Job; readonly queued: QueueJob }>();
  const keys = new Map<string, string>();
  /** By id: aborted where somebody cancels a job, be it on its way to the queue. */
  const cancels = new Map<string, AbortController>();

  const sender = await openSender({
    ...{ address, warn },
    queue: queueName(numericsName(requires.numerics), requires.gpu),
    hear: ({ key, kind, data }) => {
      const known = jobs.get(key);
      if (known && kind === "progress") told(known.job, data);
      else if (known && kind !== "started") waiters.look(key);
    },
  });
  const finished = async (key: string, job: Job): Promise<FinishedRow | undefined> => {
    const row = await finishedRow(store, key, configOf(job));
    if (!row || !(keepWeights || isNeeded(job))) return row;
    // Whoever ran it may not have been asked for them.
    return (await store.has(`blob/${row.weights}`)) ? row : undefined;
  };
  const waiters = waiting<FinishedRow>({
    stateOf: sender.stateOf,
    finished: async (key) => {
      const known = jobs.get(key);
      return known && finished(key, known.job);
    },
    sendAgain: async (key) => {
      const known = jobs.get(key);
      if (known) await sender.send(known.queued);
    },
    ...{ every, warn },
  });

  const weightsOf = ({ recipe, seed, row, ...job }: Job, of: string = row): string =>
    `${checkpointsOf({ recipe, seed, row, ...job })}/${weightsName(seed, of)}.safetensors`;
  /** Of weights that were sent, by path: many rows begin with the same. */
  const sent = new Map<string, Promise<string>>();
  const send = (path: string): Promise<string> => {
    const known = sent.get(path);
    if (known) return known;
    const sending = putFile(store, path);
    sent.set(path, sending);
    sending.catch(() => sent.delete(path));
    return sending;
  };
  const inputs = async (job: Job): Promise<Inputs> => {
    const wanted = Object.entries(inputsOf(job.recipe, job.row));
    const digests = wanted.map(async ([role, of]) => [role, await send(weightsOf(job, of))]);
    return Object.fromEntries(await Promise.all(digests)) as Inputs;
  };
  const fetchWeights = async (job: Job, { weights }: FinishedRow): Promise<void> => {
    const path = weightsOf(job);
    const there = await isThere(path);
    const digest = await readFile(digestPath(path), "utf8").catch(() => "");
    if (there && digest.startsWith(weights)) return;
    // A sweep that was killed between the two has the weights alone.
    const holds = there && (await digestOf(await fileBytes(path))) === weights;
    if (!holds) await getFile(store, weights, path);
    await writeWhole(digestPath(path), `${weights}  ${basename(path)}\n`);
  };

  const leaving = new AbortController();
  const reached = <T>(ask: () => Promise<T>): Promise<T> => whenReached(ask, leaving.signal, warn);

  async function* submit(job: Job): AsyncGenerator<Measurement, void> {
    const cancel = new AbortController();
    cancels.set(job.id, cancel);
    try {
      const digests = await reached(() => inputs(job));
      const queued = await rowJobOf(job, requires.numerics, digests, keepWeights);
      yield* queuedRow(job, queued, cancel.signal);
    } finally {
      cancels.delete(job.id);
    }
  }

  async function* queuedRow(
    job: Job,
    queued: QueueJob,
    cancelled: AbortSignal,
  ): AsyncGenerator<Measurement, void> {
    const { key } = queued;
    jobs.set(key, { job, queued });
    keys.set(job.id, key);
    try {
      let row = await reached(() => finished(key, job));
      if (!row) {
        cancelled.throwIfAborted();
        // Before it is sent: it may end at once.
        const ended = waiters.waitFor(key);
        ended.catch(() => {});
        await sender.send(queued);
        // Whoever cancelled it meanwhile may have found nothing to cancel.
        if (cancelled.aborted) await sender.cancel(key);
        row = await ended;
      }
      const { measurements } = row;
      const needed = row;
      if (keepWeights || isNeeded(job)) await reached(() => fetchWeights(job, needed));
      yield* measurements;
    } finally {
      jobs.delete(key);
      keys.delete(job.id);
    }
  }

  return {
    capacity: Number.POSITIVE_INFINITY,
    ...{ requires, submit },
    cancel: async ({ id }) => {
      const reason = new JobCancelled(`${id}: it was cancelled`);
      cancels.get(id)?.abort(reason);
      const key = keys.get(id);
      if (key === undefined) return;
      await sender.cancel(key);
      waiters.end(key, reason);
    },
    close: async (how) => {
      if (how === "cancel") await Promise.all([...jobs.keys()].map((key) => sender.cancel(key)));
      leaving.abort();
      waiters.close(new JobCancelled("the sweep was left"));
      await sender.close();
    },
  };
}

/** Progress as workers tell it to a queue, which carries whatever it is given. */
export const isProgress = (data: unknown): data is Extract<Measurement, { kind: "progress" }> =>
  isRecord(data) &&
  data["kind"] === "progress" &&
  isRecord(data["stage"]) &&
  ["seed", "step", "steps", "loss", "tokens"].every((name) => typeof data[name] === "number");
