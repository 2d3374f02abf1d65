import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import {
  accumulate,
  adamw,
  applyUpdates,
  chain,
  clipByGlobalNorm,
  lion,
  mofo,
  muon,
  type Optimizer,
  rounded,
  type Schedule,
  schedules,
  sgd,
} from "../../src/optim/index.ts";
import { ids, tensor } from "../../src/tensor/apply.ts";
import { div, reshape, sum } from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: "wasm", threads: 1 });
});
afterAll(() => engine.close());

/** What a program in JavaScript may pass, whatever the types say. */
// biome-ignore lint/suspicious/noExplicitAny: types would refuse what is to be refused here
const any = <T = any>(value: unknown): T => value as T;

type Rated = (options: { readonly learningRate: number | Schedule }) => Optimizer;
const optimizers = Object.entries({ adamw, sgd, lion, muon }) as unknown as [string, Rated][];

/** Parameters after one step along gradients. */
const stepped = (optimizer: Optimizer, p: unknown, g: unknown = p): unknown => {
  const [updates] = optimizer.update(g, optimizer.init(p), p);
  return (optimizer.apply ?? applyUpdates)(p, updates);
};

describe.each(optimizers)("%s", (name, of) => {
  test("takes a schedule's numbers as rates, and refuses rates that are no scalars", async () => {
    const p = { w: tensor([[1, 2]]) };
    const steps = (rate: number | Schedule) =>
      engine.run(() => stepped(of({ learningRate: rate }), p) as { w: Tensor });
    const constant = (await steps(0.5)).w.data;
    expect((await steps(any<Schedule>(() => 0.5))).w.data).toEqual(constant);
    const wide = of({ learningRate: (step) => reshape(step, [1]) });
    expect(() => stepped(wide, { w: tensor(1) })).toThrow(
      /schedule: expected a learning rate that/,
    );
  });

  test("names what cannot be trained, and a gradient of another shape", () => {
    const rated = of({ learningRate: 1 });
    expect(() => rated.init({ w: tensor([1]), n: ids([3]) })).toThrow(
      `${name}: expected float parameters, got int at n`,
    );
    expect(() => stepped(rated, { w: tensor([1]) }, { w: tensor([[1, 2]]) })).toThrow(
      /expected \[1\], the shape of w, got \[1, 2\]|expected equal shapes, got \[1\] and \[1, 2\]/,
    );
  });

  test("has nothing to do with what is empty", async () => {
    const none = { w: tensor([], [0, 2]) };
    const share = name === "adamw" ? mofo(any(of({ learningRate: 1 })), 0.5) : undefined;
    for (const optimizer of [of({ learningRate: 1 }), ...(share ? [any<Optimizer>(share)] : [])])
      expect(await engine.run(() => stepped(optimizer, none) as typeof none)).toMatchObject({
        w: { shape: [0, 2] },
      });
  });
});

test("a chain applies updates as the link does that has a way of its own", async () => {
  const slow = rounded(sgd({ learningRate: 1e-3 }), "bf16");
  const one = { w: tensor([1]) };
  for (const optimizer of [slow, chain(clipByGlobalNorm(1), any(slow))])
    expect(await engine.run(() => stepped(any(optimizer), one) as typeof one)).toMatchObject({
      w: { data: Float32Array.of(1) },
    });
  expect(() => chain(any(slow), any(slow))).toThrow(/chain: expected one optimizer that applies/);
  // Rounding twice is rounding to the narrower of both.
  const twice = rounded(rounded(sgd({ learningRate: 1e-3 }), "bf16"), "f16");
  expect(await engine.run(() => stepped(any(twice), one) as typeof one)).toMatchObject({
    w: { data: Float32Array.of(1) },
  });
});

test("wrappers refuse what is no optimizer or dtype that they know, by name", () => {
  expect(() => rounded(any(undefined), "bf16")).toThrow(/rounded: expected an optimizer, such as/);
  expect(() => rounded(sgd({ learningRate: 1 }), any("q8_0"))).toThrow(
    /one of bf16, f16, got q8_0/,
  );
  expect(() => mofo(any({}), 0.5)).toThrow(/mofo: expected an optimizer, such as/);
  const w = tensor([1]);
  expect(() => stepped(any(mofo(any(sgd({ learningRate: 1 })), 0.5)), w)).toThrow(/mean gradients/);
  expect(() => sgd(any(undefined))).toThrow(/sgd: expected options of learningRate/);
  expect(() => sgd(any({ learningRate: 1, momentum: 0.5, nesterov: "no" }))).toThrow(
    "sgd: expected nesterov to be true or false, got no",
  );
  const slow = adamw({ learningRate: 1, decays: any(async () => false) });
  expect(() => stepped(any(slow), w)).toThrow(
    "adamw decays: expected true or false, got a promise",
  );
});

test("schedules end at 0 in float32 too, and whole shares of steps are whole", async () => {
  const rates = (schedule: Schedule, ...steps: readonly number[]) =>
    engine.run(() => steps.map((step) => schedule(tensor(step))));
  const rise = schedules.warmupConstant({ learningRate: 1, steps: 100, warmup: 0.29 });
  const [before, last] = await rates(rise, 27, 28);
  expect(before?.data[0]).toBeLessThan(1);
  expect(last?.data[0]).toBe(1);
  for (const decay of [1e-300, NaN, 2])
    expect(() => schedules.warmupStableDecay({ learningRate: 1, steps: 9, decay })).toThrow(
      /0 < decay ≤ 1/,
    );
  expect(() => schedules.warmupStableDecay(any(undefined))).toThrow(/expected options of/);
  const most = { learningRate: 1, steps: 2 ** 24 };
  expect(() => schedules.warmupLinear(most)).not.toThrow();
  expect(() => schedules.warmupLinear({ ...most, steps: 2 ** 24 + 1 })).toThrow(/float32 counts/);
});

test("accumulate names a sum that is no scalar", () => {
  const w = tensor([1, 2]);
  const of = (sums: { sum: Tensor; count: Tensor | number }) => () =>
    accumulate(() => sums, w, [0]);
  expect(of({ sum: w, count: 1 })).toThrow("accumulate: expected a scalar sum, got [2]");
  expect(of({ sum: sum(w), count: w })).toThrow("accumulate: expected a scalar count, got [2]");
  expect(() => applyUpdates({ w }, { w: div(tensor([[1, 2]]), 1) })).toThrow(/the shape of w/);
});
