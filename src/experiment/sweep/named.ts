import { miniNames } from "../../tasks/study/minis.ts";
import type { StudyBase } from "../checkpoint/studyBase.ts";
import type { PretrainedRecipe, Recipe } from "../recipe.ts";
import { checkpointStudy } from "../recipes/checkpoint.ts";
import { fullRecipe } from "../recipes/full.ts";
import { miniRecipe, miniTargets } from "../recipes/minis.ts";
import { paperRecipe, paperSeeds } from "../recipes/paper.ts";
import { smokeRecipe } from "../recipes/smoke.ts";
import {
  reportedSeeds,
  type SizeName,
  sizes,
  studyRecipe,
  tuningSeeds as studyTuningSeeds,
} from "../recipes/study.ts";
import type { Recipes } from "./recipeFile.ts";
import type { Sweep, SweepStudy } from "./sweep.ts";

const byName = (recipes: readonly PretrainedRecipe[]): Recipes =>
  Object.fromEntries(recipes.map((recipe) => [recipe.name, recipe]));

/** Recipes that a sweep's file may extend. */
export const namedRecipes: Recipes = {
  ...byName([fullRecipe, smokeRecipe]),
  study: studyRecipe("C1"),
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

const alone = (recipe: Recipe): Sweep => ({
  name: recipe.name,
  studies: [{ recipe, seeds, tuningSeeds }],
});

/** The study under one of its conditions. @throws RangeError as `studyRecipe` does */
export function studySweep(condition: string, size: SizeName, families?: readonly string[]): Sweep {
  const recipe = studyRecipe(condition, size, families);
  return {
    name: recipe.name,
    studies: [
      {
        ...{ recipe, seeds: reportedSeeds, tuningSeeds: studyTuningSeeds },
        staging: { report: "front" },
      },
    ],
  };
}

/**
 * The study's question of a checkpoint: `study-base-0.9m-C1`. Rows of named families are chosen on the
 * study's tuning seeds; what was chosen before is run on five of its reported ones.
 * @throws RangeError as `checkpointStudy` does
 */
export function checkpointSweep(
  base: Pick<StudyBase, "checkpoint" | "suite">,
  condition: string,
  families?: readonly string[],
): Sweep {
  const recipe = checkpointStudy(base, condition, families);
  const study: SweepStudy = families
    ? {
        ...{ recipe, seeds: reportedSeeds, tuningSeeds: studyTuningSeeds },
        staging: { report: "front" },
      }
    : { recipe, seeds: reportedSeeds.slice(0, 5), tuningSeeds: [] };
  return { name: recipe.name, studies: [study] };
}

/** The authors' program in parts, from a base of some size: `paper`, `paper-19k`. */
export function paperSweep(size: SizeName): Sweep {
  const { recipe: of } = sizes[size];
  const recipe = paperRecipe(size === "113k" ? of : { ...of, name: size });
  return { name: recipe.name, studies: [{ recipe, seeds: paperSeeds, tuningSeeds: [] }] };
}

/** Sweeps that need no file; `study` is that of condition C1, `paper` the authors' program in parts. */
export const namedSweeps: Readonly<Record<string, Sweep>> = {
  smoke: alone(smokeRecipe),
  full: alone(fullRecipe),
  study: studySweep("C1", "113k"),
  paper: paperSweep("113k"),
  "three-targets": threeTargets,
};
