import type { Risk } from "../anchored/certificates/retention.ts";
import { hasOwnGradient, heeds, methodsOwn, requires } from "../anchored/objectives/kinds.ts";
import type { LoraOptions } from "../nn/lora/adapterConfig.ts";
import { DataError } from "../tensor/errors.ts";
import { definedIn } from "../tensor/options.ts";
import { shown } from "../text/jsonl.ts";
import { refusedValue } from "./settingKinds.ts";
import {
  type DefaultedSettings,
  type FinetuneMethod,
  type RecipeOptions,
  type SettingName,
  settings,
} from "./settings.ts";

export type { FinetuneMethod, RecipeOptions } from "./settings.ts";

/** A recipe without gaps: what a fine-tune does, and all of it. */
export type FinetuneRecipe = RecipeOptions &
  Required<Pick<RecipeOptions, "model" | "data" | "learningRate">> &
  DefaultedSettings;

/** Learning rates that work for most models, as in the papers and libraries of the field. */
export const RATES = { adapter: 2e-4, full: 2e-5 } as const;
/** An adapter's rank where nothing is said. */
export const RANK = 16;

/** Settings that `maxSteps` takes the place of. */
const IN_EPOCHS = ["epochs", "inner"] as const;

/** Settings that only merging has. */
const OF_MERGES = ["mergeKind", "mergeKeep", "mergeDrop"] as const;

/** Settings that only adapters have. */
export const OF_ADAPTERS = [
  "lora",
  "loraAlpha",
  "loraTargets",
  "modulesToSave",
  "rslora",
  "dora",
] as const;

/**
 * Fills in defaults.
 * @param where names the recipe in messages
 * @throws DataError that names a key which is not known or cannot be
 */
export function completeRecipe(options: RecipeOptions, where = "recipe"): FinetuneRecipe {
  expectSettings(options, where);
  const said = definedIn(options);
  const defaults = Object.fromEntries(
    Object.entries(settings).flatMap(([name, setting]) =>
      "default" in setting ? [[name, setting.default]] : [],
    ),
  );
  const { full = false } = said;
  if (full) {
    const other = OF_ADAPTERS.find((name) => said[name] !== undefined && !isDefault(name, said));
    if (other !== undefined)
      throw new DataError(`${where}: expected either full or ${other}, got both`);
    if (said.dtype !== undefined && said.dtype !== "f32")
      throw new DataError(`${where}.dtype: expected f32, as what is trained is, got ${said.dtype}`);
  }
  const counted = IN_EPOCHS.find((name) => said[name] !== undefined && !isDefault(name, said));
  if (said.maxSteps !== undefined && counted !== undefined)
    throw new DataError(`${where}: expected either maxSteps or ${counted}, got both`);
  const filled: RecipeOptions = definedIn({
    learningRate: full ? RATES.full : RATES.adapter,
    ...(!full && { lora: RANK }),
    ...defaults,
    ...said,
  });
  const { model, data, learningRate, method, retain, replayFrom } = filled;
  for (const [name, value] of Object.entries({ model, data }))
    if (value === undefined) throw new DataError(`${where}.${name}: expected a text, got nothing`);
  if (replays(filled) && replayFrom !== "base" && retain === undefined)
    throw new DataError(
      `${where}.retain: expected prior rows for ${replayFrom ? `replayFrom ${replayFrom}` : `the method ${method}`}, got nothing`,
    );
  if (method === "sft" && replayFrom !== undefined)
    throw new DataError(
      `${where}.replayFrom: expected another method than sft, which with prior rows is replay, got ${replayFrom}`,
    );
  expectHeeded(said, filled, where);
  expectFull(filled, where);
  expectOneGradient(filled, where);
  expectRisk(said, filled, where);
  expectHeldOut(filled, where);
  if (learningRate === undefined) throw new DataError(`${where}: expected a learning rate`);
  return filled as FinetuneRecipe;
}

/** Whether a method's anchor lies between distributions, so that thresholds tell what it loses. */
const hasThresholds = (method: FinetuneMethod | undefined): boolean =>
  method === "anchored" || method === "onPolicy";

/** @throws DataError for a risk that has nothing to say something about */
function expectRisk(said: RecipeOptions, filled: RecipeOptions, where: string): void {
  const { alphaRisk, alphaConfidence, method, retain, certified } = filled;
  if (alphaRisk === undefined) {
    if (alphaConfidence === undefined) return;
    throw new DataError(`${where}.alphaRisk: expected a risk beside alphaConfidence, got nothing`);
  }
  if (said.alpha !== undefined)
    throw new DataError(`${where}: expected either alpha or alphaRisk, got both`);
  if (!hasThresholds(method))
    throw new DataError(
      `${where}.alphaRisk: expected the method anchored or onPolicy, got ${method}`,
    );
  if (retain === undefined)
    throw new DataError(`${where}.retain: expected rows to keep for alphaRisk, got nothing`);
  if (certified === 0)
    throw new DataError(`${where}.certified: expected some examples for alphaRisk, got 0`);
}

