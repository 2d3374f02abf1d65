import { heeds, requires } from "../../anchored/objectives/kinds.ts";
import type { Alpha } from "../../anchored/options.ts";
import type { RowRecipe, TuningSettings } from "../../experiment/recipe.ts";
import { signOf } from "../../experiment/settings.ts";
import { treatmentNames } from "../../experiment/treatments.ts";
import type { Challenger } from "./challengers.ts";
import type { Setup } from "./setup.ts";
import { sureties } from "./surety.ts";

/** Those that are drawn in a colour of their own. */
const families: Readonly<Partial<Record<Challenger, string>>> = {
  ...{ anchored: "anchored", distillation: "anchored", moving: "moving", asft: "asft" },
  merge: "merge",
};

const short = (x: number): string => `${Number(x.toPrecision(3))}`;

/** The row that stands beside ordinary fine-tuning, named after what it sets. */
export function challengerRow(setup: Setup): RowRecipe {
  const { method, weight, space } = setup;
  const name = treatmentNames[method].short;
  const family = families[method] ?? "other";
  if (method === "merge") return { ...named(family, `${name} ${short(weight)}`), method, weight };
  const settings = settingsOf(setup);
  const parts = Object.entries(settings).flatMap(([setting, value]) => partsOf(setting, value));
  const probability = space === "probability" && heeds(method, "interpolation");
  return {
    ...named(
      probability && method === "anchored" ? "probability" : family,
      [probability ? `${name}, probability` : name, ...parts].join(" "),
    ),
    method,
    ...settings,
  };
}

/** What the method heeds of what the page sets. */
function settingsOf(setup: Setup): TuningSettings {
  const { method, outer, inner, temperature, beta, replayShare, space } = setup;
  const has = (setting: Parameters<typeof heeds>[1]): boolean => heeds(method, setting);
  return {
    ...(has("alpha") && { alpha: alphaOf(setup) }),
    ...(has("outer") && { outer, inner }),
    ...(has("temperature") && temperature !== 1 && { temperature }),
    ...(has("beta") && { beta }),
    ...(has("replayShare") && { replayShare }),
    ...(has("interpolation") && { interpolation: space }),
    ...(requires(method, "direction") && { direction: "forward" }),
  };
}

/** The weight itself, or what chooses it. */
function alphaOf({ method, alpha, budget, surety }: Setup): Alpha {
  if (method !== "anchored") return alpha;
  return sureties[surety].risk ?? (budget > 0 ? { budget } : alpha);
}

/** `α=0.25`, `δ=0.05`; nothing for what is no number. */
function partsOf(setting: string, value: unknown): string[] {
  if (typeof value === "number") return [`${signOf(setting)}=${short(value)}`];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([part, inner]) => partsOf(part, inner));
}

/** Ids name files: letters, digits and `.-` alone. */
function named(family: string, label: string): Pick<RowRecipe, "id" | "label" | "family"> {
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
