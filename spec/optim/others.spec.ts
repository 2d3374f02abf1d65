import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyUpdates, lion, type Optimizer, schedules, sgd } from "../../src/optim/index.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { at } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { flatten } from "../../src/tensor/tree.ts";
import { testEngine } from "../testEngine.ts";

const engine = await testEngine();

const value = fc.double({ min: -3, max: 3, noNaN: true });
const row = fc.array(value, { minLength: 4, maxLength: 4 });
const runs = fc.record({
  start: row,
  gradients: fc.array(row, { minLength: 1, maxLength: 6 }),
  weightDecay: fc.constantFrom(0, 0.01, 0.5),
  momentum: fc.constantFrom(0, 0.5, 0.9),
  ahead: fc.boolean(),
  b1: fc.constantFrom(0, 0.5, 0.9),
  b2: fc.constantFrom(0, 0.9, 0.99),
});

/** A rate that changes, so that it must be that of its own step. */
const schedule = schedules.warmupLinear({ learningRate: 0.1, steps: 8, warmup: 0.25 });
const rates = [0.05, 0.1, 0.1, 0.1 * (5 / 6), 0.1 * (4 / 6), 0.1 * (3 / 6)];

/** Four numbers as a tree of a vector and a matrix. */
const treeOf = ([a = 0, b = 0, c = 0, d = 0]: readonly number[]): {
  bias: Tensor;
  w: Tensor[];
} => ({
  bias: tensor([a]),
  w: [tensor([[b], [c], [d]])],
});

async function trained<S>(
  optimizer: Optimizer<S>,
  start: readonly number[],
  gradients: readonly (readonly number[])[],
): Promise<number[]> {
  const end = await engine.run(() => {
    let params = treeOf(start);
    let state = optimizer.init(params);
    for (const gradient of gradients) {
      const [updates, next] = optimizer.update(treeOf(gradient), state, params);
      [params, state] = [applyUpdates(params, updates), next];
    }
    return params;
  });
  return flatten<Tensor>(end).leaves.flatMap(({ data }) => [...data]);
}

/** One number after the other. */
const plainly = (
  start: readonly number[],
  gradients: readonly (readonly number[])[],
  step: (p: number, g: number, memory: number, rate: number) => readonly [number, number],
): number[] =>
  start.map((initial, i) => {
    let [p, memory] = [initial, 0];
    gradients.forEach((gradient, t) => {
      [p, memory] = step(p, at(gradient, i), memory, at(rates, t));
    });
    return p;
  });

const expectClose = (got: readonly number[], want: readonly number[]): void => {
  expect(got.length).toBe(want.length);
  for (const [i, x] of want.entries())
    expect(Math.abs(at(got, i) - x)).toBeLessThan(1e-12 * (1 + Math.abs(x)));
};

describe("sgd", () => {
  test("does what its equations say, with any momentum, nesterov and decay", async () => {
    await fc.assert(
      fc.asyncProperty(runs, async ({ start, gradients, weightDecay, momentum, ahead }) => {
        const nesterov = ahead && momentum > 0;
        const optimizer = sgd({ learningRate: schedule, momentum, nesterov, weightDecay });
        const want = plainly(start, gradients, (p, g, v, rate) => {
          const next = momentum * v + g;
          const direction = nesterov ? g + momentum * next : next;
          return [p - rate * (direction + weightDecay * p), next];
        });
        expectClose(await trained(optimizer, start, gradients), want);
      }),
      { numRuns: 60 },
    );
  });

  test("remembers nothing but its step without momentum", () => {
    const state = sgd({ learningRate: 1 }).init(treeOf([1, 2, 3, 4]));
    expect(flatten(state).leaves.length).toBe(1);
  });

  test.each([
    [{ momentum: 1 }, "sgd: expected 0 ≤ momentum < 1, got 1"],
    [{ weightDecay: -1 }, "sgd: expected weightDecay ≥ 0, got -1"],
    [{ nesterov: true }, "sgd: expected a momentum above 0 with nesterov, got 0"],
    [{ learningRate: -1 }, "expected"],
  ])("refuses %o", (options, message) => {
    expect(() => sgd({ learningRate: 1, ...options })).toThrow(RangeError);
    expect(() => sgd({ learningRate: 1, ...options })).toThrow(message);
  });
});

describe("lion", () => {
  test("does what its equations say", async () => {
    await fc.assert(
      fc.asyncProperty(runs, async ({ start, gradients, weightDecay, b1, b2 }) => {
        const optimizer = lion({ learningRate: schedule, b1, b2, weightDecay });
        const want = plainly(start, gradients, (p, g, m, rate) => [
          p - rate * (Math.sign(m * b1 + g * (1 - b1)) + weightDecay * p),
          m * b2 + g * (1 - b2),
        ]);
        expectClose(await trained(optimizer, start, gradients), want);
      }),
      { numRuns: 60 },
    );
  });

  test("decays those parameters alone that it is told to", async () => {
    const decays = (name: string): boolean => name === "bias";
    const optimizer = lion({ learningRate: 0.5, weightDecay: 1, decays });
    expect(await trained(optimizer, [2, 2, 2, 2], [[0, 0, 0, 0]])).toEqual([1, 2, 2, 2]);
  });

  test.each([
    [{ b1: 1 }, "lion: expected 0 ≤ b1 < 1, got 1"],
    [{ b2: -1 }, "lion: expected 0 ≤ b2 < 1, got -1"],
    [{ weightDecay: Number.NaN }, "lion: expected weightDecay ≥ 0, got NaN"],
  ])("refuses %o", (options, message) => {
    expect(() => lion({ learningRate: 1, ...options })).toThrow(message);
  });
});
