import {
  baseOf,
  type Recipe,
  type RowRecipe,
  referenceOf,
  sharedRows,
  weightsName,
} from "../recipe.ts";
import { pretrainingIdentity } from "../row/pretrainingName.ts";

/** A recipe with all the seeds that it is run with. */
export interface Study {
  readonly recipe: Recipe;
  readonly seeds: readonly number[];
}

/** What is run in one piece: one row of a recipe with one seed. */
export interface Job {
  /** `full/seed-0/sft-3e-3` */
  readonly id: string;
  readonly recipe: Recipe;
  readonly seed: number;
  readonly row: string;
  /** Ids of the jobs whose weights this one begins with. */
  readonly needs: readonly string[];
}

/** Where a sweep stands: ids of jobs. */
export interface Standing {
  readonly finished: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
}

export const jobId = (recipe: string, seed: number, row: string): string =>
  `${recipe}/${weightsName(seed, row)}`;

/** What weights are to a row that begins with them. */
export type Role = "base" | "reference";

/** Something of the weights that a row begins with, by their role. */
export type Inputs = Readonly<Partial<Record<Role, string>>>;

/**
 * Ids of the rows whose weights a row begins with: the base, and its reference where it has one;
 * nothing for the base itself.
 */
export function inputsOf(recipe: Recipe, row: string): Inputs {
  const base = baseOf(recipe);
  if (row === base.id || !recipe.rows.some(({ id }) => id === row)) return {};
  const reference = referenceOf(recipe, row);
  return reference && reference !== base
    ? { base: base.id, reference: reference.id }
    : { base: base.id };
}

/** The rows of `inputsOf`, the base first. */
export function rowsBefore(recipe: Recipe, row: string): RowRecipe[] {
  const ids = Object.values(inputsOf(recipe, row));
  return recipe.rows.filter(({ id }) => ids.includes(id));
}

/** Which jobs go first where many wait: those that others need. 1 goes before 2. */
export function priorityOf({ recipe, row }: Pick<Job, "recipe" | "row">): 1 | 2 | 3 {
  if (row === baseOf(recipe).id) return 1;
  return sharedRows(recipe).has(row) ? 2 : 3;
}

/**
 * All jobs of a sweep with what they need of each other: base → reference → rows. Recipes that
 * share a pre-training share its first base: the others' bases wait until it is in the cache.
 */
export function planJobs(studies: readonly Study[]): Job[] {
  const pretrained = new Map<string, string>();
  return studies.flatMap(({ recipe, seeds }) =>
    seeds.flatMap((seed) => {
      const pretraining = JSON.stringify(pretrainingIdentity(recipe, seed));
      return recipe.rows.map(({ id: row }, at): Job => {
        const id = jobId(recipe.name, seed, row);
        const before = rowsBefore(recipe, row).map((r) => jobId(recipe.name, seed, r.id));
        const first = pretrained.get(pretraining);
        if (at === 0 && !first) pretrained.set(pretraining, id);
        return { id, recipe, seed, row, needs: at === 0 && first ? [first] : before };
      });
    }),
  );
}

/** The jobs that cannot begin any more, because what they need, or what that needs, has failed. */
export function blockedJobs(jobs: readonly Job[], { finished, failed }: Standing): Job[] {
  const lost = new Set(failed);
  // Needs stand before those that need them.
  return jobs.filter(({ id, needs }) => {
    if (finished.has(id) || lost.has(id) || !needs.some((need) => lost.has(need))) return false;
    lost.add(id);
    return true;
  });
}
