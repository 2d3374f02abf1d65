import type { Backend } from "../../engines/create.ts";
import type { Recipe, TuningSettings } from "../../experiment/recipe.ts";
import { fullRecipe } from "../../experiment/recipes/full.ts";
import { miniRecipe, miniTargets } from "../../experiment/recipes/minis.ts";
import { base, sft } from "../../experiment/recipes/rows.ts";
import { smokeRecipe } from "../../experiment/recipes/smoke.ts";
import { challengerRow } from "./challengerRow.ts";
import type { Challenger } from "./challengers.ts";
import { everyKnob, type KnobField, knobs } from "./knobs.ts";
import type { Surety } from "./surety.ts";

/** The studies that the lab offers, by name; the first is the default. */
export const recipes: Readonly<Record<string, Recipe>> = {
  smoke: smokeRecipe,
  full: fullRecipe,
  ...Object.fromEntries(miniTargets.map((target) => [target, miniRecipe(target)])),
};

const called: Readonly<Record<string, string>> = {
  smoke: "Smoke: 19 k parameters, seconds",
  full: "Full: 113 k parameters, a minute",
  "mini-igsm": "iGSM in small: word problems",
  "mini-medcalc": "MedCalc in small: clinical scores",
  "mini-ifeval": "IFEval in small: instructions",
  "mini-countdown": "Countdown in small: reach a number",
};

/** What the page calls the studies, by name. */
export const studyNames: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(recipes).map((name) => [name, called[name] ?? name]),
);

/** Everything that decides a run's numbers. */
export interface Setup extends Readonly<Record<KnobField, number>> {
  /** A name of `recipes`. */
  readonly recipe: string;
  readonly seed: number;
  readonly engine: Backend;
  /** Whether to pre-train the base here rather than take the one that comes with the page. */
  readonly scratch: boolean;
  readonly method: Challenger;
  /** Where anchors are made. */
  readonly space: "logit" | "probability";
  /** What may be lost of known answers; chooses α where it says something. */
  readonly surety: Surety;
}

/** Whether α is chosen by what may be lost. */
export const hasSurety = ({ method, surety }: Setup): boolean =>
  method === "anchored" && surety !== "none";

/** A study's own settings: its headline row against its reference. */
export function defaultSetup(recipe: string): Setup {
  const { rows, headline, fineTuning } = recipes[recipe] ?? smokeRecipe;
  const row = rows.find(({ id }) => id === headline);
  const given: TuningSettings = row?.method === "anchored" ? row : {};
  return {
    ...{ recipe, seed: 0, engine: "auto", scratch: false, method: "anchored", space: "logit" },
    surety: "none",
    ...everyKnob((field) => knobs[field].initial),
    ...(typeof given.alpha === "number" && { alpha: given.alpha }),
    ...(given.outer !== undefined && { outer: given.outer }),
    ...(given.inner !== undefined && { inner: given.inner }),
    learningRate: fineTuning.learningRate,
  };
}

/** Steps between two looks at a student, where the study itself looks at the end alone. */
const LOOK_EVERY = 32;

/** The study of a run: the base, ordinary fine-tuning, and the challenger, at one learning rate. */
export function recipeOf(setup: Setup): Recipe {
  const recipe = recipes[setup.recipe] ?? smokeRecipe;
  const { learningRate } = setup;
  const [reference, challenger] = [sft(learningRate), challengerRow(setup)];
  return {
    ...recipe,
    fineTuning: { ...recipe.fineTuning, learningRate },
    evaluation: { ...recipe.evaluation, every: recipe.evaluation.every || LOOK_EVERY },
    rows: [base, reference, challenger],
    reference: reference.id,
    headline: challenger.id,
  };
}
