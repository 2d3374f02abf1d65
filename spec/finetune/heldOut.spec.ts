import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import type { RecipeOptions } from "../../src/finetune/recipe.ts";
import type { LookEvent } from "../../src/finetune/train/events.ts";
import { linesIn, lookOf, told, written } from "./runs.ts";
import { jsonl, writeTinyModel } from "./tinyModel.ts";

let place: string;
let engine: Engine;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  engine = await createEngine({ backend: "wasm", threads: 1 });
  await writeTinyModel(join(place, "model"));
  const rows = (answer: string) =>
    ["a", "b", "the", "said", "girl"].map((prompt) => ({ prompt, completion: answer }));
  await writeFile(join(place, "data.jsonl"), jsonl(rows("yes!")));
  // The better the one answer is known, the less likely is the other.
  await writeFile(join(place, "other.jsonl"), jsonl(rows("there was")));
});
afterAll(async () => {
  await engine.close();
  await rm(place, { recursive: true });
});

let runs = 0;
const options = (more: RecipeOptions) => ({
  recipe: {
    ...{ model: "model", data: "data.jsonl", lora: 4, learningRate: 0.03, epochs: 6, batch: 2 },
    ...{ method: "sft", lookEvery: 2, newTokens: 4, checkpointEvery: 3, ...more },
  } satisfies RecipeOptions,
  ...{ out: join(place, `own${runs++}`, "run"), folder: place, engine },
});

const best: RecipeOptions = { eval: "other.jsonl", keep: "best" };
const looksOf = (lines: ReturnType<typeof linesIn>, stage: string): LookEvent[] =>
  lines.filter((line) => line.kind === "look" && line.stage === stage) as LookEvent[];

describe("the best step on held-out rows", () => {
  test("is what a stage leaves, and what is saved", async () => {
    const own = options(best);
    await told(own);
    const lines = linesIn(await written(own.out));
    const looks = looksOf(lines, "sft");
    const least = Math.min(...looks.map(({ logLoss }) => logLoss));
    const found = lines.find((line) => line.kind === "best");
    const last = lookOf(lines, "sft", "eval");
    expect(found).toEqual({
      kind: "best",
      stage: "sft",
      step: last.step,
      steps: 18,
      logLoss: least,
    });
    expect(last.logLoss).toBe(least);
    expect(last.step).toBeLessThan(18);
    expect(looks.some(({ step, logLoss }) => step === 18 && logLoss > least)).toBe(true);
  });

  test("ends a stage early where none better comes, for the method too", async () => {
    const own = options({
      ...best,
      patience: 2,
      method: "anchored",
      outer: 2,
      inner: 4,
      alpha: 0.9,
    });
    await told(own);
    const lines = linesIn(await written(own.out));
    const [sft, anchored] = ["sft", "anchored"].map((stage) =>
      lines.filter((line) => line.kind === "best" && line.stage === stage),
    );
    expect(sft).toMatchObject([{ step: expect.any(Number) }]);
    const [{ step, steps } = { step: 0, steps: 0 }] = sft as { step: number; steps: number }[];
    expect(steps).toBe(step + 2 * 2);
    expect(lines.filter((line) => line.kind === "step" && line.stage === "sft")).toHaveLength(
      steps,
    );
    expect(anchored).toHaveLength(1);
    // Among the ends of the outer steps, which are certified.
    const student = lookOf(lines, "anchored", "eval");
    const ends = looksOf(lines, "anchored").filter(({ step }) => step === 12 || step === 24);
    expect([12, 24]).toContain(student.step);
    expect(student.logLoss).toBe(Math.min(...ends.map(({ logLoss }) => logLoss)));
  });

  test("is the same to the bit from wherever a run was lost", async () => {
    const more: RecipeOptions = {
      ...{ ...best, patience: 3, method: "anchored", checkpointEvery: 2 },
      ...{ outer: 3, inner: 1, alpha: 0.9 },
    };
    const whole = options(more);
    const all = await told(whole);
    for (const share of [0.3, 0.6, 0.9]) {
      const own = options(more);
      let seen = 0;
      await told(own, () => ++seen > share * all.length);
      expect((await told(own)).some(({ kind }) => kind === "resumed")).toBe(true);
      expect(await written(own.out)).toEqual(await written(whole.out));
    }
  });

  test("of SFT is kept for other runs that choose alike, and for no others", async () => {
    const first = options(best);
    await told(first);
    const beside = (name: string, more: RecipeOptions) => ({
      ...options({ ...best, method: "merge", alpha: 0.5, ...more }),
      out: join(first.out, "..", name),
    });
    const reused = async (run: ReturnType<typeof beside>) =>
      (await told(run)).some(({ kind }) => kind === "reused");
    const alike = beside("alike", {});
    expect(await reused(alike)).toBe(true);
    const at = async (out: string) => lookOf(linesIn(await written(out)), "sft", "eval");
    expect(await at(alike.out)).toEqual(await at(first.out));
    expect(await reused(beside("last", { keep: "last" }))).toBe(false);
    expect(await reused(beside("rows", { eval: "data.jsonl" }))).toBe(false);
  });
});

describe("a share of the data", () => {
  test("is held out by the seed, and not learnt", async () => {
    const planned = async (seed: number) => {
      const events = await told({
        ...options({ evalShare: 0.3, seed, method: "asft" }),
        dryRun: true,
      });
      const plan = events.find(({ kind }) => kind === "plan");
      return plan?.kind === "plan" ? plan : undefined;
    };
    expect(await planned(0)).toMatchObject({
      ...{ rows: 3, examples: 3, evalIsData: false },
      notes: expect.arrayContaining(["held out of the data, and only looked at: 2 rows"]),
    });
    const prompts = async (seed: number) => {
      const own = options({ evalShare: 0.3, seed, epochs: 1, samples: 5 });
      await told(own);
      return linesIn(await written(own.out)).flatMap((line) =>
        line.kind === "sample" && line.stage === "base" ? [line.prompt] : [],
      );
    };
    const [some, again, others] = [await prompts(0), await prompts(0), await prompts(3)];
    expect(some).toHaveLength(2);
    expect(again).toEqual(some);
    expect(others).not.toEqual(some);
  });

  test.each<[RecipeOptions, string]>([
    [
      { evalShare: 0.5, eval: "other.jsonl" },
      "recipe: expected either eval or evalShare, got both",
    ],
    [{ keep: "best" }, "recipe.keep: expected held-out rows to choose by"],
    [{ patience: 2 }, "recipe.keep: expected best beside patience, got last"],
    [
      { ...best, method: "anchored", retain: "other.jsonl", alphaRisk: 0.1 },
      "recipe.keep: expected last with alphaRisk",
    ],
    [
      { ...best, lookEvery: 0 },
      "recipe.lookEvery: expected some looks to choose the best of, got 0",
    ],
    [{ evalShare: 0.9 }, "data.jsonl: expected rows to learn beside 5 held out, got none"],
  ])("refuses %j", async (more, message) => {
    await expect(told(options(more))).rejects.toThrow(message);
  });
});
