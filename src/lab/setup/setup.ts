import type { Interpolation } from "../../anchored/objectives/interpolations.ts";
import type { Backend } from "../../engines/create.ts";
import type { Recipe, RowRecipe } from "../../experiment/recipe.ts";
import { fullRecipe } from "../../experiment/recipes/full.ts";
import { miniRecipe, miniTargets } from "../../experiment/recipes/minis.ts";
import { base, sft } from "../../experiment/recipes/rows.ts";
import { smokeRecipe } from "../../experiment/recipes/smoke.ts";

/** The studies that the lab offers, by name; the first is the default. */
export const recipes: Readonly<Record<string, Recipe>> = {
  smoke: smokeRecipe,
  full: fullRecipe,
  ...Object.fromEntries(miniTargets.map((target) => [target, miniRecipe(target)])),
};

/** What stands beside ordinary fine-tuning. */
export type Challenger =
  | "anchored"
  | "anchoredWeights"
  | "onPolicy"
  | "distillation"
  | "moving"
  | "asft"
  | "dft"
  | "klRegularized"
  | "l2sp"
  | "replay"
  | "merge";

/** Everything that decides a run's numbers. */
export interface Setup {
  /** A name of `recipes`. */
  readonly recipe: string;
  readonly seed: number;
  readonly engine: Backend;
  /** Whether to pre-train the base here rather than take the one that comes with the page. */
  readonly scratch: boolean;
  readonly method: Challenger;
  /** α is this, unless a budget chooses it. */
  readonly alpha: number;
  /** δ, nats a token; 0 for none. */
  readonly budget: number;
  readonly outer: number;
  readonly inner: number;
  readonly space: "logit" | "probability";
  readonly temperature: number;
  readonly beta: number;
  readonly weight: number;
  readonly replayShare: number;
  readonly learningRate: number;
}

/** A study's own settings: its headline row against its reference. */
export function defaultSetup(recipe: string): Setup {
  const { rows, headline, fineTuning } = recipes[recipe] ?? smokeRecipe;
  const row = rows.find(({ id }) => id === headline);
  const given = row?.method === "anchored" ? row : undefined;
  return {
    recipe,
    seed: 0,
    engine: "auto",
    scratch: false,
    method: "anchored",
    alpha: typeof given?.alpha === "number" ? given.alpha : 0.25,
    budget: 0,
    outer: given?.outer ?? 2,
    inner: given?.inner ?? 5,
    space: "logit",
    temperature: 1,
    beta: 0.1,
    weight: 0.3,
    replayShare: 0.25,
    learningRate: fineTuning.learningRate,
  };
}

/** Steps between two looks at a student, where the study itself looks at the end alone. */
const LOOK_EVERY = 32;

/** The study of a run: the base, ordinary fine-tuning, and the challenger, at one learning rate. */
export function recipeOf(setup: Setup): Recipe {
  const recipe = recipes[setup.recipe] ?? smokeRecipe;
  const { learningRate } = setup;
  const [reference, challenger] = [sft(learningRate), challengerOf(setup)];
  return {
    ...recipe,
    fineTuning: { ...recipe.fineTuning, learningRate },
    evaluation: { ...recipe.evaluation, every: recipe.evaluation.every || LOOK_EVERY },
    rows: [base, reference, challenger],
    reference: reference.id,
    headline: challenger.id,
  };
}

const short = (x: number): string => `${Number(x.toPrecision(3))}`;

/** The row that stands beside ordinary fine-tuning, named after what it sets. */
export function challengerOf(setup: Setup): RowRecipe {
  const { method, weight, beta, alpha, replayShare } = setup;
  switch (method) {
    case "merge":
      return { ...named("merge", "WiSE-FT", `${short(weight)}`), method, weight };
    case "dft":
      return { ...named("other", "DFT", ""), method };
    case "asft":
      return { ...named("asft", "ASFT", `β=${short(beta)}`), method, beta };
    case "klRegularized":
      return {
        ...named("other", "SFT+KL", `β=${short(beta)}`),
        method,
        beta,
        direction: "forward",
      };
    case "l2sp":
      return { ...named("other", "L2-SP", `β=${short(beta)}`), method, beta };
    case "replay":
      return { ...named("other", "Replay", short(replayShare)), method, replayShare };
    case "distillation":
      return { ...named("anchored", "Self-distillation", ""), method };
    case "moving":
      return {
        ...named("moving", "Every-step anchor", `α=${short(alpha)}`),
        ...{ method, alpha, interpolation: setup.space },
      };
    case "anchored":
      return anchoredOf(setup);
    case "anchoredWeights":
    case "onPolicy": {
      const { outer, inner } = setup;
      const name = method === "onPolicy" ? "On-policy" : "Weights";
      const settings = `α=${short(alpha)} T=${outer} K=${inner}`;
      return { ...named("other", name, settings), method, alpha, outer, inner };
    }
  }
}

function anchoredOf({ alpha, budget, outer, inner, space, temperature }: Setup): RowRecipe {
  const weight = budget > 0 ? `δ=${short(budget)}` : `α=${short(alpha)}`;
  const tempered = temperature === 1 ? "" : ` τ=${short(temperature)}`;
  const family = space === "logit" ? "anchored" : "probability";
  const name = space === "logit" ? "Anchored" : "Anchored, probability";
  const interpolation: Interpolation = space;
  return {
    ...named(family, name, `${weight} T=${outer} K=${inner}${tempered}`),
    method: "anchored",
    alpha: budget > 0 ? { budget } : alpha,
    ...{ outer, inner, interpolation },
    ...(temperature !== 1 && { temperature }),
  };
}

/** Ids name files: letters, digits and `.-` alone. */
function named(
  family: string,
  name: string,
  settings: string,
): Pick<RowRecipe, "id" | "label" | "family"> {
  const label = `${name} ${settings}`.trim();
  const id = label
    .toLowerCase()
    .replace("α=", "a")
    .replace("β=", "b")
    .replace("δ=", "budget")
    .replace("τ=", "tau")
    .replaceAll("=", "")
    .replaceAll(/[^a-z0-9.]+/g, "-");
  return { id, label, family };
}
