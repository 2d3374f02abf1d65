import { afterAll, describe, expect, it } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { checkRecipe } from "../../../src/experiment/checkRecipe.ts";
import { keysOf, studyData } from "../../../src/experiment/data.ts";
import { experiment } from "../../../src/experiment/experiment.ts";
import type { RowResult } from "../../../src/experiment/measurements.ts";
import type { PretrainedRecipe } from "../../../src/experiment/recipe.ts";
import { miniPriors, miniRecipe, miniTargets } from "../../../src/experiment/recipes/minis.ts";
import { miniNames } from "../../../src/tasks/study/minis.ts";
import { DataError } from "../../../src/tensor/errors.ts";

const engine: Engine = await createEngine({ backend: "reference" });
afterAll(() => engine.close());

describe("the recipes of the minis", () => {
  it("are recipes, as JSON too", () => {
    for (const target of miniNames) {
      const recipe = miniRecipe(target);
      expect(checkRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
    }
  });

  it("share one pre-training among the three targets", () => {
    const [first, ...others] = miniTargets.map((target) => miniRecipe(target)) as [
      PretrainedRecipe,
      ...PretrainedRecipe[],
    ];
    for (const { suite, model, pretraining } of others)
      expect({ suite, model, pretraining }).toEqual({
        suite: first.suite,
        model: first.model,
        pretraining: first.pretraining,
      });
  });

  it("keep what they are told to, but not the target itself", () => {
    expect(miniRecipe("mini-countdown").suite).toMatchObject({
      priors: miniPriors.filter((name) => name !== "mini-countdown"),
      targets: [...miniTargets, "mini-countdown"],
    });
    expect(miniRecipe("mini-medcalc", ["rev", "mini-igsm"]).suite).toMatchObject({
      priors: ["rev", "mini-igsm"],
      targets: ["mini-medcalc", "mini-ifeval"],
    });
  });

  it("fit the model's context, sign-off included", () => {
    for (const target of miniTargets) {
      const recipe = miniRecipe(target);
      const { training, skills } = studyData(recipe, keysOf(100));
      const lengths = [...training, ...Object.values(skills).flat()].map(
        ({ prompt, response }) => prompt.length + response.length,
      );
      expect(Math.max(...lengths)).toBeLessThanOrEqual(recipe.model.contextLength);
    }
  });

  it("name what is wrong with a suite", () => {
    const recipe = miniRecipe("mini-igsm");
    const check = (change: object) => checkRecipe({ ...recipe, ...change });
    const wrong = (suite: object) => check({ suite: { ...(recipe.suite as object), ...suite } });
    expect(() => wrong({ priors: ["chess"] })).toThrow(DataError);
    expect(() => wrong({ priors: ["chess"] })).toThrow("recipe.suite: expected skills");
    expect(() => wrong({ knobs: 3 })).toThrow("recipe.suite.knobs: expected an object, got 3");
    expect(() => wrong({ targets: "all" })).toThrow("recipe.suite.targets: expected a list");
    expect(() => check({ target: "med" })).toThrow(
      "recipe.target: expected one of mini-igsm, mini-medcalc, mini-ifeval",
    );
    expect(() => check({ suite: "tiny" })).toThrow("recipe.suite: expected one of full, smoke");
  });
});

describe("a mini's study", () => {
  const recipe = miniRecipe("mini-medcalc", ["rev", "mini-countdown"]);
  const tiny: PretrainedRecipe = {
    ...recipe,
    model: { ...recipe.model, layers: 1, heads: 1, width: 8, hidden: 8 },
    pretraining: { ...recipe.pretraining, steps: 12, batchSize: 4 },
    fineTuning: { ...recipe.fineTuning, examples: 8, batchSize: 4, epochs: 1 },
    evaluation: {
      ...{ targetPrompts: 6, promptsPerSkill: 5, every: 1 },
      ...{ divergenceTargetPrompts: 3, divergencePromptsPerSkill: 2 },
    },
    rows: recipe.rows.filter(({ id }) => ["base", "sft-3e-3", "merge-0.3"].includes(id)),
    headline: "merge-0.3",
  };

  it("runs, and measures every skill", async () => {
    const rows: RowResult[] = [];
    for await (const m of experiment(engine, tiny, { seeds: [100] }))
      if (m.kind === "row") rows.push(m);
    expect(rows.map(({ row }) => row)).toEqual(["base", "sft-3e-3", "merge-0.3"]);
    for (const { target, prior, signOff } of rows) {
      expect(Object.keys(prior)).toEqual(["rev", "mini-countdown"]);
      for (const share of [target, signOff, ...Object.values(prior)]) {
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
      }
    }
  });
});
