import { combinations, idPart, type Json } from "../../json/combinations.ts";
import { isRecord } from "../../json/isRecord.ts";
import { readJson } from "../../json/readJson.ts";
import { seedsFrom } from "../../json/seeds.ts";
import { DataError } from "../../tensor/errors.ts";
import { shown } from "../../text/jsonl.ts";
import { completeRecipe, expectSettings, type FinetuneRecipe } from "../recipe.ts";
import type { RecipeOptions } from "../settings.ts";

/** What a recipe's file holds: settings of one run, or of all runs of a grid. */
export interface RecipeFile {
  readonly settings: RecipeOptions;
  /** Absent for one run. */
  readonly grid?: readonly Json[];
  readonly seeds?: readonly number[];
}

/** A run of a grid. */
export interface GridRun {
  /** `anchored-alpha-0.25-seed-0`, the name of its folder. */
  readonly id: string;
  /** Without its seed: what runs of several seeds have in common. */
  readonly setting: string;
  readonly recipe: FinetuneRecipe;
}

/** What the help shows of a recipe's file with a grid. */
export const gridHelp = `A recipe with a grid: runs of one checkpoint on one file of data
  {
    "model": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "data": "mine.jsonl", "retain": "prior.jsonl",
    "epochs": 2,                         settings of all runs
    "grid": [                            a list of values stands for a run with each of them
      { "method": "anchored", "alpha": [0.1, 0.25], "outer": [1, 2] },
      { "method": ["sft", "replay"], "learningRate": [1e-4, 3e-4] }
    ],
    "seeds": [0, 1, 2]                   a number n stands for 0 to n − 1; left out: the seed
  }
`;

/** A run's name is its folder's: file systems take 255, of which what is unfinished has its part. */
const LONGEST = 200;

/** What all runs of a grid have in common. */
const SHARED = ["model", "data", "retain", "eval"];

/**
 * Reads a recipe's file: settings by their names on the command line, in camel case, and where there
 * is one the grid of runs that share them.
 * @throws DataError that names the file and the key
 */
export function readRecipeFile(json: string, path: string): RecipeFile {
  const value = readJson(json, path);
  if (!isRecord(value)) throw new DataError(`${path}: expected a JSON object, got ${shown(value)}`);
  const { grid, seeds, ...settings } = value;
  expectSettings(settings, path);
  return {
    settings,
    ...((grid ?? seeds) !== undefined && { grid: gridsIn(grid ?? {}, `${path}: grid`) }),
    ...(seeds !== undefined && { seeds: seedsIn(seeds, `${path}: seeds`) }),
  };
}

function gridsIn(value: unknown, path: string): readonly Json[] {
  const grids: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (grids.length === 0) throw new DataError(`${path}: expected at least one grid, got none`);
  return grids.map((grid, i) => {
    if (!isRecord(grid))
      throw new DataError(`${path}[${i}]: expected an object, got ${shown(grid)}`);
    const shared = SHARED.find((name) => Object.hasOwn(grid, name));
    if (shared !== undefined)
      throw new DataError(
        `${path}[${i}].${shared}: expected it beside the grid, whose runs have one checkpoint and data, got it within`,
      );
    return grid;
  });
}

function seedsIn(value: unknown, path: string): readonly number[] {
  const seeds = seedsFrom(value, 2 ** 31);
  const expected = typeof seeds === "string" ? seeds : "a count, or a list of whole numbers from 0";
  if (typeof seeds === "string" || seeds.length === 0)
    throw new DataError(`${path}: expected ${expected}, got ${shown(value)}`);
  return seeds;
}

/** The settings that differ among a grid's runs: no option may say them. */
export const namesIn = ({ grid = [], seeds }: RecipeFile): ReadonlySet<string> =>
  new Set([...grid.flatMap((one) => Object.keys(one)), ...(seeds ? ["seed"] : [])]);

/**
 * All runs of a grid, each a whole recipe: grid after grid, the seed varies fastest.
 * @param given settings that win over the file's
 * @param path the file's, for messages
 * @throws DataError naming the grid, the key and what cannot be
 */
export function gridRuns(file: RecipeFile, given: RecipeOptions, path: string): GridRun[] {
  const { grid = [], seeds } = file;
  const shared: RecipeOptions = { ...file.settings, ...given };
  const isTwice = shared.seed !== undefined || grid.some((one) => Object.hasOwn(one, "seed"));
  if (seeds && isTwice) throw new DataError(`${path}: expected either seed or seeds, got both`);
  const all = seeds ?? [shared.seed ?? 0];
  const runs = grid.flatMap((one, i) => runsIn(one, `${path}: grid[${i}]`, { shared, seeds: all }));
  const names = new Set<string>();
  for (const { id } of runs) {
    if (names.has(id)) throw new DataError(`${path}: expected different runs, got ${id} twice`);
    if (id.length > LONGEST)
      throw new DataError(
        `${path}: expected names of runs up to ${LONGEST} characters, got ${id.length}: ${id.slice(0, 40)}…`,
      );
    names.add(id);
  }
  return runs;
}

function runsIn(
  grid: Json,
  path: string,
  { shared, seeds }: { readonly shared: RecipeOptions; readonly seeds: readonly number[] },
): GridRun[] {
  const { method: given = shared.method ?? "anchored", family, ...settings } = grid;
  if (family !== undefined && (typeof family !== "string" || !/^[\w.-]+$/.test(family)))
    throw new DataError(
      `${path}.family: expected a name of letters, digits, dots and dashes, got ${shown(family)}`,
    );
  const { seed: own = seeds, ...others } = settings;
  return combinations({ method: given, ...others, seed: own }, path).map((row) => {
    const { seed, method, ...set } = row;
    const parts = Object.entries(set).map(([name, value]) => idPart(name, value));
    const setting = [family ?? method, ...parts].join("-").replaceAll(/[^\w.,=-]+/g, "-");
    const recipe: object = { ...shared, ...row };
    expectSettings(recipe, path);
    return { id: `${setting}-seed-${seed}`, setting, recipe: completeRecipe(recipe, path) };
  });
}
