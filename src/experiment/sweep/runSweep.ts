import { expectSameNumerics } from "../../engines/numerics.ts";
import { expectKnown } from "../../tensor/options.ts";
import type { Measurement, RowResult } from "../measurements.ts";
import { type Channel, channel } from "./channel.ts";
import { blockedJobs, type Job } from "./plan.ts";
import { readyQueue } from "./readyQueue.ts";
import { JobCancelled, type Requirements, type Scheduler, WorkerLost } from "./scheduler.ts";

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
  /** Somebody has ended it: `Scheduler.cancel`. */
  | { readonly kind: "cancelled"; readonly job: Job }
  /** It needs what has failed, or was cancelled. */
  | { readonly kind: "blocked"; readonly job: Job };

/** What a sweep goes on from, and how it ends. */
export interface SweepOptions {
  /** Ids of the jobs that are finished already. */
  readonly finished?: ReadonlySet<string>;
  /** When aborted, the sweep ends without waiting for the jobs that run. */
  readonly signal?: AbortSignal;
  /** What becomes of jobs that run elsewhere when the sweep ends before them; `cancel` by default. */
  readonly leave?: "detach" | "cancel";
}

/** A job that loses its worker twice is taken to be the reason. */
const ATTEMPTS = 2;

/**
 * Runs all jobs that are not finished, as many at a time as the scheduler has room for, each after
 * what it needs. A job that fails or is cancelled takes those along that need it, and no other. What
 * it costs grows with the number of events, however many jobs run at a time.
 */
export async function* runSweep(
  jobs: readonly Job[],
  scheduler: Scheduler,
  options: SweepOptions = {},
): AsyncGenerator<SweepEvent, void> {
  expectKnown("runSweep", options, ["finished", "signal", "leave"]);
  const { finished: before = new Set(), signal, leave = "cancel" } = options;
  const standing = { finished: new Set(before), failed: new Set<string>() };
  const attempts = new Map<string, number>();
  const ready = readyQueue(jobs, standing.finished);
  const steps = channel<Step | "aborted">();
  const abort = (): void => steps.tell("aborted");
  signal?.addEventListener("abort", abort, { once: true });
  let running = 0;
  try {
    for (;;) {
      while (running < scheduler.capacity && !signal?.aborted) {
        const job = ready.take();
        if (!job) break;
        const attempt = (attempts.get(job.id) ?? 0) + 1;
        attempts.set(job.id, attempt);
        running++;
        const source = scheduler.submit(job, attempt)[Symbol.asyncIterator]();
        void goOn({ job, source, measurements: [] }, steps);
        yield { kind: "started", job };
      }
      if (running === 0 || signal?.aborted) break;
      const step = await steps.hear();
      if (step === "aborted" || signal?.aborted) break;
      const { job } = step.run;
      const event = eventOf(step, scheduler.requires, attempts.get(job.id) === ATTEMPTS);
      if (event.kind === "measured") void goOn(step.run, steps);
      else running--;
      if (event.kind === "failed" || event.kind === "cancelled") standing.failed.add(job.id);
      if (event.kind === "repeated") ready.putBack(job);
      // Whoever follows has recorded the row when it asks for more.
      yield event;
      if (event.kind === "finished") {
        standing.finished.add(job.id);
        ready.finish(job.id);
      }
    }
    if (signal?.aborted) return;
    for (const job of blockedJobs(jobs, standing)) yield { kind: "blocked", job };
  } finally {
    signal?.removeEventListener("abort", abort);
    await scheduler.close(leave);
  }
}

/** A job under way. */
interface Run {
  readonly job: Job;
  readonly source: AsyncIterator<Measurement>;
  readonly measurements: Measurement[];
}

/** What a job did next. */
type Step = { readonly run: Run } & (
  | { readonly measurement: Measurement }
  | { readonly end: true }
  | { readonly error: Error }
);

/** Tells what a job does next; it goes no further before that was heard. */
async function goOn(run: Run, steps: Pick<Channel<Step>, "tell">): Promise<void> {
  try {
    const { done, value } = await run.source.next();
    steps.tell(done ? { run, end: true } : { run, measurement: value });
  } catch (error) {
    steps.tell({ run, error: error instanceof Error ? error : new Error(String(error)) });
  }
}

function eventOf(step: Step, requires: Requirements | undefined, isLast: boolean): SweepEvent {
  const { job, measurements } = step.run;
  if ("error" in step) {
    const { error } = step;
    if (error instanceof JobCancelled) return { kind: "cancelled", job };
    const again = error instanceof WorkerLost && !isLast;
    return { kind: again ? "repeated" : "failed", job, error };
  }
  if ("measurement" in step) {
    const { measurement } = step;
    measurements.push(measurement);
    return { kind: "measured", job, measurement };
  }
  const result = measurements.at(-1);
  if (result?.kind !== "row")
    return { kind: "failed", job, error: new Error(`${job.id}: expected a row at its end`) };
  const error = requires && otherNumerics(step.run, requires);
  return error ? { kind: "failed", job, error } : { kind: "finished", job, result, measurements };
}

/** What is wrong with the place where a job ran. */
function otherNumerics({ job, measurements }: Run, { numerics }: Requirements): Error | undefined {
  try {
    for (const m of measurements)
      if (m.kind === "attempt") expectSameNumerics(job.id, numerics, m.numerics);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
