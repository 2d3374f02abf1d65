import { promptsNeeded } from "../anchored/certificates/retention.ts";
import { objectives } from "../anchored/objectives/methods.ts";
import { hasReference } from "../anchored/objectives/objective.ts";
import { visible } from "../report/escape.ts";
import { isWordSuite, suiteOf, targetOf } from "../tasks/study/suite.ts";
import { refuse } from "../text/jsonl.ts";
import { expectSizes } from "./checkModel.ts";
import { suite } from "./checkSuite.ts";
import {
  belowOne,
  type Check,
  count,
  countOrNone,
  countUpTo,
  type Fields,
  flag,
  listOf,
  name,
  notNegative,
  number,
  objectAt,
  oneOf,
  positive,
  record,
  share,
  text,
} from "./checks.ts";
import { checkFair } from "./fair.ts";
import { PRE_TRAINING } from "./measurements.ts";
import { isOfCheckpoint, type PretrainedRecipe, type Recipe, type RowRecipe } from "./recipe.ts";
import { RETAINED, riskOf } from "./retained.ts";
import { everyMethods, type RowSetting, settings } from "./settings.ts";
import { isTreatment } from "./treatments.ts";

/** Files tell a row's progress from pre-training's by this word. */
const id: Check = (value, path) => {
  name(value, path);
  if (value === PRE_TRAINING) refuse(path, `an id other than ${PRE_TRAINING}`, value);
};
const names = { id, label: text, family: text };
/** What rows may name that look at p_sft. */
const reference: Fields = { reference: text };
const methods = ["base", "merge", ...Object.keys(objectives)];

/** The path of a row, with its name where it has one. */
const rowPath = (row: Readonly<Record<string, unknown>>, path: string): string =>
  typeof row["id"] === "string" ? `${path} (${visible(row["id"]).slice(0, 40)})` : path;

const row: Check = (value, at) => {
  const given = objectAt(value, at);
  const path = rowPath(given, at);
  const { method: name } = given;
  if (typeof name !== "string" || !isTreatment(name))
    return refuse(`${path}.method`, `one of ${methods.join(", ")}`, name);
  const method: Check = oneOf([name]);
  if (name === "base") return record({ ...names, method })(given, path);
  if (name === "merge") return merge(given, path);
  const { needs, knows, target } = objectives[name];
  const pick = (list: readonly RowSetting[]): Fields =>
    Object.fromEntries(list.map((name) => [name, settings[name].check]));
  const known = pick([...everyMethods.filter((one) => !isIn(needs, one)), ...knows]);
  record(
    { ...names, method, ...pick(needs) },
    { ...known, ...(hasReference(target) && reference) },
  )(given, path);
  if (objectives[name].gradient && given["sam"] !== undefined)
    refuse(`${path}.sam`, `nothing with ${name}, which has a gradient of its own`, given["sam"]);
  const rounds = [given["outer"], given["inner"]].filter((x) => x !== undefined).length;
  if (rounds === 1) refuse(`${path}.outer`, "outer and inner together", given["outer"]);
  if (rounds > 0 && given["epochs"] !== undefined)
    refuse(`${path}.epochs`, "either epochs or outer and inner", given["epochs"]);
};

const isIn = (list: readonly string[], name: string): boolean => list.includes(name);

/** What differs from the base is a share of it, or of its numbers. */
const merge: Check = (value, path) => {
  const given = objectAt(value, path);
  const weight = number("a finite number", () => true);
  const { kind = "wise" } = given;
  const more: Fields =
    kind === "ties" ? { keep: share } : kind === "dare" ? { drop: belowOne } : {};
  const known = { kind: oneOf(["wise", "ties", "dare"]), ...more };
  record({ ...names, method: oneOf(["merge"]), weight }, { ...known, ...reference })(given, path);
};

/** More examples, prompts or items of a batch are a slip of the pen. */
const MANY = 1e6;

const optimizer: Fields = {
  batchSize: countUpTo(MANY),
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
    // p_sft is made before it is looked at.
    const { reference: teacher } = each;
    if (teacher !== undefined && !seen.has(teacher))
      refuse(`${rowPath(each, `${path}[${i}]`)}.reference`, "the id of an earlier row", teacher);
    seen.add(each["id"]);
  }
  if (list[0]?.["method"] !== "base")
    refuse(`${path}[0].method`, "the base first", list[0]?.["method"]);
};

/** Longer ones are answers of their own. */
const LONGEST_MARKER = 8;

const marker: Check = (value, path) => {
  if (value === "result") return;
  listOf(text, LONGEST_MARKER)(value, path);
  if ((value as readonly string[]).length === 0) refuse(path, `symbols or "result"`, value);
};

