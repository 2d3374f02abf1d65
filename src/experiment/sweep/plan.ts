import { type Recipe, type RowRecipe, weightsName } from "../recipe.ts";
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
  readonly running: ReadonlySet<string>;
}

export const jobId = (recipe: string, seed: number, row: string): string =>
  `${recipe}/${weightsName(seed, row)}`;

/**
 * The rows whose weights a row begins with: the base, and the reference for rows that come after
 * it; nothing for the base itself.
 */
export function rowsBefore({ rows, reference }: Recipe, row: string): RowRecipe[] {
  const [base] = rows;
  const [at, referenceAt] = [row, reference].map((id) => rows.findIndex((r) => r.id === id)) as [
    number,
    number,
  ];
  if (!base || at <= 0) return [];
  return at > referenceAt && referenceAt > 0 ? [base, rows[referenceAt] as RowRecipe] : [base];
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

/** The jobs that can begin now, in the order of the plan. */
export const readyJobs = (jobs: readonly Job[], standing: Standing): Job[] =>
  jobs.filter(
    ({ id, needs }) =>
      !standing.finished.has(id) &&
      !standing.failed.has(id) &&
      !standing.running.has(id) &&
      needs.every((need) => standing.finished.has(need)),
  );

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
