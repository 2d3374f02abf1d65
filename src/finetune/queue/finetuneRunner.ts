import { rm } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineOptions } from "../../engines/create.ts";
import type { Numerics } from "../../engines/numerics.ts";
import { inChild } from "../../jobs/child.ts";
import { inputCache } from "../../jobs/inputs.ts";
import { placed } from "../../jobs/placed.ts";
import { repeatedly } from "../../jobs/repeatedly.ts";
import { isRecord } from "../../json/isRecord.ts";
import { PlaceLost } from "../../queue/job.ts";
import type { ReceivedJob } from "../../queue/receiver.ts";
import { putResult } from "../../store/records.ts";
import type { Store } from "../../store/store.ts";
import { refuse } from "../../text/jsonl.ts";
import { temporaryPath } from "../../weights/disk/temporary.ts";
import { readFinetuneJob } from "./finetuneJob.ts";
import { type FinetuneFacts, finishedFinetune, putRun } from "./finetuneResult.ts";
import { withoutPlaces } from "./inputFiles.ts";
import { layOut, placesIn } from "./inputFolder.ts";
import type { ChildReply, ChildRequest, ChildSettings } from "./protocol.ts";
import { runCheckpoint } from "./runCheckpoint.ts";
import { sharedSft } from "./sharedSft.ts";

export interface FinetuneRunnerOptions {
  readonly store: Store;
  readonly engine: EngineOptions;
  /** What the engine computes with; jobs of others are refused. */
  readonly numerics: Numerics;
  /** A folder of its own: runs under way, and files that many read. */
  readonly work: string;
  /** This machine, as each attempt tells it. */
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Names the worker's attempts. */
  readonly name: string;
  /** Between two times that runs on their way are put into the store, ms. */
  readonly keepEvery: number;
  /** The script of the processes that compute, where it is not beside this one. */
  readonly script?: string;
}

/** Runs fine-tunes that come out of a queue. */
export interface FinetuneRunner {
  run(job: ReceivedJob): Promise<void>;
}

/** Between two words about a run's progress, ms. */
const TELL = 2000;

/** The script stands beside this one: TypeScript in the sources, JavaScript when built. */
const beside = (): string =>
  fileURLToPath(new URL(`finetuneChild${extname(import.meta.url)}`, import.meta.url));

/**
 * Runs fine-tunes, each in a process of its own, which knows neither queue nor store: checkpoint and
 * data come as files, and what was trained goes as files. A process whose job is not to go on is
 * killed.
 */
export function finetuneRunner(options: FinetuneRunnerOptions): FinetuneRunner {
  const { store, engine, numerics, work, machine, versions, name, keepEvery } = options;
  const { script = beside() } = options;
  const settings: ChildSettings = { engine, versions };
  const cache = inputCache(store, join(work, "inputs"));
  let count = 0;

  return {
    run: async ({ key, label, data, signal, progress }) => {
      const job = await readFinetuneJob(key, data, numerics);
      if (await placed(() => finishedFinetune(store, key), signal)) return;
      // Not its key: a worker may get a job again that it has not quite ended.
      const own = key.slice(0, 16);
      const [out, inputs] = [
        temporaryPath(join(work, "finetune", own)),
        temporaryPath(join(work, "read", own)),
      ];
      const onItsWay = runCheckpoint(store, key, out);
      const sft = sharedSft(store, out, job, numerics);
      const keeping = repeatedly(async () => {
        await onItsWay.keep();
        await sft.keep();
      }, keepEvery);
      try {
        await placed(() => layOut(job, inputs, cache), signal);
        await placed(() => onItsWay.restore(), signal);
        await placed(() => sft.restore(), signal);
        const request: ChildRequest = { job, out, inputs };
        const facts = await ended(inChild({ script, settings, request, signal }), progress);
        await keeping.stop();
        await placed(() => sft.keep(), signal);
        const { record, machine: more } = await placed(
          () => putRun(store, out, placesIn(inputs)),
          signal,
        );
        const attempt: FinetuneFacts = { kind: "attempt", ...facts, machine, ...more };
        const id = `${name}-ft-${++count}`;
        await placed(() => putResult(store, key, record, { id, facts: { ...attempt } }), signal);
        await onItsWay.clear().catch(() => {});
      } catch (error) {
        if (!signal.aborted && !(error instanceof PlaceLost)) throw onNoMachine(error, inputs);
        // Whoever gets it next, after a hand-back or on a machine with more memory, goes on from here.
        await keeping.now();
        throw signal.aborted
          ? error
          : new PlaceLost(`${label}: ${onNoMachine(error, inputs).message}`);
      } finally {
        await keeping.stop();
        for (const folder of [out, inputs]) await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Waits for a process's end. @throws what it failed with */
async function ended(
  replies: AsyncIterable<unknown>,
  progress: ReceivedJob["progress"],
): Promise<Pick<FinetuneFacts, "seconds" | "device">> {
  let told = -Infinity;
  for await (const said of replies) {
    const reply = replyIn(said);
    if (reply.kind === "done") return reply.facts;
    if (reply.kind === "unfit") throw new PlaceLost(reply.message);
    if (reply.kind === "failed")
      throw Object.assign(new Error(reply.message), { stack: reply.stack });
    if (performance.now() - told < TELL) continue;
    told = performance.now();
    progress(reply);
  }
  throw new PlaceLost("its process ended without a word");
}

/** @throws DataError for what is no reply */
function replyIn(reply: unknown): ChildReply {
  const { kind, facts, message, stage, step, steps } = isRecord(reply) ? reply : {};
  const isReply =
    (kind === "done" && isRecord(facts)) ||
    ((kind === "unfit" || kind === "failed") && typeof message === "string") ||
    (kind === "finetune" &&
      typeof stage === "string" &&
      [step, steps].every((count) => typeof count === "number"));
  return isReply ? (reply as unknown as ChildReply) : refuse("its process", "a reply", reply);
}

/** An error that names files as everybody knows them. */
function onNoMachine(error: unknown, inputs: string): Error {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const places = placesIn(inputs);
  return Object.assign(new Error(withoutPlaces(message, places)), {
    stack: withoutPlaces(stack ?? "", places),
  });
}
