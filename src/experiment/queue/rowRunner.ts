import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { EngineOptions } from "../../engines/create.ts";
import type { Numerics } from "../../engines/numerics.ts";
import { inputCache } from "../../jobs/inputs.ts";
import { placed } from "../../jobs/placed.ts";
import { repeatedly } from "../../jobs/repeatedly.ts";
import { PlaceLost } from "../../queue/job.ts";
import type { ReceivedJob } from "../../queue/receiver.ts";
import { getFile, putFile } from "../../store/blobs.ts";
import { digestOf, fileBytes } from "../../store/bytes.ts";
import { getRecord, getResult, putRecord, putResult } from "../../store/records.ts";
import type { Store } from "../../store/store.ts";
import { temporaryPath } from "../../weights/disk/temporary.ts";
import { isThere } from "../../weights/files.ts";
import type { Attempt, Place, Result } from "../measurements.ts";
import { weightsName } from "../recipe.ts";
import { pretrainingName } from "../row/pretrainingName.ts";
import { inputsOf, type Job } from "../sweep/plan.ts";
import { processes } from "../sweep/processes.ts";
import { WorkerLost } from "../sweep/scheduler.ts";
import { rowCheckpoint } from "./rowCheckpoint.ts";
import { type RowJob, readRowJob } from "./rowJob.ts";
import { pretrainedKey, rowRecord, weightsIn } from "./rowResult.ts";

export interface RowRunnerOptions {
  readonly store: Store;
  readonly engine: EngineOptions;
  /** What the engine computes with; jobs of others are refused. */
  readonly numerics: Numerics;
  /** Rows at a time. */
  readonly concurrency: number;
  /** A folder of its own: weights of jobs under way, and those that many begin with. */
  readonly work: string;
  /** This machine, as each row's attempt tells it. */
  readonly place: Place;
  /** Names the worker's attempts. */
  readonly name: string;
  /** Between two times that rows on their way are put into the store, ms. */
  readonly keepEvery?: number;
  /** The script of the processes that compute, where it is not beside the scheduler of processes. */
  readonly script?: string;
}

/** Runs rows that come out of a queue. */
export interface RowRunner {
  run(job: ReceivedJob): Promise<void>;
  /** Ends all processes. */
  close(): Promise<void>;
}

/** Between two words about a row's progress, ms. */
const TELL = 2000;
/** Between two times that rows on their way are put into the store, ms: they hold the optimizer. */
const KEEP = 300_000;

/**
 * Runs rows in processes of this machine, which know neither queue nor store: weights come as files
 * and go as files. A process whose job is not to go on is killed.
 */
