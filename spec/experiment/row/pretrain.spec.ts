import { afterAll, describe, expect, it } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { type PretrainingStep, pretrain } from "../../../src/experiment/row/pretrain.ts";
import type { Params } from "../../../src/nn/config.ts";
import { transformer } from "../../../src/nn/transformer.ts";
import { studyVocabulary } from "../../../src/tasks/study/vocabulary.ts";
import { key } from "../../../src/tensor/random.ts";
import { type Checkpoints, checkpointsInMemory } from "../../../src/weights/store.ts";
import { tinyRecipe } from "../tiny.ts";

const engine: Engine = await createEngine({ backend: "wasm", threads: 1 });
afterAll(() => engine.close());

const model = transformer({
  ...tinyRecipe.model,
  width: 4,
  vocabSize: studyVocabulary.symbols.length,
  previousTokenEmbedding: true,
});
// Longer than the steps between two checkpoints.
const pretraining = { ...tinyRecipe.pretraining, steps: 540, batchSize: 2 };
const recipe = { ...tinyRecipe, pretraining };

async function run(
  cache: Checkpoints,
  stopAt = Infinity,
): Promise<{ steps: PretrainingStep[]; params?: Params }> {
  const options = { model, recipe, key: key(3), cache, name: "study" };
  const training = pretrain(engine, options);
  const steps: PretrainingStep[] = [];
  for (;;) {
    const next = await training.next();
    if (next.done) return { steps, params: next.value };
    steps.push(next.value);
    if (next.value.step >= stopAt) {
      await training.return(undefined as never);
      return { steps };
    }
  }
}

describe("pretrain", () => {
  it("goes on from its last checkpoint, with the same numbers to the bit", async () => {
    const whole = await run(checkpointsInMemory());
    const cache = checkpointsInMemory();
    const first = await run(cache, 520);
    const second = await run(cache);
    expect(first.steps).toEqual(whole.steps.slice(0, 26));
    expect(second.steps).toEqual(whole.steps);
    const numbers = (params: Params | undefined): unknown =>
      Object.entries(params ?? {}).map(([name, { data }]) => [name, data]);
    expect(numbers(second.params)).toEqual(numbers(whole.params));
  });

  it("tells of the steps that were made before, and makes none of them again", async () => {
    const cache = checkpointsInMemory();
    const made = await run(cache);
    const save = () => Promise.reject(new Error("expected no training"));
    expect((await run({ ...cache, save })).steps).toEqual(made.steps);
  });

  it("keeps what is finished and removes what is not", async () => {
    const cache = checkpointsInMemory();
    await run(cache, 520);
    expect(await cache.load("study")).toBeUndefined();
    expect(await cache.load("study.unfinished")).toBeDefined();
    await run(cache);
    expect(await cache.load("study")).toBeDefined();
    expect(await cache.load("study.unfinished")).toBeUndefined();
  });

  it("learns", async () => {
    const { steps } = await run(checkpointsInMemory());
    const mean = (part: readonly PretrainingStep[]): number =>
      part.reduce((sum, { loss }) => sum + loss, 0) / part.length;
    expect(mean(steps.slice(-5))).toBeLessThan(mean(steps.slice(0, 5)) - 0.5);
  });
});
