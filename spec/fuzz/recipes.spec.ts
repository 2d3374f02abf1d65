import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { studyBaseOf } from "../../src/experiment/checkpoint/studyBase.ts";
import { checkRecipe } from "../../src/experiment/checkRecipe.ts";
import { checkpointStudy } from "../../src/experiment/recipes/checkpoint.ts";
import { namedRecipes } from "../../src/experiment/sweep/named.ts";
import { readSweep } from "../../src/experiment/sweep/recipeFile.ts";
import { readRecipeFile } from "../../src/finetune/grid/grid.ts";
import { loadModel } from "../../src/finetune/load.ts";
import { completeRecipe } from "../../src/finetune/recipe.ts";
import { tinyBase } from "../experiment/checkpoint/tinyBase.ts";
import { testEngine } from "../testEngine.ts";
import { attack, mutants, mutateJson, mutateText } from "./mutants.ts";

const engine = await testEngine({ backend: "wasm", threads: 1 });

describe("recipes of finetune", () => {
  const valid = JSON.stringify(
    {
      ...{ model: "org/name", data: "mine.jsonl", retain: "prior.jsonl", method: "anchored" },
      ...{ alpha: 0.25, outer: 2, inner: 5, lora: 16, loraTargets: "q_proj", batch: 8 },
      ...{ learningRate: 2e-4, warmup: 0.05, decay: "cosine", clip: 1, seed: 3, packing: "rows" },
    },
    undefined,
    2,
  );

  test("with other values are refused, or complete, and then the same again", async () => {
    expect(completeRecipe(readRecipeFile(valid, "run.json").settings)).toMatchObject({
      alpha: 0.25,
    });
    const { fault } = await attack(
      mutants(3000),
      (roll) =>
        roll(2) === 0
          ? mutateText(valid, roll)
          : (JSON.stringify(mutateJson(JSON.parse(valid), roll)) ?? ""),
      (text) => {
        const complete = completeRecipe(readRecipeFile(text, "run.json").settings, "run.json");
        const again = completeRecipe(
          readRecipeFile(JSON.stringify(complete), "again.json").settings,
        );
        return JSON.stringify(again) === JSON.stringify(complete);
      },
    );
    expect(fault).toBeUndefined();
  });
});

describe("recipes of a checkpoint", () => {
  test("with other values are refused, or read the same again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fuzz-base-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const base = await studyBaseOf(await loadModel(await tinyBase(engine, folder)));
    const valid = checkpointStudy(base, "C2a");
    expect(checkRecipe(valid)).toEqual(valid);
    const { fault } = await attack(
      mutants(1000),
      (roll) => mutateJson(valid, roll),
      (json) => {
        const again: unknown = JSON.parse(JSON.stringify(checkRecipe(json)));
        return JSON.stringify(checkRecipe(again)) === JSON.stringify(again);
      },
    );
    expect(fault).toBeUndefined();
  });
});

describe("sweep files", () => {
  const valid = {
    studies: [
      {
        ...{ name: "one", extends: "smoke", seeds: 2, tuningSeeds: [100, 7] },
        ...{ pretraining: { steps: 60 }, fineTuning: { signOff: 0 } },
        grid: [
          { method: "anchored", alpha: [0.1, { budget: 0.02 }], outer: [1, 2], inner: 5 },
          { method: "sft", label: "Slow", learningRate: [1e-3], family: "tuned" },
        ],
      },
      { name: "two", extends: "smoke", seeds: [0, 4] },
    ],
  };

  test("with other values are refused, or have rows and seeds", async () => {
    expect(readSweep(valid, "a.json", "a", namedRecipes).studies).toHaveLength(2);
    const { fault } = await attack(
      mutants(3000),
      (roll) => mutateJson(valid, roll),
      (json) => {
        const { studies } = readSweep(json, "a.json", "a", namedRecipes);
        return studies.every(({ recipe, seeds, tuningSeeds }) => {
          const ids = recipe.rows.map(({ id }) => id);
          const all = [...seeds, ...tuningSeeds];
          const isWhole = all.length > 0 && all.every(Number.isSafeInteger);
          return isWhole && ids.length > 0 && new Set(ids).size === ids.length;
        });
      },
    );
    expect(fault).toBeUndefined();
  });

  test("a grid of too many rows is refused before they are made", () => {
    const many = Array.from({ length: 100 }, (_, i) => i / 100);
    const grid = [{ method: "anchored", alpha: many, temperature: many, learningRate: many }];
    const read = () => readSweep({ extends: "smoke", grid }, "a.json", "a", namedRecipes);
    expect(read).toThrow("expected at most 10000 rows");
  });
});
