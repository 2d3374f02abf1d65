import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { completeRecipe, type RecipeOptions } from "../../src/finetune/recipe.ts";
import { reportOf } from "../../src/finetune/report/page.ts";
import type { RetentionEvent } from "../../src/finetune/train/events.ts";
import type { FinetuneOptions } from "../../src/finetune/train/prepare.ts";
import { splitRetained } from "../../src/finetune/train/retained.ts";
import { certificatesIn, linesIn, told, written } from "./runs.ts";
import { jsonl, writeTinyModel } from "./tinyModel.ts";

const risk = { risk: 0.5, confidence: 0.8 }; // 3 prompts each
const prompts = fc.array(fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }), { maxLength: 40 });

describe("splitRetained", () => {
  test("makes halves that share no prompt, of all that fit, the same for the same seed", () => {
    fc.assert(
      fc.property(prompts, fc.nat(1000), fc.integer({ min: 1, max: 6 }), (given, seed, room) => {
        const items = given.map((prompt, i) => ({ prompt, response: [i] }));
        const split = () => splitRetained(items, { seed, risk, room, path: "prior.jsonl" });
        const fitting = new Set(
          given.filter(({ length }) => length <= room).map((prompt) => `${prompt}`),
        );
        if (fitting.size < 6) {
          expect(split).toThrow(
            `prior.jsonl: expected at least 6 rows with prompts of their own, 3 to plan by and 3 to audit, for a risk of 0.5 with confidence 0.8, got ${fitting.size}`,
          );
          return;
        }
        const { plan, audit, repeated, tooLong } = split();
        expect(plan.length + audit.length).toBe(fitting.size); // so no prompt is in both
        expect(new Set([...plan, ...audit].map(({ prompt }) => `${prompt}`))).toEqual(fitting);
        expect(plan.length - audit.length).toBe(fitting.size % 2);
        expect(plan.length + audit.length + repeated + tooLong).toBe(given.length);
        expect(split()).toEqual({ plan, audit, repeated, tooLong });
        // Of rows with one prompt the first stays.
        for (const { prompt, response } of [...plan, ...audit])
          expect(given.findIndex((one) => `${one}` === `${prompt}`)).toBe(response[0]);
      }),
    );
  });

  test("depends on the seed", () => {
    const items = Array.from({ length: 20 }, (_, i) => ({ prompt: [i], response: [0] }));
    const plans = [1, 2, 3].map(
      (seed) =>
        `${splitRetained(items, { seed, risk, room: 9, path: "" }).plan.map((x) => x.prompt)}`,
    );
    expect(new Set(plans).size).toBe(3);
  });
});

describe("a recipe's risk", () => {
  const own = { model: "m", data: "d", retain: "r", alphaRisk: 0.05 };
  test.each<readonly [RecipeOptions, string]>([
    [{ alpha: 0.2 }, "expected either alpha or alphaRisk, got both"],
    [{ method: "asft" }, "recipe.alphaRisk: expected the method anchored or onPolicy, got asft"],
    [{ method: "anchoredWeights" }, "got anchoredWeights"],
    [{ certified: 0 }, "recipe.certified: expected some examples for alphaRisk, got 0"],
    [{ alphaRisk: 0 }, "recipe.alphaRisk: expected a number between 0 and 1, got 0"],
    [{ alphaConfidence: 1 }, "recipe.alphaConfidence: expected a number between 0 and 1, got 1"],
  ])("is refused with %j", (more, message) => {
    expect(() => completeRecipe({ ...own, ...more })).toThrow(message);
  });

  test("needs rows to keep, and a confidence needs a risk", () => {
    const { retain: _, ...without } = own;
    expect(() => completeRecipe(without)).toThrow("recipe.retain: expected rows to keep");
    expect(() => completeRecipe({ model: "m", data: "d", alphaConfidence: 0.9 })).toThrow(
      "expected a risk beside alphaConfidence",
    );
  });
});

describe("a run with a risk", () => {
  let place: string;
  let engine: Engine;
  const words = ["Once upon", "a time there", "was a girl", "who said", "and then the", "it was a"];
  const retain = [...words, ...words.map((word) => `${word} ${word}`)].map((text) => ({ text }));
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
    engine = await createEngine({ backend: "wasm", threads: 1 });
    await writeTinyModel(join(place, "model"));
    const rows = ["a", "b", "the", "said"].map((prompt) => ({ prompt, completion: "yes!" }));
    await writeFile(join(place, "data.jsonl"), jsonl(rows));
    await writeFile(join(place, "retain.jsonl"), jsonl([...retain, ...retain.slice(0, 2)]));
  });
  afterAll(async () => {
    await engine.close();
    await rm(place, { recursive: true });
  });
  const recipe: RecipeOptions = {
    ...{ model: "model", data: "data.jsonl", retain: "retain.jsonl", alphaRisk: 0.5 },
    ...{ alphaConfidence: 0.8, lora: 4, learningRate: 0.03, epochs: 6, outer: 2, inner: 3 },
    ...{ batch: 3, newTokens: 5, checkpointEvery: 3, samples: 0 },
  };
  const options = (name: string, more: RecipeOptions = {}): FinetuneOptions => ({
    ...{ recipe: { ...recipe, ...more }, out: join(place, name, "run"), folder: place, engine },
  });

  test("plans by one half, audits the other, tells both, and goes on to the same bytes", async () => {
    const whole = options("whole");
    const [plan] = await told(whole);
    expect(plan).toMatchObject({
      notes: expect.arrayContaining([
        expect.stringMatching(
          /^of the retained prompts 6 plan .* and 6 others.*share none; left out: 2 with a prompt that stood before/,
        ),
      ]),
    });
    const files = await written(whole.out);
    const lines = linesIn(files);
    const planned = lines.find((line): line is RetentionEvent => line.kind === "retention");
    expect(planned).toMatchObject({ risk: 0.5, confidence: 0.8, allowed: 1, audited: 6 });
    const certificates = certificatesIn(lines);
    expect(certificates.map(({ alpha }) => alpha)).toEqual([planned?.alpha, planned?.alpha]);
    expect(certificates.map(({ retention }) => retention?.prompts)).toEqual([6, 6]);
    // Looks see the planning half alone.
    const report = reportOf({
      recipe: files["recipe.json"] ?? "",
      metrics: files["metrics.jsonl"],
    });
    expect(report).toContain("Retained answers: planned, and audited");
    expect(report).toContain("The student is audited on 6 other prompts");

    const cut = options("cut");
    await told(
      cut,
      (event) => event.kind === "step" && event.stage === "anchored" && event.step === 2,
    );
    await told(
      cut,
      (event) => event.kind === "step" && event.stage === "anchored" && event.step === 5,
    );
    await told(cut);
    const again = await written(cut.out);
    expect(again["metrics.jsonl"]).toBe(files["metrics.jsonl"]);
    expect(again["adapter/adapter_model.safetensors"]).toBe(
      files["adapter/adapter_model.safetensors"],
    );
  });

  test("is refused before it trains where there are too few prompts", async () => {
    await expect(told(options("few", { alphaRisk: 0.05 }))).rejects.toThrow(
      "retain.jsonl: expected at least 64 rows with prompts of their own, 32 to plan by and 32 to audit, for a risk of 0.05 with confidence 0.8, got 12",
    );
  });
});
