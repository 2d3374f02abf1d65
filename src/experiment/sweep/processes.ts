import { type ChildProcess, fork } from "node:child_process";
import { on, once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineOptions } from "../../engines/create.ts";
import { isRecord } from "../../json/isRecord.ts";
import { DataError } from "../../tensor/errors.ts";
import { expectKnown } from "../../tensor/options.ts";
import { refuse } from "../../text/jsonl.ts";
import type { Measurement, Place } from "../measurements.ts";
import type { Job } from "./plan.ts";
import type { Reply, Request, WorkerOptions } from "./protocol.ts";
import { JobCancelled, type Requirements, type Scheduler, WorkerLost } from "./scheduler.ts";

/** On how many processes of this machine a sweep runs, and where they keep files. */
export interface ProcessOptions {
  /** How many processes, and so jobs, at a time. */
  readonly processes: number;
  readonly engine: EngineOptions;
  /** Folder of finished pre-trainings, shared by all processes. */
  readonly pretrained: string;
  /** The folder for the weights of a job's recipe. */
  readonly checkpointsOf: (job: Job) => string;
  /** The folder for rows on their way of a job's recipe; whoever records a row removes it there. */
  readonly unfinishedOf: (job: Job) => string;
  /** Whether to keep weights that no other job needs; false by default. */
  readonly keepWeights?: boolean;
  readonly requires?: Requirements;
  /** This machine, as each row's attempt tells it. */
  readonly place?: Place;
  /** The worker's script, where it is not beside this one. */
  readonly script?: string;
}

/** The script stands beside this one: TypeScript in the sources, JavaScript when built. */
const beside = (): string =>
  fileURLToPath(new URL(`worker${extname(import.meta.url)}`, import.meta.url));

/**
 * Runs jobs in processes of this machine. A process serves jobs one after the other; one that dies
 * is replaced by the next job's.
 */
export function processes(options: ProcessOptions): Scheduler {
  expectKnown("processes", options, [
    ...([
      "processes",
      "engine",
      "pretrained",
      "checkpointsOf",
      "unfinishedOf",
      "keepWeights",
    ] as const),
    ...(["requires", "place", "script"] as const),
  ]);
  const { engine, pretrained, checkpointsOf, keepWeights = false, script = beside() } = options;
  const { place, requires, unfinishedOf } = options;
  const idle: ChildProcess[] = [];
  const all = new Set<ChildProcess>();
  /** By the job that each one runs. */
  const busy = new Map<string, ChildProcess>();
  const cancelled = new Set<string>();

  const start = (): ChildProcess => {
    const settings: WorkerOptions = { engine, pretrained, ...(place && { place }) };
    const child = fork(script, [JSON.stringify(settings)], {
      serialization: "json",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    all.add(child);
    child.once("exit", () => {
      all.delete(child);
      const at = idle.indexOf(child);
      if (at >= 0) idle.splice(at, 1);
    });
    return child;
  };

  async function* submit(job: Job): AsyncGenerator<Measurement, void> {
    const child = idle.pop() ?? start();
    const request: Request = {
      job: { recipe: job.recipe, seed: job.seed, row: job.row },
      checkpoints: checkpointsOf(job),
      unfinished: unfinishedOf(job),
      keepWeights,
    };
    busy.set(job.id, child);
    try {
      for await (const reply of ask(child, request)) {
        if (reply.kind === "measured") yield reply.measurement;
        else {
          // One that was cancelled as it ended is killed all the same.
          if (!child.killed) idle.push(child);
          if (reply.kind === "done") return;
          throw Object.assign(new Error(reply.message), { stack: reply.stack });
        }
      }
    } catch (error) {
      throw cancelled.has(job.id) ? new JobCancelled(`${job.id}: it was cancelled`) : error;
    } finally {
      busy.delete(job.id);
      cancelled.delete(job.id);
    }
  }

  return {
    capacity: options.processes,
    ...(requires && { requires }),
    submit,
    cancel: async ({ id }) => {
      const child = busy.get(id);
      if (!child) return;
      cancelled.add(id);
      const end = once(child, "exit");
      child.kill("SIGKILL");
      await end;
    },
    // Processes of this machine end with the one that began them.
    close: async () => {
      const ends = [...all].map((child) => once(child, "exit"));
      for (const child of all) child.kill("SIGKILL");
      await Promise.all(ends);
    },
  };
}

/** Sends a request. @returns the replies. @throws WorkerLost when the process ends meanwhile */
async function* ask(child: ChildProcess, request: Request): AsyncGenerator<Reply, void> {
  const lost = new AbortController();
  let said = "";
  const listen = (text: Buffer): void => {
    said = `${said}${text}`.slice(-SAID);
  };
  const end = (code: number | null, signal: NodeJS.Signals | null): void => {
    const how = signal ? `by ${signal}` : `with code ${code}`;
    lost.abort(new WorkerLost(`its process ended ${how}${said && `: ${said.trim()}`}`));
  };
  child.stderr?.on("data", listen);
  child.once("close", end);
  try {
    const replies = on(child, "message", { signal: lost.signal });
    child.send(request, () => {});
    for await (const [reply] of replies) yield replyIn(reply);
  } catch (error) {
    // Whoever says something else is not asked again.
    if (error instanceof DataError) child.kill("SIGKILL");
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    child.stderr?.off("data", listen);
    child.off("close", end);
  }
}

/** @throws DataError for what is no reply */
function replyIn(reply: unknown): Reply {
  const { kind, measurement, message } = isRecord(reply) ? reply : {};
  const isReply =
    kind === "done" ||
    (kind === "measured" && isRecord(measurement)) ||
    (kind === "failed" && typeof message === "string");
  return isReply ? (reply as Reply) : refuse("its process", "a reply", reply);
}

/** So many characters of what a process last wrote go into the error of its loss. */
const SAID = 2000;
