import type { Measurement } from "../../experiment/measurements.ts";
import { flatten } from "../../experiment/report/export/csv.ts";
import type { Job } from "../../experiment/sweep/plan.ts";
import { endedRuns } from "../../logs/endedRuns.ts";
import { type RunLog, settingsIn } from "../../logs/log.ts";
import type { Logging } from "../terminal/logging.ts";

/** Where rows that have ended are logged. */
export interface RowLogger {
  /** Logs losses and looks at their steps, and at the end what the row came to; returns at once. */
  log(job: Job, measurements: readonly Measurement[]): void;
  /** Waits a moment for rows that have not been logged. */
  end(): Promise<void>;
}

/**
 * A run a row and seed. A tracker that cannot be reached stops no sweep, nor slows it: that is told
 * once, and what it missed is logged when it is back.
 * @param warn is told what could not be logged
 */
export function rowLogger(
  { trackers, about }: Logging,
  sweep: string,
  warn: (text: string) => void,
): RowLogger {
  const rows = endedRuns(trackers, "the sweep", warn);
  return {
    log: ({ recipe, seed, row }, measurements) => {
      const settings = settingsIn(flatten(recipe.rows.find(({ id }) => id === row) ?? {}));
      const run = {
        ...{ group: sweep, name: `${recipe.name}/${row}/seed-${seed}` },
        ...{ settings: { ...settings, study: recipe.name, seed }, ...about },
      };
      rows.add(run, (log) => write(log, measurements));
    },
    end: rows.end,
  };
}

async function write(log: RunLog, measurements: readonly Measurement[]): Promise<void> {
  let last = 0;
  for (const m of measurements) {
    if (m.kind === "progress") {
      last = m.step;
      await log.log(last, { loss: m.loss });
    } else if (m.kind === "probe") await log.log(m.step, figuresIn(m, "probe/"));
    else if (m.kind === "certificate") await log.log(m.outer, figuresIn(m, "certificate/"));
    else if (m.kind === "row") await log.log(last, figuresIn(m, ""));
  }
}

/** What is no place of a measurement in its study. */
const PLACES = ["seed", "step", "steps", "outer"];

const figuresIn = (fields: object, prefix: string): Record<string, number> =>
  Object.fromEntries(
    Object.entries(flatten(fields)).flatMap(([name, value]) =>
      typeof value === "number" && !PLACES.includes(name) ? [[`${prefix}${name}`, value]] : [],
    ),
  );
