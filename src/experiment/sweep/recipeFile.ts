import { seedsFrom } from "../../json/seeds.ts";
import { located } from "../../tensor/errors.ts";
import { refuse } from "../../text/jsonl.ts";
import { checkRecipe } from "../checkRecipe.ts";
import { name as checkName, flag, oneOf } from "../checks.ts";
import type { PretrainedRecipe } from "../recipe.ts";
import { expandGrid, type Json } from "../recipes/grid.ts";
import { REPORTED } from "../runs/config.ts";
import type { Sweep, SweepStudy } from "./sweep.ts";

/** What the help shows of a sweep's file. */
export const recipeFileHelp: string = `A sweep's file
  {
    "name": "alpha",                     a folder under runs/; left out: the file's name
    "extends": "full",                   a built-in recipe, whose parts may be given anew:
    "fineTuning": { "signOff": 0 },      suite, model, pretraining, fineTuning, evaluation,
                                         and retain, { "plan": 200, "audit": 200 }: prompts
    "rows": ["base", "sft-3e-3"],        ids of the built-in recipe's rows, or rows of one's own;
                                         left out: all; with a grid: the base and the reference
    "grid": [                            a list of values stands for a row with each of them
      { "method": "anchored", "alpha": [0.1, { "risk": 0.05 }], "outer": [1, 2], "inner": 5 },
      { "method": "sft", "learningRate": [1e-3, 3e-4] }
    ],
    "reference": "sft-3e-3",             the row that is p_sft for rows that name no other, earlier one
    "fair": false,                       true refuses families of unequal numbers of settings
    "seeds": [0, 1, 2, 3, 4],            reported; a number n stands for 0 to n − 1
    "tuningSeeds": [100, 101, 102],      run as well, to choose each family's row; never reported
    "halving": true,                     later tuning seeds: the better half of each family's rows alone
    "report": "front"                    reported seeds: each family's chosen row, and all of those on
                                         the front; "chosen": without those; left out: "all"
  }
  or { "name": …, "studies": [ … ] } with several of these, each with a name, run as one sweep.
`;

const PARTS = ["model", "pretraining", "fineTuning", "evaluation"] as const;
const WHOLE = ["suite", "reference", "headline", "retain"] as const;
const KNOWN = [
  ...["name", "extends", "rows", "grid", "fair", "seeds", "tuningSeeds"],
  ...["halving", "report"],
  ...[...PARTS, ...WHOLE],
];

function objectAt(value: unknown, path: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return refuse(path, "an object", value);
  return value as Json;
}

/** What a name in `extends` stands for. */
export type Recipes = Readonly<Record<string, PretrainedRecipe>>;

/**
 * Reads a sweep from JSON.
 * @param file the file's path, for errors
 * @param fallback the sweep's name where the file gives none
 * @throws DataError naming the file, the field, what was expected and what stands there
 */
export function readSweep(json: unknown, file: string, fallback: string, recipes: Recipes): Sweep {
  const given = objectAt(json, file);
  const name = given["name"] === undefined ? fallback : nameAt(given["name"], `${file}: name`);
  const list = given["studies"];
  if (list === undefined) return { name, studies: [readStudy({ name, ...given }, file, recipes)] };
  if (!Array.isArray(list) || list.length === 0)
    return refuse(`${file}: studies`, "a list of studies", list);
  const beside = Object.keys(given).find((field) => field !== "name" && field !== "studies");
  if (beside) refuse(`${file}: ${beside}`, "nothing beside name and studies", given[beside]);
  const studies = list.map((study, i) => readStudy(study, `${file}: studies[${i}]`, recipes));
  studies.forEach(({ recipe }, i) => {
    if (studies.findIndex((other) => other.recipe.name === recipe.name) < i)
      refuse(`${file}: studies[${i}].name`, "a name of its own", recipe.name);
  });
  return { name, studies };
}

function nameAt(value: unknown, path: string): string {
  checkName(value, path);
  return value as string;
}

