import { refusedValue } from "../../finetune/settingKinds.ts";
import {
  type RecipeOptions,
  type Setting,
  type SettingName,
  settings,
} from "../../finetune/settings.ts";
import { placeKnobs } from "../queue/places.ts";
import { flag, type Knob, type Knobs, text, type Values, whole } from "../terminal/knobs.ts";
import { logKnobs } from "../terminal/logging.ts";
import { UsageError } from "../terminal/usage.ts";

/** What an option's text says; a number where it is one. @throws UsageError as `Knob.read` */
function readSetting(given: string, setting: Setting<unknown>, option: string): unknown {
  const { value, is, expected } = setting;
  if (value === "") return true;
  if (is(given)) return given;
  const number = /^[-+]?[\d.]+(e[-+]?\d+)?$/i.test(given) ? Number(given) : NaN;
  if (is(number)) return number;
  if (Number.isFinite(number))
    throw new UsageError(`${option}: expected ${expected}, got ${refusedValue(number)}`);
  return undefined;
}

const knobOf = (setting: Setting<unknown>): Knob<unknown> => ({
  value: setting.value,
  about: setting.about,
  expected: setting.expected,
  read: (given, option) => readSetting(given, setting, option),
});

/** A recipe's settings, each an option. */
export const recipeKnobs: Knobs = Object.fromEntries(
  Object.entries(settings).map(([name, setting]) => [name, knobOf(setting)]),
);

/** What the help puts before the option that each begins with. */
export const headings: Readonly<Partial<Record<SettingName | keyof typeof runKnobs, string>>> = {
  model: "Model and data",
  method: "Method",
  dtype: "Weights and adapter",
  batch: "Steps",
  targets: "Anchors and certificates",
  lookEvery: "Looks at --retain and --eval, and which step is kept",
  checkpointEvery: "Run",
};

/** What is not the recipe's: where, and on what machine. */
export const runKnobs: {
  readonly out: Knob<string>;
  readonly recipe: Knob<string>;
  readonly threads: Knob<number>;
  readonly memory: Knob<string>;
  readonly dryRun: Knob<true>;
} & typeof placeKnobs &
  typeof logKnobs = {
  out: text("<folder>", "the run's folder; runs/<model>-<method>-<digest> by default"),
  recipe: text(
    "<file>",
    "settings as JSON, by their names in camel case, or a grid of them, as\nbelow; options win over it",
  ),
  threads: whole("of the wasm engine; every core by default", 1, 1024),
  memory: text("<GiB>", "what may be used; what is free by default"),
  dryRun: flag("say what would be done, and end"),
  ...placeKnobs,
  ...logKnobs,
};

/** The settings among what was given. */
export const recipeIn = (values: Values<Knobs>): RecipeOptions =>
  Object.fromEntries(
    Object.entries(values).filter(([name]) => isSetting(name)),
  ) as unknown as RecipeOptions;

const isSetting = (name: string): name is SettingName => Object.hasOwn(settings, name);
