import { availableParallelism } from "node:os";
import { basename, resolve } from "node:path";
import { BACKENDS, type Backend } from "../../engines/create.ts";
import type { StudyBase } from "../../experiment/checkpoint/studyBase.ts";
import { readJson } from "../../experiment/json.ts";
import { conditions } from "../../experiment/recipes/conditions.ts";
import { paperHours, paperRecipe } from "../../experiment/recipes/paper.ts";
import { hoursOf, rowCount, type SizeName, sizes } from "../../experiment/recipes/study.ts";
import { REPORTED } from "../../experiment/runs/config.ts";
import {
  checkpointSweep,
  namedRecipes,
  namedSweeps,
  paperSweep,
  studySweep,
} from "../../experiment/sweep/named.ts";
import { readSweep, recipeFileHelp } from "../../experiment/sweep/recipeFile.ts";
import type { Sweep, SweepStudy } from "../../experiment/sweep/sweep.ts";
import { utf8 } from "../../json/utf8.ts";
import { openPlaces, type Places, placeKnobs, placesHelp } from "../queue/places.ts";
import { readBytes } from "../terminal/files.ts";
import {
  describeKnobs,
  fileName,
  flag,
  oneOf,
  readKnobs,
  seedList,
  text,
  type Values,
  whole,
} from "../terminal/knobs.ts";
import { type Logging, loggingOf, logKnobs } from "../terminal/logging.ts";
import { MOST_THREADS } from "../terminal/start.ts";
import { UsageError } from "../terminal/usage.ts";

/** Each of them is a Node of its own, with an engine. */
const MOST_PROCESSES = Math.max(256, availableParallelism());

const sizeNames = Object.keys(sizes) as readonly SizeName[];

const knobs = {
  condition: oneOf("what the study is run under (default: C1)", Object.keys(conditions), "<name>"),
  size: oneOf("parameters of the model of study or paper (default: 113k)", sizeNames, "<size>"),
  base: text(
    "<model>",
    "a folder or org/name: the study fine-tunes this checkpoint, with the rows\nthat the study of 113k chose or the --families",
  ),
  families: text(
    "<names>",
    "families that the study runs beside SFT: names, or all, short, extra\n(A-GEM, MoFO, SAM), such as all,extra (default: the condition's)",
  ),
  name: fileName("the sweep's folder under runs/ (default: the sweep's name)"),
  seeds: seedList("reported seeds: how many, or which ones (7,8,9 or 7,)"),
  tuningSeeds: seedList("seeds on which each family's row is chosen"),
  halving: flag("run later tuning seeds with the better half of each family's rows"),
  report: oneOf(
    "rows on reported seeds: all, chosen (each family's) or front (and all of the\nfamilies on the front)",
    REPORTED,
    "<rows>",
  ),
  processes: whole("jobs at a time (default: as many as cores)", 1, MOST_PROCESSES),
  threads: whole("threads of each process (default: cores / processes)", 1, MOST_THREADS),
  backend: oneOf("where to compute (default: wasm)", BACKENDS, "<name>"),
  keepWeights: flag("keep the weights of all rows, not only those that others need"),
  ...placeKnobs,
  ...logKnobs,
};

const names = Object.keys(namedSweeps);

const conditionLines = Object.entries(conditions).map(
  ([name, condition]) =>
    `  ${name.padEnd(16)} ${`${rowCount(condition)}`.padStart(3)} rows, ${hoursOf(condition).toFixed(1).padStart(4)} h  ${condition.about}`,
);

export const sweepUsage: string = `anchorgrad sweep <name | recipe.json> [options]: runs methods × settings × seeds in parallel

  npx anchorgrad sweep study --condition C2a
  npx anchorgrad sweep alpha.json --seeds 5
  npx anchorgrad report runs/alpha

Sweeps that need no file
  ${names.join(", ")}
  paper: the authors' program, each of its differences alone and taken back:
  ${paperRecipe().rows.length} rows, ${paperHours().toFixed(1)} h on two idle cores
The same command again goes on where the last one ended, however that was: finished rows are kept,
failed ones run again, and rows and seeds may have been added. Exit code 1: some rows failed.
With --queue rows run wherever there is an anchorgrad worker of the queue, and go on there when this
command ends.

Conditions of the study, each run with all its seeds; hours on two idle cores
${conditionLines.join("\n")}

Options
${describeKnobs(knobs)}
${placesHelp}
${recipeFileHelp}`;