/** @throws DataError for what is held out in two ways, or chosen by rows that were learnt */
function expectHeldOut(filled: RecipeOptions, where: string): void {
  const { keep, patience, lookEvery, evalShare } = filled;
  if (filled.eval !== undefined && evalShare !== undefined)
    throw new DataError(`${where}: expected either eval or evalShare, got both`);
  if (keep !== "best") {
    if (patience === undefined) return;
    throw new DataError(`${where}.keep: expected best beside patience, got ${keep}`);
  }
  if (filled.alphaRisk !== undefined)
    throw new DataError(
      `${where}.keep: expected last with alphaRisk, whose audit is of the last student, got best`,
    );
  if (filled.eval === undefined && evalShare === undefined)
    throw new DataError(
      `${where}.keep: expected held-out rows to choose by, in eval or by evalShare, got none`,
    );
  if (lookEvery === 0)
    throw new DataError(`${where}.lookEvery: expected some looks to choose the best of, got 0`);
}

/** Whether prior rows are more than looked at. */
export const replays = ({ method = "sft", replayFrom }: RecipeOptions): boolean =>
  replayFrom !== undefined || method === "ewc" || requires(method, "replayShare");

/** @throws DataError for a setting that says nothing to the method; how long it trains is said of any */
function expectHeeded(said: RecipeOptions, { method = "sft" }: RecipeOptions, where: string): void {
  const unheeded =
    method === "merge"
      ? methodsOwn.filter((name) => name !== "alpha")
      : [...methodsOwn.filter((name) => !heeds(method, name)), ...OF_MERGES];
  for (const name of unheeded)
    if (said[name] !== undefined && !isDefault(name, said))
      throw new DataError(
        `${where}.${name}: expected nothing with the method ${method}, which does not heed it, got ${shown(said[name])}`,
      );
}

/** @throws DataError for what would need all weights */
function expectFull({ method, mergeKind, full }: RecipeOptions, where: string): void {
  if (full) return;
  if (method === "merge" && mergeKind !== undefined && mergeKind !== "wise")
    throw new DataError(
      `${where}: expected full with ${mergeKind}, got an adapter: its factors are no differences of weights`,
    );
}

/** @throws DataError for a method with a gradient of its own, which sam would take the place of */
function expectOneGradient({ method = "sft", sam = 0 }: RecipeOptions, where: string): void {
  if (sam > 0 && hasOwnGradient(method))
    throw new DataError(
      `${where}.sam: expected nothing with the method ${method}, which has a gradient of its own, got ${sam}`,
    );
}

const isDefault = (name: SettingName, said: RecipeOptions): boolean => {
  const setting: object = settings[name];
  return "default" in setting && setting.default === said[name];
};

/** @throws DataError for what is no setting, or none of its values */
export function expectSettings(options: object, where: string): asserts options is RecipeOptions {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(settings, name)) {
      // As Python and the command line spell it.
      const camel = name.replace(/[-_]+(\w)/g, (_, letter: string) => letter.toUpperCase());
      throw new DataError(
        Object.hasOwn(settings, camel)
          ? `${where}: expected ${camel}, got ${shown(name)}`
          : `${where}: expected settings among ${Object.keys(settings).join(", ")}, got ${shown(name)}`,
      );
    }
    const { is, expected } = settings[name as SettingName];
    if (value !== undefined && !is(value))
      throw new DataError(`${where}.${name}: expected ${expected}, got ${refusedValue(value)}`);
  }
}

/** The risk that a recipe asks for; undefined where it gives the weight. */
export const riskOf = ({
  alphaRisk,
  alphaConfidence = 0.95,
}: Pick<RecipeOptions, "alphaRisk" | "alphaConfidence">): Required<Risk> | undefined =>
  alphaRisk === undefined ? undefined : { risk: alphaRisk, confidence: alphaConfidence };

/** What the adapter of a recipe is; undefined for full fine-tuning. */
export function adapterOf(recipe: FinetuneRecipe): LoraOptions | undefined {
  const { full, lora: rank = RANK, loraAlpha, loraTargets, rslora, dora } = recipe;
  const saved = listed(recipe.modulesToSave ?? "");
  if (full) return undefined;
  const isList = loraTargets.includes(",") || /^\w+$/.test(loraTargets);
  return {
    ...{ rank, rslora, dora },
    targets: isList ? listed(loraTargets) : loraTargets,
    ...(loraAlpha !== undefined && { alpha: loraAlpha }),
    ...(saved.length > 0 && { modulesToSave: saved }),
  };
}

const listed = (names: string): string[] =>
  names
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
