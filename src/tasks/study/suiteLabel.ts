import type { SuiteRecipe } from "./suite.ts";

/** `full`, `mini-igsm+mini-medcalc`, or `text`: for names of files. */
export function suiteLabel(recipe: SuiteRecipe): string {
  if (typeof recipe === "string") return recipe;
  return "words" in recipe ? "text" : recipe.targets.join("+");
}
