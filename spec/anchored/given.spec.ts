import { describe, expect, test } from "vitest";
import { effectiveWeight, interpolate } from "../../src/anchored/objectives/interpolations.ts";
import type { FineTuneOptions } from "../../src/anchored/options.ts";
import { planFineTune } from "../../src/anchored/plan.ts";
import { checkResume } from "../../src/anchored/resume.ts";
import { createEngine } from "../../src/engines/create.ts";
import { chain } from "../../src/optim/chain.ts";
import { applyUpdates } from "../../src/optim/optimizer.ts";
import { rounded } from "../../src/optim/rounded.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { full, tensor } from "../../src/tensor/apply.ts";
import { div } from "../../src/tensor/ops.ts";
import { collate } from "../../src/train/batches.ts";
import { trainSteps } from "../../src/train/trainSteps.ts";
import { tinyStudy } from "./tiny.ts";

/** Whatever types say: what a program in JavaScript may pass. */
type Given = Readonly<Record<string, unknown>>;
const plan = (given: Given) =>
  planFineTune({ ...tinyStudy, method: "sft", ...given } as unknown as FineTuneOptions);

const example = { prompt: [1], response: [2, 3] };
const withData = (row: unknown) => ({ data: [example, row], batchSize: 1 });

describe("fineTune", () => {
  test("takes an option that is undefined as one that is not given", () => {
    const names = ["alpha", "clip", "readEvery", "inner", "weights", "replayShare", "decay"];
    const none = Object.fromEntries(names.map((name) => [name, undefined]));
    const plain = (given: Given) => JSON.stringify(plan(given));
    expect(plain(none)).toBe(plain({}));
    expect(() => plan({ inner: undefined, epochs: 2, maxSteps: undefined })).not.toThrow();
  });

  test.each<[given: Given, message: string]>([
    [{ key: 3 }, "fineTune: expected a key, such as random.key(0), got 3"],
    [{ packing: "no" }, "fineTune: expected packing to be true or false, got no"],
    [{ dropLast: 0 }, "fineTune: expected dropLast to be true or false, got 0"],
    [{ stopToken: 99 }, "fineTune: expected a stopToken in 0 … 7, got 99"],
    [
      { schedule: 1, learningRate: undefined },
      "expected schedule to be a function of the step, got 1",
    ],
    [
      { optimizer: {}, learningRate: undefined },
      "fineTune: expected an optimizer, such as adamw(…)",
    ],
    [
      { method: "anchored", reference: tinyStudy.base, alpha: null },
      "expected alpha to be a number, { budget } or { risk }, got null",
    ],
    [{ replay: 5, replayShare: 0.5 }, "fineTune replay: expected a list of examples, got 5"],
    [
      { retain: { plan: [], audit: 3 } },
      "fineTune retain.audit: expected a list of examples, got 3",
    ],
    [
      { retain: { plan: [], audit: [example] } },
      "fineTune retain.audit: expected at least 59 prompts",
    ],
    [{ retain: { plan: [], audit: [], stopTokens: [8] } }, "expected stopTokens in 0 … 7, got 8"],
    [
      withData(null),
      "expected a prompt and its response, or tokens and a mask, got null in example 1",
    ],
    [
      withData({ prompt: [1] }),
      "expected a list of numbers as response, got undefined in example 1",
    ],
    [
      withData({ prompt: [1], response: "ab" }),
      "a list of numbers as response, got ab in example 1",
    ],
    [
      withData({ tokens: [1, 2] }),
      "expected a list of numbers as mask, got undefined in example 1",
    ],
    [withData({ ...example, weights: 3 }), "a list of numbers as weights, got 3 in example 1"],
    [
      withData({ prompt: [1n], response: [2] }),
      "expected ids in [0, 8), got a bigint in example 1",
    ],
    [withData({ ...example, weights: [0, 0] }), "expected a target that counts in any batch of 1"],
    [
      withData({ tokens: [1, 2, 3], mask: [0, 1, 0], weights: [1, 0, 1] }),
      "got weights of 0 alone in 1 examples, first in example 1",
    ],
  ])("refuses %o by name", (given, message) => {
    expect(() => plan(given)).toThrow(message);
  });

  test("keeps an optimizer's own way to apply updates behind its clipping", () => {
    const optimizer = rounded(sgd({ learningRate: 1e-3 }), "bf16");
    for (const clip of [1, Infinity])
      expect(plan({ optimizer, clip, learningRate: undefined }).optimizer.apply).toBe(
        optimizer.apply,
      );
    expect(chain(sgd({ learningRate: 1 }) as never).apply ?? applyUpdates).toBe(applyUpdates);
  });
});