export function rowRunner(options: RowRunnerOptions): RowRunner {
  const { store, engine, numerics, concurrency, work, place, name, script } = options;
  const { keepEvery = KEEP } = options;
  const pretrained = join(work, "pretrained");
  const rows = processes({
    ...{ processes: concurrency, engine, pretrained, place, keepWeights: true },
    checkpointsOf: ({ id }) => id,
    unfinishedOf: ({ id }) => unfinishedIn(id),
    ...(script !== undefined && { script }),
  });
  let count = 0;

  /** Weights that many rows begin with are fetched once. */
  const inputs = inputCache(store, join(work, "inputs"));

  const pretrainingOf = async ({ recipe, seed }: RowJob) => {
    const of = await pretrainingName(recipe, seed, numerics);
    return { key: pretrainedKey(of), path: join(pretrained, `${of}.safetensors`) };
  };

  /** Where a row's process leaves its training on its way. */
  const wayOf = async (job: RowJob, folder: string): Promise<string> =>
    Object.keys(job.inputs).length === 0
      ? (await pretrainingOf(job)).path.replace(/\.safetensors$/, ".unfinished.safetensors")
      : `${unfinishedIn(folder)}/${weightsName(job.seed, job.row)}.safetensors`;

  /** Lays out what a row begins with as its process expects it. */
  const prepare = async (job: RowJob, folder: string): Promise<void> => {
    const needed = Object.entries(inputsOf(job.recipe, job.row));
    for (const [role, of] of needed) {
      const digest = job.inputs[role as keyof RowJob["inputs"]] ?? "";
      await inputs.place(digest, `${folder}/${weightsName(job.seed, of)}.safetensors`);
    }
    if (needed.length > 0) return;
    const { key, path } = await pretrainingOf(job);
    if (await isThere(path)) return;
    const record = await getRecord(store, key);
    if (record !== undefined) await getFile(store, weightsIn(record, key), path);
  };

  const finish = async (
    key: string,
    job: RowJob,
    folder: string,
    { results, attempt }: Measured,
  ): Promise<void> => {
    const path = `${folder}/${weightsName(job.seed, job.row)}.safetensors`;
    const weights = job.keepWeights
      ? await putFile(store, path)
      : await digestOf(await fileBytes(path));
    if (Object.keys(job.inputs).length === 0) {
      const pretraining = await pretrainingOf(job);
      const digest = await putFile(store, pretraining.path);
      await putRecord(store, pretraining.key, { weights: digest });
    }
    await putResult(store, key, rowRecord(weights, results), {
      id: `${name}-${++count}`,
      facts: { ...attempt },
    });
  };

  return {
    run: async ({ key, label, data, signal, progress }) => {
      const row = await readRowJob(key, data, numerics);
      if (await placed(() => isFinished(store, key, row), signal)) return;
      // Not its key: a worker may get a job again that it has not quite ended.
      const folder = temporaryPath(join(work, "jobs", key.slice(0, 16)));
      const job: Job = { id: folder, ...row, needs: [] };
      const stop = (): void => void rows.cancel(job);
      const onItsWay = rowCheckpoint(store, key, await wayOf(row, folder));
      const keeping = repeatedly(onItsWay.keep, keepEvery);
      try {
        await placed(() => prepare(row, folder), signal);
        await placed(() => onItsWay.restore(), signal);
        signal.addEventListener("abort", stop, { once: true });
        signal.throwIfAborted();
        const measured = await measure(rows.submit(job, 1), progress);
        await placed(() => finish(key, row, folder, measured), signal);
        await keeping.stop();
        await onItsWay.clear().catch(() => {});
      } catch (error) {
        if (!signal.aborted && !(error instanceof WorkerLost)) throw error;
        // Whoever gets it next, after a hand-back or on a machine with more memory, goes on from here.
        await keeping.now();
        throw signal.aborted ? error : new PlaceLost(`${label}: ${String(error)}`);
      } finally {
        await keeping.stop();
        signal.removeEventListener("abort", stop);
        await rm(folder, { recursive: true, force: true });
      }
    },
    close: () => rows.close("cancel"),
  };
}

const unfinishedIn = (folder: string): string => join(folder, "unfinished");

/** What is measured, but for the attempt, is the same wherever it is. */
interface Measured {
  readonly results: readonly Result[];
  readonly attempt: Attempt;
}

async function measure(
  source: ReturnType<ReturnType<typeof processes>["submit"]>,
  progress: ReceivedJob["progress"],
): Promise<Measured> {
  const results: Result[] = [];
  let attempt: Attempt | undefined;
  let told = -Infinity;
  for await (const m of source) {
    if (m.kind === "attempt") attempt = m;
    else results.push(m);
    if (m.kind !== "progress" || performance.now() - told < TELL) continue;
    told = performance.now();
    progress(m);
  }
  if (!attempt || results.at(-1)?.kind !== "row")
    throw new Error("expected a row at its end, and how it came about");
  return { results, attempt };
}

/** Whether all that was asked for is in the store: another worker has done it, or this one before. */
async function isFinished(store: Store, key: string, { keepWeights }: RowJob): Promise<boolean> {
  const record = await getResult(store, key);
  return record !== undefined && (!keepWeights || store.has(`blob/${weightsIn(record, key)}`));
}
