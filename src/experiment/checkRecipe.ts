import { type Method, objectives } from "../anchored/objectives/methods.ts";
import type { SettingName } from "../anchored/objectives/objective.ts";
import { type SuiteRecipe, suiteNames, suiteOf } from "../tasks/study/suite.ts";
import { DataError } from "../tensor/errors.ts";
import { shown } from "../text/jsonl.ts";
import type { Recipe, TuningSettings } from "./recipe.ts";

/** Says no with a DataError that names the place. */
type Check = (value: unknown, path: string) => void;
type Fields = Readonly<Record<string, Check>>;

const refuse = (path: string, expected: string, value: unknown): never => {
  throw new DataError(`${path}: expected ${expected}, got ${shown(value)}`);
};

const text: Check = (value, path) => {
  if (typeof value !== "string" || value === "") refuse(path, "a text", value);
};

/** A finite number for which `holds`. */
const number =
  (expected: string, holds: (x: number) => boolean): Check =>
  (value, path) => {
    if (typeof value !== "number" || !Number.isFinite(value) || !holds(value))
      refuse(path, expected, value);
  };

const positive = number("a positive number", (x) => x > 0);
const notNegative = number("a number ≥ 0", (x) => x >= 0);
const share = number("a number in [0, 1]", (x) => x >= 0 && x <= 1);
const count = number("a positive integer", (x) => Number.isInteger(x) && x > 0);
const countOrNone = number("an integer ≥ 0", (x) => Number.isInteger(x) && x >= 0);
const belowOne = number("a number in [0, 1)", (x) => x >= 0 && x < 1);

const oneOf =
  (names: readonly string[]): Check =>
  (value, path) => {
    if (!names.includes(value as string)) refuse(path, `one of ${names.join(", ")}`, value);
  };

function objectAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    refuse(path, "an object", value);
  return value as Readonly<Record<string, unknown>>;
}

/** An object with all of `needed`, some of `known`, and nothing else. */
const record =
  (needed: Fields, known: Fields = {}): Check =>
  (value, path) => {
    const given = objectAt(value, path);
    for (const name of Object.keys(given))
      if (!Object.hasOwn(needed, name) && !Object.hasOwn(known, name))
        refuse(
          `${path}.${name}`,
          `nothing beside ${Object.keys({ ...needed, ...known }).join(", ")}`,
          given[name],
        );
    for (const [name, check] of Object.entries(needed)) check(given[name], `${path}.${name}`);
    for (const [name, check] of Object.entries(known))
      if (given[name] !== undefined) check(given[name], `${path}.${name}`);
  };

const alpha: Check = (value, path) =>
  typeof value === "object" && value !== null
    ? record({ budget: notNegative })(value, path)
    : number("a number in [0, 1] or { budget }", (x) => x >= 0 && x <= 1)(value, path);

const interpolation: Check = (value, path) =>
  typeof value === "object" && value !== null
    ? record({ power: number("a finite number", () => true) })(value, path)
    : oneOf(["logit", "probability"])(value, path);

/** What a row may set. */
const settings: { readonly [Name in keyof TuningSettings]-?: Check } = {
  learningRate: positive,
  epochs: count,
  outer: count,
  inner: count,
  alpha,
  interpolation,
  temperature: positive,
  beta: notNegative,
  direction: oneOf(["forward", "reverse"]),
  kdRatio: share,
  replayShare: belowOne,
};

const names = { id: text, label: text, family: text };
const methods = ["base", "merge", ...Object.keys(objectives)];

/** The path of a row, with its name where it has one. */
const rowPath = (row: Readonly<Record<string, unknown>>, path: string): string =>
  typeof row["id"] === "string" ? `${path} (${row["id"]})` : path;

const row: Check = (value, at) => {
  const given = objectAt(value, at);
  const path = rowPath(given, at);
  oneOf(methods)(given["method"], `${path}.method`);
  const method: Check = oneOf([given["method"] as string]);
  if (given["method"] === "base") return record({ ...names, method })(given, path);
  if (given["method"] === "merge")
    return record({ ...names, method, weight: number("a finite number", () => true) })(given, path);
  const { needs, knows } = objectives[given["method"] as Method];
  const pick = (list: readonly SettingName[]): Fields =>
    Object.fromEntries(list.map((name) => [name, settings[name]]));
  const { learningRate, epochs } = settings;
  record({ ...names, method, ...pick(needs) }, { learningRate, epochs, ...pick(knows) })(
    given,
    path,
  );
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