type Optional = "target" | "headline" | "fair" | "retain";

/** How the base comes about, where the study makes it itself. */
const made: { readonly [Name in "model" | "pretraining"]: Check } = {
  model: record({ contextLength: count, layers: count, heads: count, width: count, hidden: count }),
  pretraining: record(
    { ...optimizer, steps: count, targetEvery: count, latent: share },
    { markerSeen: share },
  ),
};

const digest: Check = (value, path) => {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value))
    refuse(path, "a SHA-256 in hexadecimal digits", value);
};

/** What the config may hold, its reader knows; see `expectSizes`. */
const given: { readonly checkpoint: Check } = {
  checkpoint: record({ name, sha256: digest, config: (value, path) => void objectAt(value, path) }),
};

const shared: {
  readonly [Name in Exclude<keyof PretrainedRecipe, keyof typeof made | Optional>]: Check;
} = {
  name,
  suite,
  fineTuning: record(
    {
      ...optimizer,
      examples: countUpTo(MANY),
      signOff: countOrNone,
      labelNoise: share,
      epochs: count,
    },
    { marker },
  ),
  evaluation: record({
    targetPrompts: countUpTo(MANY),
    promptsPerSkill: countUpTo(MANY),
    divergenceTargetPrompts: countUpTo(MANY),
    divergencePromptsPerSkill: countUpTo(MANY),
    every: countOrNone,
  }),
  rows,
  reference: text,
};

/**
 * Checks a recipe that comes from outside.
 * @param json what a JSON file holds
 * @throws DataError naming the place in it, what was expected there and what stands there
 */
export function checkRecipe(json: unknown): Recipe {
  const retain = record({ plan: countUpTo(MANY), audit: countUpTo(MANY) });
  const isGiven = "checkpoint" in objectAt(json, "recipe");
  record(
    { ...shared, ...(isGiven ? given : made) },
    { target: text, headline: text, fair: flag, retain },
  )(json, "recipe");
  const recipe = json as Recipe;
  if (isGiven !== isWordSuite(recipe.suite))
    refuse("recipe.suite", "words for a checkpoint, and for no other base", recipe.suite);
  const { targets } = suiteOf(recipe.suite);
  if (recipe.target !== undefined) oneOf(Object.keys(targets))(recipe.target, "recipe.target");
  const ids = recipe.rows.map(({ id }) => id);
  for (const name of ["reference", "headline"] as const)
    if (recipe[name] !== undefined && !ids.includes(recipe[name]))
      refuse(`recipe.${name}`, `the id of a row: ${ids.join(", ")}`, recipe[name]);
  ends(recipe);
  expectSizes(recipe);
  for (const [i, row] of recipe.rows.entries()) {
    const path = `recipe.rows[${i}] (${row.id})`;
    enough(recipe, row, path);
    // What it writes begins with a question, whose end is an answer's.
    const from = "replayFrom" in row ? row.replayFrom : undefined;
    if (isGiven && from === "base")
      refuse(`${path}.replayFrom`, "prior or answers for a checkpoint", from);
  }
  if (recipe.fair) checkFair(recipe);
  return recipe;
}

/** Whether a row's risk can be certified, said before anything is trained. */
function enough({ retain = RETAINED }: Recipe, row: RowRecipe, path: string): void {
  const risk = riskOf(row);
  if (!risk) return;
  if (row.method === "anchoredWeights")
    refuse(`${path}.alpha`, "a number for anchors between weights", risk);
  const needed = promptsNeeded(risk);
  for (const [half, given] of Object.entries(retain))
    if (given < needed)
      refuse(`recipe.retain.${half}`, `at least ${needed} prompts for ${path}`, given);
}

/** What an answer may end with. */
function ends(recipe: Recipe): void {
  const { suite, target } = recipe;
  const { marker: wanted, signOff } = recipe.fineTuning;
  const seen = isOfCheckpoint(recipe) ? undefined : recipe.pretraining.markerSeen;
  if (wanted === undefined) {
    if (seen !== undefined)
      refuse("recipe.pretraining.markerSeen", "a fineTuning.marker with it", seen);
    return;
  }
  const path = "recipe.fineTuning.marker";
  if (signOff > 0) refuse(path, "no sign-off beside it", signOff);
  // A verifier judges their answers, and knows of no marker.
  if (targetOf(suiteOf(suite), target).score)
    refuse(path, `a target that no verifier judges`, wanted);
  const { symbols } = suiteOf(suite).vocabulary;
  const stranger = wanted === "result" ? undefined : wanted.find((one) => !symbols.includes(one));
  if (stranger !== undefined) refuse(path, `symbols of the suite`, stranger);
}