test("a run goes on from a state of its own optimizer alone", () => {
  const params = tinyStudy.base;
  const options = { epochs: 1, learningRate: 1e-3 };
  const { optimizer } = plan(options);
  const from = (state: unknown) => () =>
    checkResume(plan(options), { kind: "checkpoint", step: 1, outer: 0, params, state } as never);
  expect(from(optimizer.init(params))).not.toThrow();
  for (const state of [undefined, {}, sgd({ learningRate: 1 }).init(params)])
    expect(from(state)).toThrow(/resume: expected the state of an optimizer as this run's/);
});

test("what is put on an engine is tensors", async () => {
  await using engine = await createEngine({ backend: "reference" });
  for (const move of [engine.put, engine.clone])
    expect(() => move({ a: [1] })).toThrow(/: expected tensors, got 1 at a\.0$/);
});

test("a power that is a text is none, and no step of no weight is none for ever", () => {
  const power = "1" as unknown as number;
  expect(() => interpolate({ power }, 0.5)).toThrow(/expected a finite power, got 1/);
  expect(effectiveWeight(0, Infinity)).toBe(0);
});

describe("trainSteps", () => {
  const batch = collate([example]);
  const steps = { loss: () => full([], 1), optimizer: sgd({ learningRate: 1 }), params: {} };
  const run = async (given: Given) => {
    await using engine = await createEngine({ backend: "reference" });
    const options = { ...steps, batches: [batch, batch], ...given } as never;
    for await (const m of trainSteps(engine, options)) if (m.kind === "end") return m.step;
    return undefined;
  };

  test.each<[given: Given, message: string]>([
    [{ readEvery: 0 }, "trainSteps: expected readEvery to be an integer ≥ 1, got 0"],
    [{ probeEvery: -1 }, "trainSteps: expected probeEvery to be an integer ≥ 0, got -1"],
    [
      { checkpointEvery: NaN },
      "trainSteps: expected checkpointEvery to be an integer ≥ 1, got NaN",
    ],
    [
      { checkpointEvery: async () => false },
      "checkpointEvery: expected true or false, got a promise",
    ],
    [{ step: 1.5 }, "trainSteps: expected step to be an integer ≥ 0, got 1.5"],
    [{ loss: 1 }, "trainSteps: expected a loss of parameters and a batch, got 1"],
    [{ batches: batch }, "trainSteps: expected batches one after the other, got [object Object]"],
    [{ params: null }, "trainSteps: expected params, got null"],
    [
      { optimizer: undefined },
      "trainSteps: expected an optimizer, such as adamw(…), got undefined",
    ],
  ])("refuses %o by name", async (given, message) => {
    await expect(run(given)).rejects.toThrow(message);
  });

  test("stops at a learning rate that is none, in the last step too, with the parameters before", async () => {
    await using engine = await createEngine({ backend: "wasm", threads: 1 });
    const params = { w: tensor([], [0]), v: tensor([3, 4]) };
    const optimizer = sgd({ learningRate: (step) => div(1, step) });
    const options = { loss: () => full([], 1), optimizer, params, batches: [batch] };
    const all = async () => {
      for await (const _ of trainSteps(engine, options as never));
    };
    const error = await all().then(
      () => undefined,
      (thrown) => thrown,
    );
    expect(error).toMatchObject({ name: "TrainingError", step: 1 });
    expect(`${error}`).toMatch(/expected a finite learning rate, got updates to NaN at step 1/);
    expect(await engine.read(error.last.params)).toMatchObject({ v: Float32Array.of(3, 4) });
  });
});
