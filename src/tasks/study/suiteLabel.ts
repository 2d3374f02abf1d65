import type { SuiteRecipe } from "./suite.ts";

/** `full`, or `mini-igsm+mini-medcalc`: for names of files. */
export const suiteLabel = (recipe: SuiteRecipe): string =>
  typeof recipe === "string" ? recipe : recipe.targets.join("+");
