import type { SuiteRecipe } from "./suite.ts";

/** `full`, `mini-igsm+mini-medcalc`, or `text`: for names of files. */
export function suiteLabel(recipe: SuiteRecipe): string {
  if (typeof recipe === "string") return recipe;
  // The lab's first view has labels and no skills: these are not imported here.
  return "words" in recipe ? "text" : recipe.targets.join("+");
}
