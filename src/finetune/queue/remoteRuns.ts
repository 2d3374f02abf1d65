import { resolve } from "node:path";
import type { Numerics } from "../../engines/numerics.ts";
import { sayOnce } from "../../jobs/once.ts";
import { waiting } from "../../jobs/waiting.ts";
import { isRecord } from "../../json/isRecord.ts";
import type { QueueJob } from "../../queue/job.ts";
import type { QueueNews, Sender } from "../../queue/sender.ts";
import { fileBytes } from "../../store/bytes.ts";
import { whenReached } from "../../store/patience.ts";
import type { Store } from "../../store/store.ts";
import { fileDigest, modelDigest } from "../files/digest.ts";
import { type Begun, type Inputs, isFinished } from "../files/directory.ts";
import type { FinetuneRecipe } from "../recipe.ts";
import { finetuneJobOf } from "./finetuneJob.ts";
import { type FinishedFinetune, finishedFinetune } from "./finetuneResult.ts";
import {
  digests,
  type LocalFiles,
  localFiles,
  ROLES,
  type Role,
  withPlaces,
} from "./inputFiles.ts";
import type { FinetuneProgress } from "./protocol.ts";
import { writeRun } from "./writeRun.ts";

/** A run that workers are to make, for a folder of this machine. */
export interface RemoteRun {
  readonly id: string;
  /** Whole, its backend one that is, not `auto`. */
  readonly recipe: FinetuneRecipe;
  /** The run's folder. */
  readonly out: string;
}

export interface RemoteOptions {
  readonly store: Store;
  /** What workers must compute with. */
  readonly numerics: Numerics;
  /** Opens the queue of those workers. */
  readonly openQueue: (
    hear: (news: QueueNews) => void,
    warn: (error: Error) => void,
  ) => Promise<Sender>;
  /** Where relative paths of recipes start. */
  readonly folder: string;
  /** Where the model's files are, if not where a recipe says. */
  readonly modelFolder?: string;
  /** Hears how far a run has come. */
  readonly told?: (run: RemoteRun, progress: FinetuneProgress) => void;
  readonly warn?: (error: Error) => void;
  /** Between two rounds of looking at runs of which nothing was heard, ms. */
  readonly every?: number;
}

/** Runs that workers elsewhere make. */
export interface RemoteRuns {
  /**
   * Makes a run's folder, by whoever takes its job; one that is finished stays as it is, and one whose
   * result is in the store is not run again, whoever has run it.
   * @returns whether there was something to do
   * @throws what the run failed with; RunsLeft after `close`
   */
  make(run: RemoteRun): Promise<boolean>;
  /** Waits no longer; what was enqueued goes on. */
  close(): Promise<void>;
}

/** Nobody waits for a run any more. */
export class RunsLeft extends Error {
  override readonly name = "RunsLeft";
}

const EVERY = 5000;

/**
 * Sends fine-tunes to workers: checkpoint and data go into the store by their digests, once; what
 * comes back is written as the run itself would have written it here.
 * @throws DataError where a package is missing or the server does not answer
 */
