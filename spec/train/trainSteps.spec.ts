import { expect, test } from "vitest";
import type { Params } from "../../src/nn/config.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import { adamw } from "../../src/optim/adamw.ts";
import type { Optimizer } from "../../src/optim/optimizer.ts";
import * as random from "../../src/tensor/random.ts";
import { collate } from "../../src/train/batches.ts";
import { type Checkpoint, trainSteps } from "../../src/train/trainSteps.ts";
import { collect, reversals, tinyModel } from "../anchored/tiny.ts";
import { testEngine } from "../testEngine.ts";

const engine = await testEngine();

const batches = Array.from({ length: 7 }, (_, i) => collate(reversals(4, random.key(i))));
const options = {
  params: tinyModel.init(random.key(1)),
  loss: (params: Params, { tokens, labels, mask }: (typeof batches)[number]) =>
    crossEntropy(tinyModel.apply(params, tokens), labels, mask),
  optimizer: adamw({ learningRate: 1e-2 }) as unknown as Optimizer,
};

test("goes on from a checkpoint to the same bits", async () => {
  const whole = await collect(trainSteps(engine, { ...options, batches, checkpointEvery: 3 }));
  const kinds = whole.map((m) => (m.kind === "step" ? m.step : m.kind));
  expect(kinds).toEqual([1, 2, 3, "checkpoint", 4, 5, 6, "checkpoint", 7, "end"]);
  const at = whole.find((m): m is Checkpoint => m.kind === "checkpoint") as Checkpoint;
  expect(Object.values(at.params)[0]?.op).toBe("constant");
  const { params, state, step } = at;
  const rest = await collect(
    trainSteps(engine, { ...options, params, state, step, batches: batches.slice(3) }),
  );
  const losses = (all: typeof whole) =>
    all.flatMap((m) => (m.kind === "step" ? [[m.step, m.loss]] : []));
  expect(losses(rest)).toEqual(losses(whole).slice(3));
  const [a, b] = [whole, rest].map((all) => all.at(-1) as { params: Params });
  expect(await engine.read(b?.params)).toEqual(await engine.read(a?.params));
});

test("holds no more memory after many steps than after few", async () => {
  const used: number[] = [];
  const endless = Array.from({ length: 40 }, (_, i) => batches[i % 2] as (typeof batches)[number]);
  for await (const m of trainSteps(engine, { ...options, batches: endless })) {
    if (m.kind === "step") used.push(engine.memory().buffers);
    else engine.release(m.params);
  }
  // At most: garbage of other tests may go meanwhile.
  expect(used.at(-1)).toBeLessThanOrEqual(used[5] as number);
});

test("tells of every readEvery-th step before the next but one, whatever looks there are", async () => {
  let given = 0;
  function* counted() {
    for (let i = 0; i < 26; i++) {
      given++;
      yield batches[i % 2] as (typeof batches)[number];
    }
  }
  const told: [step: number, given: number][] = [];
  const looks = { readEvery: 4, probeEvery: 6, checkpointEvery: 7 };
  for await (const m of trainSteps(engine, { ...options, ...looks, batches: counted() }))
    if (m.kind === "step" && m.step % 4 === 0) told.push([m.step, given]);
  expect(told.map(([step]) => step)).toEqual([4, 8, 12, 16, 20, 24]);
  for (const [step, computed] of told) expect(computed).toBeLessThanOrEqual(step + 1);
});

test("an empty stream ends at once, with a copy of the parameters", async () => {
  const [end, ...rest] = await collect(trainSteps(engine, { ...options, batches: [] }));
  expect(rest).toEqual([]);
  expect(end?.kind).toBe("end");
  expect(end?.step).toBe(0);
});
