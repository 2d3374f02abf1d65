/** Methods on a checkpoint, each for a few steps. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import type { RecipeOptions } from "../../src/finetune/recipe.ts";
import { linesIn, lookOf, told, written } from "./runs.ts";
import { jsonl, writeTinyModel } from "./tinyModel.ts";

let place: string;
let engine: Engine;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  engine = await createEngine({ backend: "wasm", threads: 1 });
  await writeTinyModel(join(place, "model"));
  const file = (name: string, rows: readonly object[]) => writeFile(join(place, name), jsonl(rows));
  const answers = (answer: (word: string) => string) =>
    ["a", "b", "the", "said"].map((word) => ({
      messages: [
        { role: "user", content: word },
        { role: "assistant", content: answer(word) },
      ],
    }));
  await file(
    "data.jsonl",
    answers(() => "yes!"),
  );
  await file(
    "numbers.jsonl",
    answers((word) => `${word.length}`),
  );
  await file(
    "retain.jsonl",
    answers(() => "no"),
  );
});
afterAll(async () => {
  await engine.close();
  await rm(place, { recursive: true });
});

let runs = 0;
const run = async (more: RecipeOptions) => {
  const recipe = {
    ...{ model: "model", data: "data.jsonl", retain: "retain.jsonl", learningRate: 0.03 },
    ...{ epochs: 2, outer: 1, inner: 2, batch: 4, newTokens: 1, samples: 0, checkpointEvery: 100 },
    ...{ certified: 2, ...(more.full ? {} : { lora: 2 }), ...more },
  } satisfies RecipeOptions;
  const out = join(place, `own${runs++}`, "run");
  const events = await told({ recipe, out, folder: place, engine });
  return { events, out, lines: linesIn(await written(out)) };
};

describe("finetune --method", () => {
  test.each<RecipeOptions>([
    ...([{ method: "eaft" }, { method: "flow" }, { method: "iwSft" }] as const),
    { method: "stm", threshold: 0 },
    { method: "psft", microBatch: 2, clipRatio: 1 },
    { method: "ewc", full: true },
    { method: "ewc", beta: 0.1 },
    { method: "agem", packing: "none" },
    { method: "onPolicyFresh", lambda: 0.5, epochs: 2 },
    { method: "anchored", replayFrom: "answers", replayShare: 0.5 },
    { method: "anchored", outer: 2, inner: 2, restart: "outer", weights: "bf16" },
    { method: "sft", sam: 0.05, updateShare: 0.5 },
    { method: "replay", replayFrom: "base", replayShare: 0.25, epochs: 8 },
    { method: "merge", full: true, mergeKind: "ties", alpha: 0.9 },
    { method: "merge", full: true, mergeKind: "dare", mergeDrop: 0.2, alpha: 0.5 },
  ])("%j", async (more) => {
    const { lines } = await run(more);
    const { logLoss } = lookOf(lines, more.method ?? "", "eval");
    expect(logLoss).toBeLessThan(lookOf(lines, "base", "eval").logLoss);
  });

  test("trains on the base's own right answers, which a final number tells", async () => {
    const { out } = await run({ method: "sft", selfAnswers: 2, data: "numbers.jsonl" });
    expect(await readdir(out)).toContain("adapter");
    await expect(run({ method: "sft", selfAnswers: 2 })).rejects.toThrow(
      "data.jsonl: expected answers with a final number, by which selfAnswers are told",
    );
  });
});
