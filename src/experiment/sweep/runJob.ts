import { setImmediate } from "node:timers/promises";
import type { Engine } from "../../engines/engine.ts";
import type { Every } from "../../train/trainSteps.ts";
import type { Checkpoints } from "../../weights/store.ts";
import { experiment } from "../experiment.ts";
import type { Measurement, Place } from "../measurements.ts";
import { type Recipe, sharedRows } from "../recipe.ts";
import { type Job, rowsBefore } from "./plan.ts";

/** Where a job finds weights, and leaves them. */
export interface JobStores {
  /** Those of the job's recipe: `seed-0/base`. */
  readonly checkpoints: Checkpoints;
  /** Finished pre-trainings. */
  readonly pretrained: Checkpoints;
  /** The job's row on its way, for another attempt to go on from; absent where none is kept. */
  readonly unfinished?: Checkpoints;
  /** After which steps that is kept; after a minute by default. */
  readonly keepEvery?: Every;
  /** Where it runs, as each row's attempt tells it. */
  readonly place?: Place;
}

/** Runs one row of a recipe on weights that earlier jobs left; yields what it measures. */
export async function* runJob(
  engine: Engine,
  { recipe, seed, row }: Pick<Job, "recipe" | "seed" | "row">,
  stores: JobStores,
): AsyncGenerator<Measurement, void> {
  const before = rowsBefore(recipe, row);
  const rows = [...before, ...recipe.rows.filter(({ id }) => id === row)];
  const measurements = experiment(
    engine,
    { ...recipe, rows },
    {
      seeds: [seed],
      finished: before.map(({ id }) => ({ seed, row: id })),
      ...stores,
    },
  );
  for await (const measurement of measurements) {
    yield measurement;
    // Engines may resolve without the event loop; messages and signals need it.
    await setImmediate();
  }
}

/** Keeps the weights that other jobs need, the base's and the references', and no others. */
export const onlyNeeded = (checkpoints: Checkpoints, recipe: Recipe): Checkpoints => ({
  ...checkpoints,
  save: async (name, weights) => {
    if (sharedRows(recipe).has(name.slice(name.indexOf("/") + 1)))
      await checkpoints.save(name, weights);
  },
});
