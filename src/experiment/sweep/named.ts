import { miniNames } from "../../tasks/minis.ts";
import { fullRecipe } from "../recipes/full.ts";
import { miniRecipe, miniTargets } from "../recipes/minis.ts";
import { smokeRecipe } from "../recipes/smoke.ts";
import { ablations, studyRecipe } from "../recipes/study.ts";
import type { Recipes } from "./recipeFile.ts";
import type { Sweep } from "./sweep.ts";

/** Recipes that a sweep's file may extend. */
export const namedRecipes: Recipes = {
  full: fullRecipe,
  smoke: smokeRecipe,
  study: studyRecipe,
  ...Object.fromEntries(miniNames.map((name) => [name, miniRecipe(name)])),
};

/** The paper's table in miniature: one base, and from it each target on its own. */
const threeTargets: Sweep = {
  name: "three-targets",
  studies: miniTargets.map((target) => ({
    recipe: miniRecipe(target),
    seeds: [0, 1, 2],
    tuningSeeds: [],
  })),
};

/** Seeds that are reported, and seeds on which rows are chosen. */
const seeds = [0, 1, 2, 3, 4];
const tuningSeeds = [100, 101, 102];

/** Sweeps that need no file. */
export const namedSweeps: Readonly<Record<string, Sweep>> = {
  full: { name: "full", studies: [{ recipe: fullRecipe, seeds, tuningSeeds }] },
  smoke: { name: "smoke", studies: [{ recipe: smokeRecipe, seeds, tuningSeeds }] },
  study: {
    name: "study",
    studies: [
      { recipe: studyRecipe, seeds, tuningSeeds },
      // Nothing is chosen here: the rows are those of the study.
      ...ablations.map((recipe) => ({ recipe, seeds, tuningSeeds: [] })),
    ],
  },
  "three-targets": threeTargets,
};