export async function remoteRuns(options: RemoteOptions): Promise<RemoteRuns> {
  const { store, numerics, folder, told = () => {}, every = EVERY } = options;
  const warn = sayOnce(options.warn ?? (() => {}));
  const leaving = new AbortController();
  const reached = <T>(ask: () => Promise<T>): Promise<T> => whenReached(ask, leaving.signal, warn);
  const jobs = new Map<string, { readonly run: RemoteRun; readonly queued: QueueJob }>();

  const sender = await options.openQueue(({ key, kind, data }) => {
    const known = jobs.get(key);
    if (known && kind === "progress" && isProgress(data)) told(known.run, data);
    else if (known && kind !== "started" && kind !== "progress") waiters.look(key);
  }, warn);
  const waiters = waiting<FinishedFinetune>({
    stateOf: sender.stateOf,
    finished: (key) => finishedFinetune(store, key),
    sendAgain: async (key) => {
      const known = jobs.get(key);
      if (known) await sender.send(known.queued);
    },
    ...{ every, warn },
  });

  const digest = digests();
  const sent = new Map<string, Promise<void>>();
  const put = (of: string, path: string): Promise<void> => {
    const known = sent.get(of);
    if (known) return known;
    const sending = reached(async () => {
      if (!(await store.has(`blob/${of}`)))
        await store.putOnce(`blob/${of}`, await fileBytes(path));
    });
    sent.set(of, sending);
    return sending;
  };
  const send = async ({ files, places }: LocalFiles): Promise<void> => {
    for (const role of ROLES)
      for (const { name, digest: of } of files[role] ?? [])
        await put(of, `${places[role]}/${name}`);
  };

  const pathsOf = (recipe: FinetuneRecipe): Partial<Record<Role, string>> =>
    Object.fromEntries(
      ROLES.flatMap((role): [Role, string][] => {
        const said = recipe[role];
        if (said === undefined) return [];
        const own = role === "model" ? options.modelFolder : undefined;
        return [[role, own ?? resolve(folder, said)]];
      }),
    );
  /** By the recipes' paths: runs of a grid read the same. */
  const read = new Map<string, Promise<{ readonly local: LocalFiles; readonly inputs: Inputs }>>();
  const readOnce = (paths: Partial<Record<Role, string>>) => {
    const name = JSON.stringify(paths);
    const known = read.get(name) ?? lookAt(paths, digest);
    read.set(name, known);
    return known;
  };

  const result = async (queued: QueueJob): Promise<FinishedFinetune> => {
    const { key } = queued;
    const there = await reached(() => finishedFinetune(store, key));
    if (there) return there;
    // Before it is sent: it may end at once.
    const ended = waiters.waitFor(key);
    ended.catch(() => {});
    await sender.send(queued);
    return ended;
  };

  return {
    make: async (run) => {
      const { id, recipe, out } = run;
      const paths = pathsOf(recipe);
      const { local, inputs } = await readOnce(paths);
      const begun: Begun = { recipe, inputs, numerics };
      if (await isFinished(out, begun)) return false;
      await send(local);
      const { files, modelFile } = local;
      const job = { recipe, files, inputs, ...(modelFile !== undefined && { modelFile }) };
      const queued = await finetuneJobOf(id, job, numerics);
      jobs.set(queued.key, { run, queued });
      try {
        const finished = await result(queued);
        const base = options.modelFolder === undefined ? paths.model : recipe.model;
        const written = { out, begun, places: local.places, base: base ?? recipe.model };
        await reached(() => writeRun(store, finished, written));
        return true;
      } catch (error) {
        if (!(error instanceof Error) || error instanceof RunsLeft) throw error;
        error.message = withPlaces(error.message, local.places);
        throw error;
      } finally {
        if (jobs.get(queued.key)?.run === run) jobs.delete(queued.key);
      }
    },
    close: async () => {
      leaving.abort();
      waiters.close(new RunsLeft("the runs were left"));
      await sender.close();
    },
  };
}

async function lookAt(
  paths: Partial<Record<Role, string>>,
  digest: (path: string) => Promise<string>,
): Promise<{ readonly local: LocalFiles; readonly inputs: Inputs }> {
  const local = await localFiles(paths, digest);
  const of = (path: string | undefined) => (path === undefined ? undefined : fileDigest(path));
  const inputs: Inputs = {
    model: paths.model === undefined ? undefined : await modelDigest(paths.model),
    ...{ data: await of(paths.data), retain: await of(paths.retain), eval: await of(paths.eval) },
  };
  return { local, inputs };
}

/** What a queue carries may be from anybody. */
export const isProgress = (data: unknown): data is FinetuneProgress =>
  isRecord(data) &&
  data["kind"] === "finetune" &&
  typeof data["stage"] === "string" &&
  ["step", "steps", "loss"].every((name) => typeof data[name] === "number");