/** What the command line asks for. */
export interface SweepOptions {
  readonly sweep: Sweep;
  /** The folder under runs/. */
  readonly name: string;
  /** The checkpoint that the study is about. */
  readonly base?: StudyBase;
  readonly processes: number;
  readonly engine: { readonly backend: Backend; readonly threads: number };
  readonly keepWeights: boolean;
  /** Where rows are run by others; undefined for processes of this machine. */
  readonly places: Places | undefined;
  /** Where rows are logged too. */
  readonly logging: Logging;
}

/** @throws UsageError, DataError */
export async function readSweepOptions(
  [what = "", ...args]: readonly string[],
  folder: string,
  openBase: (model: string) => Promise<StudyBase>,
): Promise<SweepOptions> {
  const values = readKnobs(args, knobs);
  const base = values.base === undefined ? undefined : await openBase(values.base);
  const sweep = withSeeds(await chosenSweep(what, folder, values, base), values);
  const cores = availableParallelism();
  const processes = values.processes ?? cores;
  const threads = values.threads ?? Math.max(1, Math.floor(cores / processes));
  return {
    ...{ sweep, ...(base && { base }) },
    name: values.name ?? sweep.name,
    processes,
    engine: { backend: values.backend ?? "wasm", threads },
    keepWeights: values.keepWeights ?? false,
    places: await openPlaces(values, folder, process.env),
    logging: loggingOf(values, process.env),
  };
}

/** @throws UsageError for a condition, size or families of what is not the study */
async function chosenSweep(
  what: string,
  folder: string,
  { condition, size, families, ...values }: Values<typeof knobs>,
  base: StudyBase | undefined,
): Promise<Sweep> {
  const ofStudy = { condition, families, size, base: values.base };
  const given = Object.entries(ofStudy).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
  if (given.length === 0) return sweepOf(what, folder);
  if (what === "paper" && given.join() === "size") return paperSweep(size ?? "113k");
  if (what !== "study")
    throw new UsageError(`--${given[0]}: expected the study with it, got ${what || "nothing"}`);
  try {
    if (base && size !== undefined)
      throw new UsageError(`--size: expected none with --base, got ${size}`);
    if (base) return checkpointSweep(base, condition ?? "C1", families?.split(","));
    return studySweep(condition ?? "C1", size ?? "113k", families?.split(","));
  } catch (error) {
    // The minis have one size, and families are named freely.
    if (error instanceof RangeError) throw new UsageError(`sweep: ${error.message}`);
    throw error;
  }
}

async function sweepOf(what: string, folder: string): Promise<Sweep> {
  if (Object.hasOwn(namedSweeps, what)) return namedSweeps[what] as Sweep;
  if (!what.endsWith(".json"))
    throw new UsageError(
      `sweep: expected one of ${names.join(", ")}, or a file that ends in .json, got ${what || "nothing"}`,
    );
  const bytes = await readBytes(resolve(folder, what));
  return readSweep(readJson(utf8(bytes, what), what), what, basename(what, ".json"), namedRecipes);
}

/** The command line's seeds and stages in place of the sweep's own. */
function withSeeds(sweep: Sweep, given: Values<typeof knobs>): Sweep {
  const studies = sweep.studies.map(({ recipe, ...own }): SweepStudy => {
    const { seeds = own.seeds, tuningSeeds = own.tuningSeeds } = given;
    const both = tuningSeeds.find((seed) => seeds.includes(seed));
    if (both !== undefined)
      throw new UsageError(`--tuning-seeds: expected no seed that is reported, got ${both}`);
    const { halving = own.staging?.halving, report = own.staging?.report } = given;
    if ((halving || (given.report ?? "all") !== "all") && tuningSeeds.length === 0)
      throw new UsageError(
        `--${halving ? "halving" : "report"}: expected --tuning-seeds, on which rows are chosen, got none`,
      );
    const staging = { ...(halving && { halving }), ...(report && { report }) };
    const isStaged = Object.keys(staging).length > 0;
    return { recipe, seeds, tuningSeeds, ...(isStaged && { staging }) };
  });
  return { ...sweep, studies };
}
