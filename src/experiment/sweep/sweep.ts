import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { expectSameNumerics } from "../../engines/numerics.ts";
import { DataError } from "../../tensor/errors.ts";
import { removeUnfinished } from "../../weights/files.ts";
import type { Measurement } from "../measurements.ts";
import type { Recipe, RowRecipe } from "../recipe.ts";
import type { Staging } from "../runs/config.ts";
import { createRun, reopenRun, runIsThere, writeConfig } from "../runs/directory.ts";
import { allSeeds, type RunConfig, type RunDirectory } from "../runs/run.ts";
import { type Job, jobId, planJobs } from "./plan.ts";
import { type Stage, stagesOf } from "./stages.ts";

/** A recipe of a sweep, with the seeds that are reported and those on which rows are chosen. */
export interface SweepStudy {
  readonly recipe: Recipe;
  readonly seeds: readonly number[];
  readonly tuningSeeds: readonly number[];
  /** How rows become fewer on the way. */
  readonly staging?: Staging;
}

/** Several recipes run as one: a study and its ablations. */
export interface Sweep {
  readonly name: string;
  readonly studies: readonly SweepStudy[];
}

/** A sweep on disk: a run directory for each recipe, in a folder of the recipe's name. */
export interface SweepDirectory {
  readonly path: string;
  readonly runs: readonly RunDirectory[];
  /** All rows with all seeds: those of which stages leave some behind. */
  readonly jobs: readonly Job[];
  /** What is run one after the other. */
  readonly stages: readonly SweepStage[];
  /** Ids of the jobs whose rows are on disk. */
  readonly finished: ReadonlySet<string>;
  /** The run that a job belongs to. */
  readonly runOf: (job: Job) => RunDirectory;
}

/** What is run together; the stages before it have ended. */
export interface SweepStage {
  /** In words; several studies' at once. */
  readonly about: string;
  /** Its jobs, each after those of them that it needs. @param measurements all that a run holds by now */
  jobs(measurements: (run: RunDirectory) => readonly Measurement[]): readonly Job[];
}

/** What a sweep runs on; @see RunConfig */
export type Circumstances = Omit<RunConfig, "recipe" | "seeds" | "tuningSeeds" | "staging">;

/**
 * Opens a sweep's folder: begins its runs, or goes on with those that are there. Rows and seeds may
 * have been added since; whatever else decides the numbers must be as it was. Nobody else may work
 * on the folder.
 * @throws DataError that names the run and what differs
 */
export async function openSweep(
  path: string,
  { studies }: Sweep,
  circumstances: Circumstances,
): Promise<SweepDirectory> {
  await removeUnfinished(path);
  const runs: RunDirectory[] = [];
  for (const study of studies)
    runs.push(await openRun(join(path, study.recipe.name), { ...circumstances, ...study }));
  const byRecipe = new Map(runs.map((run) => [run.config.recipe.name, run]));
  const jobs = planJobs(
    runs.map(({ config }) => ({ recipe: config.recipe, seeds: allSeeds(config) })),
  );
  const planned = new Set(jobs.map(({ id }) => id));
  const done = runs.flatMap(({ config, measurements }) =>
    measurements.flatMap((m) =>
      m.kind === "row" ? [jobId(config.recipe.name, m.seed, m.row)] : [],
    ),
  );
  return {
    path,
    runs,
    jobs,
    stages: sweepStages(runs, jobs),
    finished: new Set(done.filter((id) => planned.has(id))),
    runOf: ({ recipe }) => byRecipe.get(recipe.name) as RunDirectory,
  };
}

/** The first stages of all runs together, then the second ones, … */
function sweepStages(runs: readonly RunDirectory[], jobs: readonly Job[]): SweepStage[] {
  const staged = runs.map((run) => ({ run, stages: stagesOf(run.config) }));
  const count = Math.max(...staged.map(({ stages }) => stages.length));
  return Array.from({ length: count }, (_, i) => {
    const now = staged.flatMap(({ run, stages }) => {
      const stage = stages[i];
      return stage ? [{ run, stage }] : [];
    });
    return {
      about: [...new Set(now.map(({ stage }) => aboutOf(stage)))].join("; "),
      jobs: (measurements) => {
        const wanted = new Set(now.flatMap(({ run, stage }) => [...stage.jobs(measurements(run))]));
        return jobs
          .filter(({ id }) => wanted.has(id))
          .map((job) => ({ ...job, needs: job.needs.filter((id) => wanted.has(id)) }));
      },
    };
  });
}

const aboutOf = ({ about, seeds }: Stage): string => `${about}, seeds ${seeds.join(", ")}`;

async function openRun(path: string, wanted: RunConfig): Promise<RunDirectory> {
  // As it will be read back, without what JSON leaves out.
  const config = JSON.parse(JSON.stringify(wanted)) as RunConfig;
  if (!(await runIsThere(path))) return createRun(path, config);
  const before = (await reopenRun(path)).config;
  if (before.backend === config.backend) expectSameNumerics(path, before.numerics, config.numerics);
  const changed = difference(before, config);
  if (changed)
    throw new DataError(
      `${path}: expected the run that was begun there, got another ${changed}; choose another --name`,
    );
  const { staging: _, ...rest } = before;
  const merged = { ...rest, ...pick(config) };
  if (!isDeepStrictEqual(merged, before)) await writeConfig(path, merged);
  return reopenRun(path);
}

/** What may grow between two runs of the same sweep, and in which stages it is run. */
const pick = ({ recipe, seeds, tuningSeeds = [], staging }: RunConfig) => ({
  ...{ recipe, seeds, tuningSeeds },
  ...(staging && { staging }),
});

/** The first thing that decides numbers and differs; undefined where there is none. */
function difference(before: RunConfig, after: RunConfig): string | undefined {
  if (before.backend !== after.backend) return "backend";
  const [old, recipe] = [deciding(before.recipe), deciding(after.recipe)];
  const fields = [
    ...new Set([...Object.keys(old), ...Object.keys(recipe)]),
  ] as (keyof typeof old)[];
  const field = fields.find((name) => !isDeepStrictEqual(old[name], recipe[name]));
  if (field) return `recipe.${field}`;
  const rows = new Map(after.recipe.rows.map((row) => [row.id, unnamed(row)]));
  const row = before.recipe.rows.find((one) => !isDeepStrictEqual(rows.get(one.id), unnamed(one)));
  if (row) return `recipe.rows, ${row.id}`;
  const seeds = new Set(allSeeds(after));
  return allSeeds(before).every((seed) => seeds.has(seed)) ? undefined : "list of seeds";
}

/** A recipe without its rows, and without what only says how to look at them. */
const deciding = ({ rows: _, headline: __, fair: ___, ...recipe }: Recipe) => recipe;

/** A row without what it is called. */
const unnamed = ({ label: _, family: __, ...row }: RowRecipe) => row;
