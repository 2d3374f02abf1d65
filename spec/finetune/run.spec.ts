import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { loadModel } from "../../src/finetune/load.ts";
import type { RecipeOptions } from "../../src/finetune/recipe.ts";
import type { FinetuneEvent } from "../../src/finetune/train/events.ts";
import { type FinetuneOptions, prepare } from "../../src/finetune/train/prepare.ts";
import { workOf } from "../../src/finetune/train/work.ts";
import { certificatesIn, linesIn, lookOf, told, written } from "./runs.ts";
import { jsonl, writeTinyModel } from "./tinyModel.ts";

let place: string;
let engine: Engine;
let recipe: RecipeOptions;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  engine = await createEngine({ backend: "wasm", threads: 1 });
  await writeTinyModel(join(place, "model"));
  const file = (name: string, rows: readonly object[]) => writeFile(join(place, name), jsonl(rows));
  await file(
    "data.jsonl",
    ["a", "b", "the", "said"].map((word) => ({
      messages: [
        { role: "user", content: word },
        { role: "assistant", content: "yes!" },
      ],
    })),
  );
  await file("retain.jsonl", [{ text: "Once upon a time" }, { text: "there was a girl" }]);
  recipe = {
    ...{ model: "model", data: "data.jsonl", retain: "retain.jsonl", retainAnswers: "base" },
    ...{ lora: 4, learningRate: 0.03, epochs: 20, outer: 2, inner: 6, batch: 3, newTokens: 6 },
    ...{ checkpointEvery: 5, alpha: 0.5 },
  };
});
afterAll(async () => {
  await engine.close();
  await rm(place, { recursive: true });
});

let runs = 0;
/** A run in a folder whose siblings share no SFT with others; of a weight, where its method has one. */
const options = (more: RecipeOptions = {}, out = join(place, `own${runs++}`, "run")) => {
  const { alpha, ...unweighted } = recipe;
  const isWeighted = /^anchored|^onPolicy|^merge/.test(more.method ?? "anchored");
  const own = { ...unweighted, ...(isWeighted && { alpha }), ...more };
  return { recipe: own, out, folder: place, engine } satisfies FinetuneOptions;
};

const kinds = (events: readonly FinetuneEvent[]) => new Set(events.map(({ kind }) => kind));

