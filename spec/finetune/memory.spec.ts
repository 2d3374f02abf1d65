import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { RecipeOptions } from "../../src/finetune/recipe.ts";
import type { FinetuneEvent } from "../../src/finetune/train/events.ts";
import { told, written } from "./runs.ts";
import { jsonl, writeTinyModel } from "./tinyModel.ts";

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  await writeTinyModel(join(place, "model"), { layers: 6, width: 64 });
  const word = "once upon a time there was a girl ";
  const rows = Array.from({ length: 16 }, () => ({ prompt: word, completion: "yes" }));
  await writeFile(join(place, "data.jsonl"), jsonl(rows));
});
afterAll(() => rm(place, { recursive: true }));

let runs = 0;
const recipe: RecipeOptions = {
  ...{ model: "model", data: "data.jsonl", lora: 2, batch: 16, epochs: 1, samples: 0 },
  ...{ method: "sft", lookRows: 1 },
};

/** A run on an engine of its own: what it said, wrote and took. */
async function ran(more: RecipeOptions, rest: { memory?: number; dryRun?: boolean } = {}) {
  await using engine = await createEngine({ backend: "wasm", threads: 1 });
  const out = join(place, `own${runs++}`, "run");
  const events = await told({
    recipe: { ...recipe, ...more },
    out,
    folder: place,
    engine,
    ...rest,
  });
  const plan = events.find(
    (event): event is FinetuneEvent & { kind: "plan" } => event.kind === "plan",
  );
  if (!plan) throw new Error("expected a plan, got none");
  return { plan, out, peakBytes: engine.memory().peakBytes };
}

const weights = async (out: string) =>
  Object.entries(await written(out)).filter(([name]) => name.endsWith(".safetensors"));

describe("the memory of a fine-tune", () => {
  test.each<RecipeOptions>([
    {},
    { microBatch: 2 },
    { full: true, lora: undefined as never },
    { method: "anchored", outer: 1, inner: 2 },
    { gradientCheckpointing: "block" },
  ])("is what the plan tells, within a quarter: %j", async (more) => {
    const { plan, peakBytes } = await ran(more);
    expect(plan.memoryBytes / peakBytes).toBeGreaterThan(0.8);
    expect(plan.memoryBytes / peakBytes).toBeLessThan(1.25);
  });

  test("is kept within bounds by computing blocks again, to the same bits", async () => {
    const free = await ran({});
    expect(free.plan.gradientCheckpointing).toBeUndefined();
    const bound = free.plan.memoryBytes - 1;
    const tight = await ran({}, { memory: bound });
    expect(tight.plan.gradientCheckpointing).toBe(true);
    expect(tight.plan.memoryBytes).toBeLessThan(0.8 * bound);
    expect(tight.peakBytes).toBeLessThan(0.85 * free.peakBytes);
    expect(await weights(tight.out)).toEqual(await weights(free.out));
    await expect(ran({ gradientCheckpointing: "none" }, { memory: bound })).rejects.toThrow(
      /try --gradient-checkpointing block, or a smaller --micro-batch/,
    );
  });

  test("is refused where it is too much, before the weights are read", async () => {
    const { plan } = await ran({ gradientCheckpointing: "block" }, { dryRun: true });
    const memory = plan.memoryBytes - 1;
    // Weights that cannot be read are not missed.
    await writeTinyModel(join(place, "broken"), { layers: 6, width: 64 });
    const file = join(place, "broken", "model.safetensors");
    const whole = await readFile(file);
    await writeFile(file, whole.fill(255, whole.length - 40_000));
    await expect(ran({ model: "broken" }, { memory })).rejects.toThrow(
      /^finetune: expected a run that fits into [\d.]+ [KM]iB, got one of [\d.]+ [KM]iB: the model [\d.]+ [KM]iB, what is trained [\d.]+ KiB, a step [\d.]+ [KM]iB for 16 × \d+ tokens, blocks computed again; try a smaller/,
    );
  });
});
