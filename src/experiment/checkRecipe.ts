import { objectives } from "../anchored/objectives/methods.ts";
import { type SuiteRecipe, suiteNames, suiteOf } from "../tasks/study/suite.ts";
import {
  belowOne,
  type Check,
  count,
  countOrNone,
  type Fields,
  notNegative,
  number,
  objectAt,
  oneOf,
  positive,
  record,
  refuse,
  share,
  text,
} from "./checks.ts";
import { PRE_TRAINING } from "./measurements.ts";
import type { Recipe } from "./recipe.ts";
import { settings, type TuningSetting } from "./settings.ts";
import { isTreatment } from "./treatments.ts";

/** Files tell a row's progress from pre-training's by this word. */
const id: Check = (value, path) => {
  text(value, path);
  if (value === PRE_TRAINING) refuse(path, `an id other than ${PRE_TRAINING}`, value);
};
const names = { id, label: text, family: text };
const methods = ["base", "merge", ...Object.keys(objectives)];

/** The path of a row, with its name where it has one. */
const rowPath = (row: Readonly<Record<string, unknown>>, path: string): string =>
  typeof row["id"] === "string" ? `${path} (${row["id"]})` : path;

const row: Check = (value, at) => {
  const given = objectAt(value, at);
  const path = rowPath(given, at);
  const { method: name } = given;
  if (typeof name !== "string" || !isTreatment(name))
    return refuse(`${path}.method`, `one of ${methods.join(", ")}`, name);
  const method: Check = oneOf([name]);
  if (name === "base") return record({ ...names, method })(given, path);
  if (name === "merge")
    return record({ ...names, method, weight: number("a finite number", () => true) })(given, path);
  const { needs, knows } = objectives[name];
  const pick = (list: readonly TuningSetting[]): Fields =>
    Object.fromEntries(list.map((name) => [name, settings[name].check]));
  const known = pick(["learningRate", "epochs", ...knows]);
  record({ ...names, method, ...pick(needs) }, known)(given, path);
  const rounds = [given["outer"], given["inner"]].filter((x) => x !== undefined).length;
  if (rounds === 1) refuse(`${path}.outer`, "outer and inner together", given["outer"]);
  if (rounds > 0 && given["epochs"] !== undefined)
    refuse(`${path}.epochs`, "either epochs or outer and inner", given["epochs"]);
};

const optimizer: Fields = {
  batchSize: count,
  learningRate: positive,
  warmup: share,
  b1: belowOne,
  b2: belowOne,
  weightDecay: notNegative,
  clip: positive,
};

const rows: Check = (value, path) => {
  if (!Array.isArray(value) || value.length === 0) refuse(path, "a list of rows", value);
  const list = value as readonly Readonly<Record<string, unknown>>[];
  const seen = new Set<unknown>();
  for (const [i, each] of list.entries()) {
    row(each, `${path}[${i}]`);
    if (seen.has(each["id"])) refuse(`${path}[${i}].id`, "an id of its own", each["id"]);
    seen.add(each["id"]);
  }
  if (list[0]?.["method"] !== "base")
    refuse(`${path}[0].method`, "the base first", list[0]?.["method"]);
};

const texts: Check = (value, path) => {
  if (!Array.isArray(value)) refuse(path, "a list of texts", value);
  for (const [i, each] of (value as readonly unknown[]).entries()) text(each, `${path}[${i}]`);
};

const suite: Check = (value, path) => {
  if (typeof value === "string") return oneOf(suiteNames)(value, path);
  record({ priors: texts, targets: texts, knobs: objectAt })(value, path);
  try {
    suiteOf(value as SuiteRecipe);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    refuse(path, `skills and knobs that there are (${error.message})`, value);
  }
};

const fields: { readonly [Name in keyof Omit<Recipe, "target">]-?: Check } = {
  name: text,
  suite,
  model: record({ contextLength: count, layers: count, heads: count, width: count, hidden: count }),
  pretraining: record({ ...optimizer, steps: count, targetEvery: count, latent: share }),
  fineTuning: record({
    ...optimizer,
    examples: count,
    signOff: countOrNone,
    labelNoise: share,
    epochs: count,
  }),
  evaluation: record({
    targetPrompts: count,
    promptsPerSkill: count,
    divergenceTargetPrompts: count,
    divergencePromptsPerSkill: count,
    every: countOrNone,
  }),
  rows,
  reference: text,
  headline: text,
};

/**
 * Checks a recipe that comes from outside.
 * @param json what a JSON file holds
 * @throws DataError naming the place in it, what was expected there and what stands there
 */
export function checkRecipe(json: unknown): Recipe {
  record(fields, { target: text })(json, "recipe");
  const recipe = json as Recipe;
  const { targets } = suiteOf(recipe.suite);
  if (recipe.target !== undefined) oneOf(Object.keys(targets))(recipe.target, "recipe.target");
  const ids = recipe.rows.map(({ id }) => id);
  for (const name of ["reference", "headline"] as const)
    if (!ids.includes(recipe[name]))
      refuse(`recipe.${name}`, `the id of a row: ${ids.join(", ")}`, recipe[name]);
  return recipe;
}
