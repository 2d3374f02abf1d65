import type { Measurement } from "../../experiment/measurements.ts";
import { isProgress, queueScheduler } from "../../experiment/queue/scheduler.ts";
import { checkpointsOf, unfinishedOf } from "../../experiment/runs/run.ts";
import type { Job } from "../../experiment/sweep/plan.ts";
import { processes } from "../../experiment/sweep/processes.ts";
import type { Requirements, Scheduler } from "../../experiment/sweep/scheduler.ts";
import type { SweepDirectory } from "../../experiment/sweep/sweep.ts";
import { visible } from "../../report/escape.ts";
import type { Terminal } from "../terminal/command.ts";
import { describeMachine } from "../terminal/machine.ts";
import { ownVersions } from "../terminal/version.ts";
import { pretrainedIn } from "./base.ts";
import type { SweepOptions } from "./options.ts";

/** A sweep's folder, and what its jobs require. */
export interface Opened {
  readonly directory: SweepDirectory;
  readonly requires: Requirements;
}

/** Where a sweep's rows run, in words. */
export function placeOf({ places, processes: count }: SweepOptions): string {
  if (places) return `workers of ${places.address.name}, ${places.store.name}`;
  return `${count} ${count === 1 ? "process" : "processes"}`;
}

/**
 * What runs the rows: workers that a queue reaches, or processes of this machine.
 * @param told hears how far rows elsewhere have come
 */
export async function schedulerOf(
  { directory: { runOf }, requires }: Opened,
  { places, keepWeights, processes: count, engine }: SweepOptions,
  { folder, err }: Terminal,
  told: (job: Job, progress: Measurement) => void,
): Promise<Scheduler> {
  const folderOf = (job: Job): string => checkpointsOf(runOf(job).path);
  if (places)
    return queueScheduler({
      ...{ ...places, requires, keepWeights, checkpointsOf: folderOf },
      configOf: (job) => runOf(job).config,
      told: (job, progress) => {
        if (isProgress(progress)) told(job, progress);
      },
      warn: ({ message }) => err.write(`queue: ${visible(message)}\n`),
    });
  return processes({
    ...{ processes: count, engine, keepWeights, requires, checkpointsOf: folderOf },
    place: { machine: describeMachine(), versions: await ownVersions() },
    pretrained: pretrainedIn(folder),
    unfinishedOf: (job) => unfinishedOf(runOf(job).path),
  });
}
