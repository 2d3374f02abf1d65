import type { Measurement, RowResult } from "../measurements.ts";
import { blockedJobs, type Job, readyJobs } from "./plan.ts";
import { type Scheduler, WorkerLost } from "./scheduler.ts";

/** What happens in a sweep. */
export type SweepEvent =
  | { readonly kind: "started"; readonly job: Job }
  | { readonly kind: "measured"; readonly job: Job; readonly measurement: Measurement }
  /** With all that the job measured, the row last. Those that need it begin after this event. */
  | {
      readonly kind: "finished";
      readonly job: Job;
      readonly result: RowResult;
      readonly measurements: readonly Measurement[];
    }
  /** Its place was lost; it runs again from its beginning. */
  | { readonly kind: "repeated"; readonly job: Job; readonly error: Error }
  | { readonly kind: "failed"; readonly job: Job; readonly error: Error }
  /** It needs what has failed. */
  | { readonly kind: "blocked"; readonly job: Job };

export interface SweepOptions {
  /** Ids of the jobs that are finished already. */
  readonly finished?: ReadonlySet<string>;
  /** When aborted, the sweep ends without waiting for the jobs that run. */
  readonly signal?: AbortSignal;
}

/** A job that loses its worker twice is taken to be the reason. */
const ATTEMPTS = 2;

/**
 * Runs all jobs that are not finished, as many at a time as the scheduler has room for, each after
 * what it needs. A job that fails takes those along that need it, and no other.
 */
export async function* runSweep(
  jobs: readonly Job[],
  scheduler: Scheduler,
  { finished: before = new Set(), signal }: SweepOptions = {},
): AsyncGenerator<SweepEvent, void> {
  const standing = {
    finished: new Set(before),
    failed: new Set<string>(),
    running: new Set<string>(),
  };
  const attempts = new Map<string, number>();
  const runs = new Map<string, Run>();
  const aborted = abortion(signal);
  try {
    for (;;) {
      for (const job of readyJobs(jobs, standing).slice(0, scheduler.capacity - runs.size)) {
        attempts.set(job.id, (attempts.get(job.id) ?? 0) + 1);
        standing.running.add(job.id);
        runs.set(job.id, begin(job, scheduler));
        yield { kind: "started", job };
      }
      if (runs.size === 0) break;
      const next = await Promise.race([...[...runs.values()].map(({ next }) => next), aborted]);
      if (next === "aborted" || signal?.aborted) return;
      const event = advance(next, attempts.get(next.run.job.id) === ATTEMPTS);
      const { job } = next.run;
      if (event.kind !== "measured") {
        runs.delete(job.id);
        standing.running.delete(job.id);
      }
      if (event.kind === "failed") standing.failed.add(job.id);
      // Whoever follows has recorded the row when it asks for more.
      yield event;
      if (event.kind === "finished") standing.finished.add(job.id);
    }
    for (const job of blockedJobs(jobs, standing)) yield { kind: "blocked", job };
  } finally {
    await scheduler.close();
  }
}

/** A job under way. */
interface Run {
  readonly job: Job;
  readonly source: AsyncIterator<Measurement>;
  readonly measurements: Measurement[];
  next: Promise<Step>;
}

/** What a job did next. */
type Step = { readonly run: Run } & (
  | { readonly measurement: Measurement }
  | { readonly end: true }
  | { readonly error: Error }
);

function begin(job: Job, scheduler: Scheduler): Run {
  const source = scheduler.submit(job)[Symbol.asyncIterator]();
  const run: Run = { job, source, measurements: [], next: new Promise(() => {}) };
  run.next = step(run);
  return run;
}

async function step(run: Run): Promise<Step> {
  try {
    const { done, value } = await run.source.next();
    return done ? { run, end: true } : { run, measurement: value };
  } catch (error) {
    return { run, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function advance(step_: Step, isLast: boolean): SweepEvent {
  const { run } = step_;
  const { job, measurements } = run;
  if ("error" in step_) {
    const { error } = step_;
    const again = error instanceof WorkerLost && !isLast;
    return { kind: again ? "repeated" : "failed", job, error };
  }
  if ("measurement" in step_) {
    const { measurement } = step_;
    measurements.push(measurement);
    run.next = step(run);
    return { kind: "measured", job, measurement };
  }
  const result = measurements.at(-1);
  if (result?.kind !== "row")
    return { kind: "failed", job, error: new Error(`${job.id}: expected a row at its end`) };
  return { kind: "finished", job, result, measurements };
}

/** Resolves when the signal comes. */
const abortion = (signal: AbortSignal | undefined): Promise<"aborted"> =>
  new Promise((resolve) => {
    if (signal?.aborted) resolve("aborted");
    signal?.addEventListener("abort", () => resolve("aborted"), { once: true });
  });
