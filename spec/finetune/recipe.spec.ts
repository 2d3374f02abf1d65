import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readRecipeFile } from "../../src/finetune/grid/grid.ts";
import { adapterOf, completeRecipe } from "../../src/finetune/recipe.ts";
import type { RecipeOptions } from "../../src/finetune/settings.ts";

const least: RecipeOptions = { model: "m", data: "d.jsonl" };

describe("a recipe", () => {
  test("has the rates of the field by default, and says all of itself", () => {
    expect(completeRecipe(least)).toMatchObject({
      method: "anchored",
      lora: 16,
      learningRate: 2e-4,
    });
    const full = completeRecipe({ ...least, full: true });
    expect(full).toMatchObject({ full: true, learningRate: 2e-5 });
    expect(full.lora).toBe(undefined);
    expect(adapterOf(full)).toBe(undefined);
  });

  test("means the same when it is written and read", () => {
    const options = fc.record(
      {
        lora: fc.integer({ min: 1, max: 64 }),
        dora: fc.boolean(),
        maxSteps: fc.integer({ min: 1, max: 99 }),
        method: fc.constantFrom<"sft" | "anchored" | "merge">("sft", "anchored", "merge"),
        loraTargets: fc.constantFrom("q_proj", "q_proj,v_proj", "all-linear", ".*mlp.*"),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(options, fc.float({ min: 0, max: 1, noNaN: true }), (more, alpha) => {
        const weight = more.method === "sft" ? {} : { alpha };
        const recipe = completeRecipe({ ...least, ...more, ...weight });
        const text = JSON.stringify(recipe);
        expect(completeRecipe(readRecipeFile(text, "recipe.json").settings)).toEqual(recipe);
      }),
    );
  });

  test("names modules as PEFT does", () => {
    const of = (loraTargets: string) =>
      adapterOf(completeRecipe({ ...least, loraTargets }))?.targets;
    expect(of("q_proj, v_proj")).toEqual(["q_proj", "v_proj"]);
    expect(of("q_proj")).toEqual(["q_proj"]);
    expect(of("all-linear")).toBe("all-linear");
    expect(of(".*layers\\.0\\..*")).toBe(".*layers\\.0\\..*");
  });

  test.each<[string, string]>([
    ['{"model": "m", "rank": 3}', "run.json: expected settings among"],
    ['{"learning_rate": 1}', 'run.json: expected learningRate, got "learning_rate"'],
    ['{"replay-from": "base"}', 'run.json: expected replayFrom, got "replay-from"'],
    ['{"alpha": 2}', "run.json.alpha: expected a number from 0 to 1, got 2"],
    ['{"alpha": 0.5, "alpha": 0.5}', "run.json: expected a key once, got it twice at alpha"],
    [
      '{"rank": [1e400]}',
      "run.json: expected a number that is not too large for a double, got 1e400",
    ],
    ['{"method": "magic"}', "run.json.method: expected one of sft, dft"],
    // Engines compute in float32.
    [
      '{"learningRate": 1e-60}',
      "learningRate: expected a number above 0, got 1e-60, which is 0 in",
    ],
    ['{"loraAlpha": 1e300}', "loraAlpha: expected a number above 0, got 1e+300, which is Infinity"],
    [
      '{"weightDecay": 1e39}',
      "weightDecay: expected a number ≥ 0, got 1e+39, which is Infinity in",
    ],
    [
      '{"tau": 1e-300}',
      "run.json.tau: expected a number above 0, got 1e-300, which is 0 in float32",
    ],
    [
      '{"alpha": 1e-300}',
      "alpha: expected a number from 0 to 1, got 1e-300, which is 0 in float32",
    ],
    [
      '{"alphaRisk": 0.999999999}',
      "a number between 0 and 1, got 0.999999999, which is 1 in float32",
    ],
    ['{"labelSmoothing": 0.999999999}', "below 1, got 0.999999999, which is 1 in float32"],
    ["[]", "run.json: expected a JSON object, got []"],
    ['{"model": "m"', "run.json: expected JSON"],
  ])("refuses %s", (text, message) => {
    expect(() => readRecipeFile(text, "run.json")).toThrow(message);
  });

  test("refuses what contradicts itself", () => {
    const refused = (more: RecipeOptions, message: string) =>
      expect(() => completeRecipe({ ...least, ...more })).toThrow(message);
    refused({ full: true, lora: 8 }, "expected either full or lora, got both");
    refused({ full: true, dora: true }, "expected either full or dora, got both");
    refused({ maxSteps: 5, epochs: 2 }, "expected either maxSteps or epochs, got both");
    refused({ maxSteps: 5, inner: 2 }, "expected either maxSteps or inner, got both");
    refused({ maxSteps: 0 }, "recipe.maxSteps: expected a whole number ≥ 1, got 0");
    refused({ method: "sft", beta: 0.3 }, "recipe.beta: expected nothing with the method sft");
    refused({ method: "merge", temperature: 2 }, "recipe.temperature: expected nothing with");
    refused({ mergeKeep: 0.3 }, "recipe.mergeKeep: expected nothing with the method anchored");
    refused({ method: "replay" }, "recipe.retain: expected prior rows for the method replay");
    refused({ replayFrom: "answers" }, "expected prior rows for replayFrom answers, got nothing");
    refused({ method: "sft", replayFrom: "base" }, "expected another method than sft");
    refused({ method: "ewc" }, "recipe.retain: expected prior rows for the method ewc");
    refused(
      { method: "agem", retain: "r", sam: 0.05 },
      "recipe.sam: expected nothing with the method agem, which has a gradient of its own, got 0.05",
    );
    refused({ method: "merge", mergeKind: "ties" }, "expected full with ties, got an adapter");
    expect(completeRecipe({ ...least, replayFrom: "base" }).replayFrom).toBe("base");
    expect(() => completeRecipe({ data: "d" })).toThrow("recipe.model: expected a text");
  });
});
