import { basename, join } from "node:path";
import type { Engine } from "../../engines/engine.ts";
import { numericsOf } from "../../engines/numerics.ts";
import type { Recipe } from "../../experiment/recipe.ts";
import { fullRecipe } from "../../experiment/recipes/full.ts";
import { miniRecipe } from "../../experiment/recipes/minis.ts";
import { smokeRecipe } from "../../experiment/recipes/smoke.ts";
import { createRun, listRuns, reopenRun } from "../../experiment/runs/directory.ts";
import type { RunConfig, RunDirectory } from "../../experiment/runs/run.ts";
import { removeUnfinished } from "../../weights/files.ts";
import { type Claim, claim, workerOf } from "../terminal/claim.ts";
import type { Output } from "../terminal/command.ts";
import { UsageError } from "../terminal/usage.ts";
import type { Options } from "./options.ts";

/** What a study needs of the world. */
export interface World {
  readonly out: Output;
  /** Where runs/ and .cache/ are. */
  readonly folder: string;
  /** Aborted by Ctrl-C: the study ends after the measurement at hand. */
  readonly signal: AbortSignal;
  readonly versions: Readonly<Record<string, string>>;
  /** For studies that are neither the full nor the smoke one. */
  readonly recipe?: Recipe;
}

const runsOf = ({ folder }: World): string => join(folder, "runs");

export const nameOf = (run: RunDirectory): string => basename(run.path);

function recipeOf({ smoke, target, priors }: Options): Recipe {
  if (target !== undefined) return miniRecipe(target, priors);
  return smoke ? smokeRecipe : fullRecipe;
}

/** A run, and the claim that keeps it to this process. */
export interface Claimed {
  readonly run: RunDirectory;
  readonly claim: Claim;
}

/** Starts the run that the command line asks for. */
export async function begin(options: Options, world: World, engine: Engine): Promise<Claimed> {
  const recipe = world.recipe ?? recipeOf(options);
  const started = new Date().toISOString();
  const time = started.slice(0, 19).replace("T", "-").replaceAll(":", "");
  const path = join(runsOf(world), options.name ?? `${recipe.name}-${time}`);
  const config: RunConfig = {
    recipe,
    seeds: options.seeds ?? [0],
    backend: engine.backend,
    device: engine.description,
    numerics: numericsOf(engine),
    versions: world.versions,
    started,
  };
  return claimed(path, () => createRun(path, config));
}

/** Goes on with a run, as its files are now that nobody else works on it. */
export const goOn = ({ path }: RunDirectory): Promise<Claimed> =>
  claimed(path, () => reopenRun(path));

/** Claims a run before it is opened: of two that begin the same one, the second changes nothing. */
async function claimed(path: string, open: () => Promise<RunDirectory>): Promise<Claimed> {
  const mine = await claim(path);
  try {
    await removeUnfinished(path);
    return { run: await open(), claim: mine };
  } catch (error) {
    await mine.release();
    throw error;
  }
}

/** The run that was named, or the newest that has not finished and that nobody works on. */
export async function reopen({ name }: Options, world: World): Promise<RunDirectory> {
  if (name !== undefined) return reopenRun(join(runsOf(world), name));
  for (const path of await listRuns(runsOf(world))) {
    const run = await reopenRun(path);
    if (!isFinished(run) && (await workerOf(path)) === undefined) return run;
  }
  throw new UsageError(
    `--resume: expected a run in ${runsOf(world)} that has not finished, got none`,
  );
}

function isFinished({ config, measurements }: RunDirectory): boolean {
  const rows = measurements.filter(({ kind }) => kind === "row").length;
  return rows === config.recipe.rows.length * config.seeds.length;
}
