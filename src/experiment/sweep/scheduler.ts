import type { Engine } from "../../engines/engine.ts";
import { type Numerics, numericsOf } from "../../engines/numerics.ts";
import type { Measurement } from "../measurements.ts";
import type { Job } from "./plan.ts";

/** What a place must have to run jobs. */
export interface Requirements {
  /** Results of other numerics are refused. */
  readonly numerics: Numerics;
  /** Whether its engine computes on a GPU. */
  readonly gpu: boolean;
}

/** What an engine's own jobs require. */
export const requirementsOf = (engine: Pick<Engine, "backend" | "numerics">): Requirements => ({
  numerics: numericsOf(engine),
  gpu: !ON_CPUS.has(engine.backend),
});

const ON_CPUS: ReadonlySet<string> = new Set(["reference", "wasm", "webasm", "cpu"]);

/**
 * Where jobs run: processes of this machine, or a queue of many. A job that ends has left its
 * weights where the jobs that need it find them.
 */
export interface Scheduler {
  /** How many jobs make sense at a time; Infinity for a queue. */
  readonly capacity: number;
  /** What the places that run its jobs have; a result of other numerics is an error. Absent where
   * any result is taken. */
  readonly requires?: Requirements;
  /**
   * Runs a job.
   * @param attempt how often it was begun, this time included
   * @returns what it measures, as it comes: after the attempt, the finished row is the last
   * @throws WorkerLost when it may succeed elsewhere, JobCancelled when `cancel` has ended it; the
   *   job's own error otherwise
   */
  submit(job: Job, attempt: number): AsyncIterable<Measurement>;
  /**
   * Ends a job that was submitted, wherever it waits or runs: what it measures ends with
   * JobCancelled. Does nothing where it has ended.
   */
  cancel(job: Job): Promise<void>;
  /**
   * Ends whatever runs the jobs of this scheduler here.
   * @param how `detach`: jobs that run elsewhere go on, to be found by who comes next; `cancel`: all
   *   jobs end
   */
  close(how: "detach" | "cancel"): Promise<void>;
}

/** The place where a job ran is gone: killed, out of memory, disconnected. */
export class WorkerLost extends Error {
  override readonly name = "WorkerLost";
}

/** Somebody has ended a job that is not needed any more. */
export class JobCancelled extends Error {
  override readonly name = "JobCancelled";
}