describe("runFinetune", () => {
  test("learns the task, forgets less than SFT, and writes what others open", async () => {
    const own = options();
    const events = await told(own);
    expect(kinds(events)).toEqual(
      new Set([
        "plan",
        "estimate",
        "look",
        "sample",
        "step",
        "checkpoint",
        "certificate",
        "saved",
        "end",
      ]).add("finished"),
    );
    const files = await written(own.out);
    expect(Object.keys(files).sort()).toEqual([
      ...["adapter/adapter_config.json", "adapter/adapter_model.safetensors"],
      ...["adapter/anchorgrad.json", "inputs.json", "metrics.jsonl", "recipe.json"],
      "standing.json",
    ]);
    const lines = linesIn(files);
    const learnt = (stage: string) => lookOf(lines, stage, "eval");
    const kept = (stage: string) => lookOf(lines, stage, "retain").kl;
    expect(lookOf(lines, "base", "retain")).toMatchObject({ kl: 0, changed: 0 });
    expect(learnt("sft").logLoss).toBeLessThan(learnt("base").logLoss / 10);
    expect(learnt("anchored").logLoss).toBeLessThan(learnt("base").logLoss / 2);
    expect(kept("anchored")).toBeLessThan(kept("sft"));
    expect(certificatesIn(lines).map(({ outer, targets }) => [outer, targets])).toEqual([
      [0, "hidden"],
      [1, "hidden"],
    ]);
    // What was saved says the same as what was looked at.
    const adapter = await loadModel(join(place, "model"), { adapter: join(own.out, "adapter") });
    expect(adapter.adapter?.rank).toBe(4);

    expect(kinds(await told(own))).toEqual(new Set(["finished"]));
    await expect(told({ ...own, recipe: { ...own.recipe, alpha: 0.25 } })).rejects.toThrow(
      "expected the recipe of the run that is there, got another alpha: 0.25 instead of 0.5",
    );
  });

  test("goes on to the same bits from wherever it was lost", async () => {
    const whole = options();
    const all = await told(whole);
    const wanted = await written(whole.out);
    const at = (share: number) => Math.floor(all.length * share);
    for (const stop of [1, at(0.2), at(0.45), at(0.7), at(0.95)]) {
      const own = options();
      let seen = 0;
      await told(own, () => ++seen > stop);
      const again = await told(own);
      expect(again.some(({ kind }) => kind === "resumed")).toBe(stop > 12);
      expect(await written(own.out)).toEqual(wanted);
    }
  });

  test("stops with a checkpoint when it is told to, as often as one likes", async () => {
    const whole = options();
    await told(whole);
    const own = options();
    for (let finished = false; !finished; ) {
      const stop = new AbortController();
      let steps = 0;
      const events = await told({ ...own, signal: stop.signal }, ({ kind }) => {
        if (kind === "step" && ++steps === 13) stop.abort();
        return false;
      });
      finished = events.at(-1)?.kind === "finished";
      if (!finished) expect(events.at(-1)?.kind).toBe("interrupted");
      if (!finished)
        expect((await readdir(join(own.out, "checkpoints"))).length).toBeLessThanOrEqual(2);
    }
    expect(await written(own.out)).toEqual(await written(whole.out));
  });

  test("reuses SFT of the same model, data and settings", async () => {
    const first = options();
    await told(first);
    const second = options({ alpha: 0.25 }, join(first.out, "..", "second"));
    const events = await told(second);
    expect(events.find(({ kind }) => kind === "reused")).toBeDefined();
    const [a, b] = [linesIn(await written(first.out)), linesIn(await written(second.out))];
    expect(lookOf(b, "sft", "eval")).toEqual(lookOf(a, "sft", "eval"));
    const other = options({ epochs: 2 }, join(first.out, "..", "third"));
    expect((await told(other)).some(({ kind }) => kind === "reused")).toBe(false);
  });

  test.each<RecipeOptions>([
    { method: "sft", full: true, lora: undefined as never },
    { method: "merge" },
    { method: "merge", full: true, lora: undefined as never },
    { method: "replay", epochs: 3, packing: "rows" },
    { method: "l2sp", epochs: 3 },
    { method: "anchoredWeights", inner: 1 },
    { method: "onPolicy", inner: 1, outer: 1 },
    { method: "jsd", epochs: 3 },
    { method: "asft", epochs: 3, microBatch: 2 },
    { method: "anchored", dora: true, outer: 1, inner: 2 },
  ])("has every method: %j", async (more) => {
    const own = options({ ...more, epochs: more.epochs ?? 4 });
    const { lora, ...rest } = own.recipe;
    await told({ ...own, recipe: more.full ? rest : { ...rest, ...(lora && { lora }) } });
    const files = await written(own.out);
    const { logLoss } = lookOf(linesIn(files), more.method ?? "", "eval");
    expect(logLoss).toBeLessThan(lookOf(linesIn(files), "base", "eval").logLoss);
    expect(
      Object.keys(files).some((name) => name.startsWith(more.full ? "model/" : "adapter/")),
    ).toBe(true);
  });

  test("refuses what cannot be done, before anything is written", async () => {
    const refused = async (more: RecipeOptions, message: string, rest = {}) => {
      const own = options(more);
      await expect(told({ ...own, ...rest })).rejects.toThrow(message);
      await expect(readdir(own.out)).rejects.toThrow("ENOENT");
    };
    await refused({ data: "none.jsonl" }, "none.jsonl: expected a file to read, got no such file");
    await refused({ model: "nowhere" }, "expected a folder with a model, got no such folder");
    await refused({ dora: true, method: "l2sp" }, "expected adapters without dora");
    await refused({}, "expected a run that fits into 1.0 KiB, got one of", { memory: 1024 });
    await refused({ maxLength: 3 }, "expected rows with something to learn among 3 tokens");
  });

  describe("of so many steps", () => {
    /** Of three epochs, of which each has two steps, where nothing is counted. */
    const counted = (maxSteps?: number) => {
      const { recipe, ...own } = options({ checkpointEvery: 1 });
      const { epochs: _, inner: __, ...rest } = recipe;
      const spans = maxSteps === undefined ? { epochs: 3, inner: 3 } : { maxSteps };
      return { ...own, recipe: { ...rest, ...spans } };
    };

    test("ends stages and outer steps after them, wherever it was lost", async () => {
      const whole = counted(3);
      const all = await told(whole);
      expect(all.find(({ kind }) => kind === "plan")).toMatchObject({ steps: 9 });
      const wanted = await written(whole.out);
      const lines = linesIn(wanted);
      const stepsIn = (stage: string) =>
        lines.flatMap((m) => (m.kind === "step" && m.stage === stage ? [[m.step, m.steps]] : []));
      expect(stepsIn("sft")).toEqual([1, 2, 3].map((step) => [step, 3]));
      expect(stepsIn("anchored")).toEqual([1, 2, 3, 4, 5, 6].map((step) => [step, 6]));
      expect(certificatesIn(lines).length).toBe(2);
      // A look every step, as an eighth of a stage is less than one.
      const looked = new Set(
        lines.flatMap((m) => (m.kind === "look" && m.stage === "anchored" ? [m.step] : [])),
      );
      expect([...looked]).toEqual([1, 2, 3, 4, 5, 6]);
      for (const share of [0.3, 0.8]) {
        const own = counted(3);
        let seen = 0;
        await told(own, () => ++seen > all.length * share);
        await told(own);
        expect(await written(own.out)).toEqual(wanted);
      }
    });

    test.each([
      [0.1, 1],
      [0.5, 1],
      [1.25, 3],
      [2, 4],
    ])("of which %f epochs have %i", async (epochs, steps) => {
      for (const method of ["sft", "dft"] as const) {
        const [plan] = await told({ ...options({ method, epochs }), dryRun: true });
        expect(plan).toMatchObject({ kind: "plan", steps });
      }
    });

    test("is as much work as of the epochs that they make", async () => {
      const [steps, epochs, fewer] = await Promise.all(
        [6, undefined, 3].map(async (n) => workOf(await prepare(counted(n)))),
      );
      expect(steps).toEqual(epochs);
      expect(fewer?.trained).toBe((epochs?.trained ?? NaN) / 2);
    });
  });

  test("only says what it would do when that is asked for", async () => {
    const own = options();
    const events = await told({ ...own, dryRun: true });
    expect(events).toMatchObject([
      { kind: "plan", rows: 4, examples: 4, steps: 64 },
      { kind: "estimate" },
    ]);
    await expect(readdir(own.out)).rejects.toThrow("ENOENT");
  });
});