function readStudy(json: unknown, path: string, recipes: Recipes): SweepStudy {
  const given = objectAt(json, path);
  const at = (field: string): string => `${path}${path.includes(": ") ? "." : ": "}${field}`;
  const unknown = Object.keys(given).find((field) => !KNOWN.includes(field));
  if (unknown) refuse(at(unknown), `one of ${KNOWN.join(", ")}`, given[unknown]);
  const name = nameAt(given["name"], at("name"));
  const parent = given["extends"];
  if (typeof parent !== "string" || !Object.hasOwn(recipes, parent))
    return refuse(at("extends"), `one of ${Object.keys(recipes).join(", ")}`, parent);
  const extended = recipes[parent] as PretrainedRecipe;
  const parts = Object.fromEntries(
    PARTS.flatMap((part) =>
      given[part] === undefined
        ? []
        : [[part, { ...extended[part], ...objectAt(given[part], at(part)) }]],
    ),
  );
  const own = Object.fromEntries(
    WHOLE.flatMap((field) => (given[field] === undefined ? [] : [[field, given[field]]])),
  );
  const rows = readRows(given, extended, at);
  const { headline, fair: _, ...rest } = extended;
  // Nobody named one of this sweep's own rows: then it is about none of them.
  const kept = rows.some(({ id }) => id === headline) ? { headline } : {};
  // Its rows are others: whether they are a fair comparison is for the file to say.
  const fair = given["fair"] === undefined ? {} : { fair: given["fair"] };
  const recipe = located(path, () =>
    checkRecipe({ ...rest, ...kept, name, ...fair, ...parts, ...own, rows }),
  );
  return { recipe, ...readSeeds(given, at), ...readStaging(given, at) };
}

function readRows(given: Json, extended: PretrainedRecipe, at: (field: string) => string): Json[] {
  const { rows, grid } = given;
  const ids = extended.rows.map(({ id }) => id);
  const rowOf = (row: unknown, i: number): Json => {
    if (typeof row !== "string") return objectAt(row, at(`rows[${i}]`));
    const found = extended.rows.find(({ id }) => id === row);
    return (found as Json | undefined) ?? refuse(at(`rows[${i}]`), `one of ${ids.join(", ")}`, row);
  };
  if (rows !== undefined && !Array.isArray(rows))
    return refuse(at("rows"), "a list of rows or of their ids", rows);
  const few = extended.rows.filter(({ id }, i) => i === 0 || id === extended.reference);
  const listed =
    rows?.map(rowOf) ?? ((grid === undefined ? extended.rows : few) as readonly Json[]);
  const grids: readonly unknown[] = grid === undefined ? [] : Array.isArray(grid) ? grid : [grid];
  return [
    ...listed,
    ...grids.flatMap((one, i) => expandGrid(objectAt(one, at(`grid[${i}]`)), at(`grid[${i}]`))),
  ];
}

function readStaging(given: Json, at: (field: string) => string): Pick<SweepStudy, "staging"> {
  const { halving, report, tuningSeeds = [] } = given;
  if (halving !== undefined) flag(halving, at("halving"));
  if (report !== undefined) oneOf(REPORTED)(report, at("report"));
  const staging = {
    ...(halving === true && { halving }),
    ...(report !== undefined && report !== "all" && { report: report as "front" | "chosen" }),
  };
  const [field] = Object.keys(staging);
  if (field === undefined) return {};
  if (Array.isArray(tuningSeeds) && tuningSeeds.length === 0)
    refuse(at("tuningSeeds"), `seeds on which rows are chosen, for ${field}`, tuningSeeds);
  return { staging };
}

function readSeeds(
  given: Json,
  at: (field: string) => string,
): Pick<SweepStudy, "seeds" | "tuningSeeds"> {
  const seeds = seedsAt(given["seeds"] ?? 1, at("seeds"));
  const tuningSeeds = seedsAt(given["tuningSeeds"] ?? [], at("tuningSeeds"));
  const both = tuningSeeds.find((seed) => seeds.includes(seed));
  if (both !== undefined) refuse(at("tuningSeeds"), "no seed that is reported", both);
  if (seeds.length + tuningSeeds.length === 0) refuse(at("seeds"), "at least one seed", seeds);
  return { seeds, tuningSeeds };
}

function seedsAt(value: unknown, path: string): readonly number[] {
  const seeds = seedsFrom(value, 1e9);
  return typeof seeds === "string" ? refuse(path, seeds, value) : seeds;
}
