import type { Measurement } from "../measurements.ts";
import type { Job } from "./plan.ts";

/**
 * Where jobs run: processes of this machine, or a queue of many. A job that ends has left its
 * weights where the jobs that need it find them.
 */
export interface Scheduler {
  /** How many jobs make sense at a time. */
  readonly capacity: number;
  /**
   * Runs a job.
   * @returns what it measures, as it comes; the last one is the finished row
   * @throws WorkerLost when it may succeed elsewhere; the job's own error otherwise
   */
  submit(job: Job): AsyncIterable<Measurement>;
  /** Ends the jobs that still run, and whatever runs them. */
  close(): Promise<void>;
}

/** The place where a job ran is gone: killed, out of memory, disconnected. */
export class WorkerLost extends Error {
  override readonly name = "WorkerLost";
}
