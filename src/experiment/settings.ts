import type { SettingName } from "../anchored/objectives/objective.ts";
import {
  belowOne,
  type Check,
  count,
  flag,
  notNegative,
  number,
  oneOf,
  positive,
  record,
  share,
} from "./checks.ts";
import type { RowSettings } from "./recipe.ts";

/** What every method heeds, whatever its own settings are. */
export const everyMethods: readonly RowSetting[] = [
  ...(["learningRate", "epochs", "replayShare", "restart", "weights", "sam"] as const),
  ...(["updateShare", "lora", "selfAnswers", "replayFrom"] as const),
];

/** What rows of a method may set: the methods' own settings, and what every method heeds. */
export type TuningSetting =
  | SettingName
  | "learningRate"
  | "epochs"
  | "restart"
  | "weights"
  | "sam"
  | "updateShare";

/** Any setting of a row that is trained. */
export type RowSetting = TuningSetting | keyof RowSettings;

/** All that a recipe's files and labels need to know about a setting. */
export interface Setting {
  /** How labels write it: `α=0.25`; undefined for one that labels write by its value alone. */
  readonly sign?: string;
  /** What a recipe may say. @throws DataError */
  readonly check: Check;
}

const between: Check = number("a number between 0 and 1", (x) => x > 0 && x < 1);

const alpha: Check = (value, path) => {
  if (typeof value !== "object" || value === null)
    number("a number in [0, 1], { budget } or { risk }", (x) => x >= 0 && x <= 1)(value, path);
  else if ("risk" in value) record({ risk: between }, { confidence: between })(value, path);
  else record({ budget: notNegative })(value, path);
};

const interpolation: Check = (value, path) =>
  typeof value === "object" && value !== null
    ? record({ power: number("a finite number", () => true) })(value, path)
    : oneOf(["logit", "probability"])(value, path);

/**
 * A row for each setting, in the order in which labels name them. What a setting does stands in
 * `FineTuneOptions`, and which methods heed it in `objectives`.
 */
export const settings: { readonly [Name in RowSetting]: Setting } = {
  alpha: { sign: "α", check: alpha },
  beta: { sign: "β", check: notNegative },
  direction: { check: oneOf(["forward", "reverse"]) },
  interpolation: { check: interpolation },
  outer: { sign: "T", check: count },
  inner: { sign: "K", check: count },
  temperature: { sign: "τ", check: positive },
  kdRatio: { sign: "KD", check: share },
  temperatureSquared: { check: flag },
  power: { sign: "a", check: notNegative },
  threshold: { sign: "c", check: share },
  topK: { sign: "top-K", check: number("an integer ≥ 2", (x) => Number.isInteger(x) && x >= 2) },
  clipRatio: { sign: "ε", check: notNegative },
  period: { sign: "every", check: count },
  tau: { sign: "τ_w", check: positive },
  lambda: { sign: "λ", check: share },
  samplingTemperature: { sign: "τ_s", check: notNegative },
  replayShare: { sign: "share", check: belowOne },
  learningRate: { sign: "η", check: positive },
  epochs: { check: count },
  restart: { check: oneOf(["never", "outer"]) },
  weights: { check: oneOf(["f32", "bf16"]) },
  sam: { sign: "ρ", check: notNegative },
  updateShare: { sign: "update", check: number("a number in (0, 1]", (x) => x > 0 && x <= 1) },
  lora: { sign: "r", check: count },
  selfAnswers: { sign: "own", check: count },
  replayFrom: { check: oneOf(["prior", "answers", "base"]) },
};

/** How labels write what is no setting of its own: parts of one, and WiSE-FT's weight. */
const partSigns: Readonly<Record<string, string>> = {
  budget: "δ",
  power: "p",
  weight: "w",
  keep: "k",
  drop: "d",
};

const isSetting = (name: string): name is RowSetting => Object.hasOwn(settings, name);

/** How labels write a setting, or a part of one: its sign where it has one, else its name. */
export const signOf = (name: string): string =>
  (isSetting(name) ? settings[name].sign : partSigns[name]) ?? name;
