import type { Numerics } from "../../engines/numerics.ts";
import type { QueueData, QueueJob } from "../../queue/job.ts";
import { DataError } from "../../tensor/errors.ts";
import { refuse } from "../../text/jsonl.ts";
import { checkRecipe } from "../checkRecipe.ts";
import { objectAt } from "../checks.ts";
import { baseOf, type Recipe, sharedRows } from "../recipe.ts";
import { jobKey } from "../sweep/jobKey.ts";
import { type Inputs, inputsOf, type Job, priorityOf } from "../sweep/plan.ts";

/** What a queue calls a row of a study. */
export const ROW = "row";

/** A row as a queue carries it. */
export interface RowJob {
  readonly recipe: Recipe;
  readonly seed: number;
  readonly row: string;
  /** Digests of the weights that it begins with. */
  readonly inputs: Inputs;
  /** Whether somebody wants the weights that it ends with. */
  readonly keepWeights: boolean;
}

/** Whether other rows begin with a row's weights. */
export const isNeeded = ({ recipe, row }: Pick<Job, "recipe" | "row">): boolean =>
  sharedRows(recipe).has(row);

/** A recipe with the rows that one of them has to do with, and without what compares rows. */
function recipeFor(row: string, { headline: _, fair: __, ...recipe }: Recipe): Recipe {
  const wanted = new Set([baseOf(recipe).id, recipe.reference, row]);
  // References have references of their own, which stand before them.
  for (const { id, reference } of recipe.rows.toReversed())
    if (wanted.has(id) && reference !== undefined) wanted.add(reference);
  return { ...recipe, rows: recipe.rows.filter(({ id }) => wanted.has(id)) };
}

/** A job of a sweep as a queue carries it, with the rows of its recipe that it has to do with. */
export async function rowJobOf(
  job: Pick<Job, "id" | "recipe" | "seed" | "row">,
  numerics: Numerics,
  inputs: Inputs,
  keepWeights: boolean,
): Promise<QueueJob> {
  const { id, recipe, seed, row } = job;
  const given: RowJob = {
    recipe: recipeFor(row, recipe),
    ...{ seed, row, inputs, keepWeights: keepWeights || isNeeded(job) },
  };
  return {
    key: await jobKey(job, numerics, inputs),
    ...{ label: id, priority: priorityOf(job), data: { kind: ROW, ...given } },
  };
}

/**
 * A row as it comes out of a queue.
 * @throws DataError for what is none, and where its key is not that of what it asks for: whoever sent
 *   it has another idea of what decides a result
 */
export async function readRowJob(
  key: string,
  data: QueueData,
  numerics: Numerics,
): Promise<RowJob> {
  const { recipe: given, seed, row, inputs, keepWeights } = objectAt(data, "job");
  const recipe = checkRecipe(given);
  if (typeof seed !== "number" || !Number.isInteger(seed) || seed < 0)
    return refuse("job.seed", "a whole number", seed);
  if (typeof row !== "string" || !recipe.rows.some(({ id }) => id === row))
    return refuse("job.row", "the id of a row of the recipe", row);
  const digests = objectAt(inputs, "job.inputs");
  for (const role of Object.keys(inputsOf(recipe, row))) {
    const digest = digests[role];
    if (typeof digest !== "string" || !/^[0-9a-f]{64}$/.test(digest))
      refuse(`job.inputs.${role}`, "SHA-256 in hexadecimal", digest);
  }
  const job: RowJob = {
    ...{ recipe, seed, row, keepWeights: keepWeights === true },
    inputs: digests as Inputs,
  };
  const own = await jobKey(job, numerics, job.inputs);
  if (own !== key)
    throw new DataError(`job ${key}: expected the key of what it asks for, got that of ${own}`);
  return job;
}
