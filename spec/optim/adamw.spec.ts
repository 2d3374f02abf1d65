import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { adamw, applyUpdates, schedules } from "../../src/optim/index.ts";
import { tensor } from "../../src/tensor/apply.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { map } from "../../src/tensor/tree.ts";
import { testEngine } from "../testEngine.ts";

const engine = await testEngine();

interface Settings {
  readonly b1: number;
  readonly b2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** Algorithm 2 of Loshchilov and Hutter, one number at a time. */
function plainAdamw(
  start: readonly number[],
  gradients: readonly (readonly number[])[],
  rateAt: (step: number) => number,
  { b1, b2, epsilon, weightDecay }: Settings,
): number[] {
  return start.map((initial, i) => {
    let [p, m, v] = [initial, 0, 0];
    gradients.forEach((gradient, step) => {
      const g = gradient[i] as number;
      m = b1 * m + (1 - b1) * g;
      v = b2 * v + (1 - b2) * g * g;
      const t = step + 1;
      const direction = m / (1 - b1 ** t) / (Math.sqrt(v / (1 - b2 ** t)) + epsilon);
      p -= rateAt(step) * (direction + weightDecay * p);
    });
    return p;
  });
}

const value = fc.double({ min: -3, max: 3, noNaN: true });
const row = fc.array(value, { minLength: 5, maxLength: 5 });
const runs = fc.record({
  start: row,
  gradients: fc.array(row, { minLength: 1, maxLength: 8 }),
  settings: fc.record({
    b1: fc.constantFrom(0, 0.5, 0.9),
    b2: fc.constantFrom(0, 0.9, 0.98, 0.999),
    epsilon: fc.constantFrom(1e-8, 1e-3),
    weightDecay: fc.constantFrom(0, 0.01, 0.5),
  }),
});

/** Five numbers as a tree of a vector and a matrix. */
const treeOf = (x: readonly number[]) => ({
  bias: tensor(x.slice(0, 1)) as Tensor,
  layers: [tensor([x.slice(1, 3), x.slice(3)]) as Tensor],
});

describe("adamw(options)", () => {
  test("takes the steps that plain arithmetic takes", async () => {
    await fc.assert(
      fc.asyncProperty(runs, async ({ start, gradients, settings }) => {
        const total = gradients.length;
        const learningRate = schedules.warmupCosine({ learningRate: 0.3, steps: total });
        const optimizer = adamw({ learningRate, ...settings });
        const got = await engine.run(() => {
          let params = treeOf(start);
          let state = optimizer.init(params);
          for (const gradient of gradients) {
            const [updates, next] = optimizer.update(treeOf(gradient), state, params);
            params = applyUpdates(params, updates);
            state = next;
          }
          return { params, step: state.step };
        });
        const rates = await engine.run(() =>
          gradients.map((_, step) => learningRate(tensor(step))),
        );
        const wanted = plainAdamw(start, gradients, (step) => rates[step]?.data[0] ?? 0, settings);
        const flat = [...got.params.bias.data, ...(got.params.layers[0]?.data ?? [])];
        flat.forEach((x, i) => {
          const size = Math.max(1, Math.abs(wanted[i] as number));
          expect(Math.abs(x - (wanted[i] as number))).toBeLessThanOrEqual(1e-12 * size);
        });
        expect(got.step.data[0]).toBe(total);
      }),
    );
  });

  test("carries its state through a compiled step that is traced once", async () => {
    let traced = 0;
    const optimizer = adamw({ learningRate: 0.1, weightDecay: 0.2 });
    type Carry = { params: Tensor; state: ReturnType<typeof optimizer.init> };
    const step = engine.compile(
      ({ params, state }: Carry, grads: Tensor): Carry => {
        traced++;
        const [updates, next] = optimizer.update(grads, state, params);
        return { params: applyUpdates(params, updates), state: next };
      },
      { donate: [0] },
    );
    const [start, gradient] = [
      [1, -2],
      [0.5, 3],
    ];
    const params: Tensor = tensor(start);
    let carry: Carry = { params, state: optimizer.init(params) };
    for (let i = 0; i < 20; i++) carry = await step(carry, tensor(gradient));
    const settings = { b1: 0.9, b2: 0.999, epsilon: 1e-8, weightDecay: 0.2 };
    const wanted = plainAdamw(start, Array(20).fill(gradient), () => 0.1, settings);
    const got = await engine.read(carry.params);
    wanted.forEach((x, i) => {
      expect(got[i]).toBeCloseTo(x, 12);
    });
    expect(traced).toBe(1);
  });

  test("corrects the bias to float32's precision from the first step on", async () => {
    await using wasm = await createEngine({ backend: "wasm", threads: 1 });
    const settings = { b1: 0.9, b2: 0.9999, epsilon: 1e-8, weightDecay: 0 };
    const optimizer = adamw({ learningRate: 1, ...settings });
    const step = wasm.compile((x: { p: Tensor; g: Tensor; s: ReturnType<typeof optimizer.init> }) =>
      optimizer.update(x.g, x.s, x.p),
    );
    const p: Tensor = tensor([0]);
    let s = optimizer.init(p);
    const gradients = [[0.3], [-0.7], [1.1], [0.2]];
    for (const [i, g] of gradients.entries()) {
      const [updates, next] = await step({ p, g: tensor(g), s });
      s = next;
      const before = plainAdamw([0], gradients.slice(0, i), () => 1, settings)[0] as number;
      const after = plainAdamw([0], gradients.slice(0, i + 1), () => 1, settings)[0] as number;
      const got = (await wasm.read(updates))[0] as number;
      // Subtracting βᵗ from 1 in float32 would be wrong by 3e-4 here.
      expect(Math.abs(got - (after - before))).toBeLessThan(2e-6 * Math.abs(after - before));
    }
  });

  test("starts from zeros of the parameters' shapes", () => {
    const params = treeOf([1, 2, 3, 4, 5]);
    const { step, mean, square } = adamw({ learningRate: 1 }).init(params);
    expect(step.shape).toEqual([]);
    for (const moment of [mean, square])
      expect(map((x: Tensor) => [...x.data], moment as typeof params)).toEqual({
        bias: [0],
        layers: [[0, 0, 0, 0]],
      });
  });

  test.each([
    [{ learningRate: -1 }, "schedules: expected learningRate ≥ 0, got -1"],
    [{ learningRate: 1, b1: 1 }, "adamw: expected 0 ≤ b1 < 1, got 1"],
    [{ learningRate: 1, b2: -0.1 }, "adamw: expected 0 ≤ b2 < 1, got -0.1"],
    [{ learningRate: 1, epsilon: 0 }, "adamw: expected epsilon > 0, got 0"],
    [{ learningRate: 1, weightDecay: Number.NaN }, "adamw: expected weightDecay ≥ 0, got NaN"],
  ])("refuses %o", (options, message) => {
    expect(() => adamw(options)).toThrow(new RangeError(message));
  });
});
