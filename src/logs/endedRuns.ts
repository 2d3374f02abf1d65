import { background } from "./background.ts";
import type { LoggedRun, RunLog, Tracker } from "./log.ts";
import { beginAll } from "./open.ts";

/** Runs that have ended, on their way to trackers. */
export interface EndedRuns {
  /** Logs a run as soon as its tracker takes it; returns at once. */
  add(run: LoggedRun, write: (log: RunLog) => Promise<void>): void;
  /** Waits a moment for what has not been logged. */
  end(): Promise<void>;
}

interface Ended {
  readonly run: LoggedRun;
  readonly write: (log: RunLog) => Promise<void>;
}

/** Runs that may wait for a tracker, and how long, ms, the end waits for it. */
const [MOST, LIMIT] = [1000, 30_000];

/**
 * Logs runs that have ended while others go on: a tracker that is away costs them no time, and gets
 * what it missed when it is back. Each tracker has runs of its own on the way.
 * @param what goes on all the same, for messages: `the sweep`
 * @param warn is told of a tracker's first failure, and at the end of what was lost
 */
export function endedRuns(
  trackers: readonly Tracker[],
  what: string,
  warn: (text: string) => void,
): EndedRuns {
  const all = trackers.map((tracker) => {
    let isTold = false;
    const once = (text: string): void => {
      if (!isTold) warn(text);
      isTold = true;
    };
    return background<Ended>({
      send: async ({ run, write }) => {
        const log = await beginAll([tracker], run, once);
        await write(log);
        await log.end("finished");
      },
      failed: (error) => once(`logging: ${(error as Error).message}; ${what} goes on`),
      ...{ most: MOST, limit: LIMIT },
    });
  });
  return {
    add: (run, write) => {
      for (const one of all) one.add({ run, write });
    },
    end: async () => {
      for (const lost of await Promise.all(all.map((one) => one.end())))
        if (lost > 0) warn(`logging: ${lost} runs could not be logged`);
    },
  };
}
