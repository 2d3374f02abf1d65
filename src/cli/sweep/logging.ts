import type { Measurement } from "../../experiment/measurements.ts";
import { flatten } from "../../experiment/report/export/csv.ts";
import type { Job } from "../../experiment/sweep/plan.ts";
import { settingsIn } from "../../logs/log.ts";
import { beginAll } from "../../logs/open.ts";
import type { Logging } from "../terminal/logging.ts";

/** Logs a row that has ended: losses and looks at their steps, and at the end what it came to. */
export type LogRow = (job: Job, measurements: readonly Measurement[]) => Promise<void>;

/**
 * A run a row and seed. A tracker that cannot be reached stops no sweep: that is told once.
 * @param warn is told what could not be logged
 */
export function rowLogger(
  { trackers, about }: Logging,
  sweep: string,
  warn: (text: string) => void,
): LogRow {
  let isTold = false;
  const once = (text: string): void => {
    if (!isTold) warn(text);
    isTold = true;
  };
  return async ({ recipe, seed, row }, measurements) => {
    if (trackers.length === 0) return;
    const settings = settingsIn(flatten(recipe.rows.find(({ id }) => id === row) ?? {}));
    const run = {
      ...{ group: sweep, name: `${recipe.name}/${row}/seed-${seed}` },
      ...{ settings: { ...settings, study: recipe.name, seed }, ...about },
    };
    try {
      const log = await beginAll(trackers, run, once);
      let last = 0;
      for (const m of measurements) {
        if (m.kind === "progress") {
          last = m.step;
          await log.log(last, { loss: m.loss });
        } else if (m.kind === "probe") await log.log(m.step, figuresIn(m, "probe/"));
        else if (m.kind === "certificate") await log.log(m.outer, figuresIn(m, "certificate/"));
        else if (m.kind === "row") await log.log(last, figuresIn(m, ""));
      }
      await log.end("finished");
    } catch (error) {
      once(`logging: ${(error as Error).message}; the sweep goes on`);
    }
  };
}

/** What is no place of a measurement in its study. */
const PLACES = ["seed", "step", "steps", "outer"];

const figuresIn = (fields: object, prefix: string): Record<string, number> =>
  Object.fromEntries(
    Object.entries(flatten(fields)).flatMap(([name, value]) =>
      typeof value === "number" && !PLACES.includes(name) ? [[`${prefix}${name}`, value]] : [],
    ),
  );
