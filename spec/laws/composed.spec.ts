import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkGradient } from "../../src/engines/checkGradient.ts";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { tensor } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/composed/index.ts";
import { grad } from "../../src/tensor/grad.ts";
import { at } from "../../src/tensor/shapes.ts";
import type { FloatTensor } from "../../src/tensor/tensor.ts";
import { composed, composesAsMeant, givenRows, plainErf } from "./composed.ts";

describe.each([
  ["reference", 60, 1e-12],
  ["wasm", 25, 3e-6],
  ["cpu", 2, 3e-6],
  ["webasm", 2, 3e-6],
] as const)("on %s", (backend, runs, tolerance) => {
  composesAsMeant(() => createEngine({ backend, threads: 1 }), { runs, tolerance });
});

describe("the gradient", () => {
  const smooth = Object.entries(composed).filter(([, row]) => row.smooth);
  test.each(smooth)("of %s is that of differences", async (_, { of, positive }) => {
    await fc.assert(
      fc.asyncProperty(givenRows(false), async (given) => {
        const x = tensor(positive ? given.positive : given.any);
        await checkGradient(of, [x, tensor(given.y)], { directions: 1, coordinates: 4 });
      }),
      { numRuns: 5 },
    );
  });

  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ backend: "reference" });
  });
  afterAll(() => engine.close());
  const slopes = async (f: (x: FloatTensor) => FloatTensor, x: readonly number[]) =>
    Array.from((await engine.run(() => grad((y: FloatTensor) => ops.sum(f(y)))(tensor(x)))).data);

  test("at the corners is what PyTorch takes", async () => {
    expect(await slopes(ops.relu, [-1, 0, 2, NaN])).toEqual([0, 0, 1, 0]);
    const between = (x: FloatTensor) => ops.clamp(x, { min: -1, max: 2 });
    expect(await slopes(between, [-2, -1, 0, 2, 3])).toEqual([0, 1, 1, 1, 0]);
    expect(await slopes(ops.sign, [-1, 0, 1])).toEqual([0, 0, 0]);
    expect(await slopes((x) => ops.pow(x, 2.5), [0, 1])).toEqual([0, 2.5]);
    expect(await slopes((x) => ops.topK(x, 2).values, [3, 1, 3, 2])).toEqual([1, 0, 1, 0]);
  });

  test("of erf is a bell, its second derivative too", async () => {
    const x = [-3, -1, -0.9, 0, 0.3, 1, 2];
    const bell = (v: number): number => (2 / Math.sqrt(Math.PI)) * Math.exp(-v * v);
    const twice = (y: FloatTensor) => grad((z: FloatTensor) => ops.sum(ops.erf(z)))(y);
    const [first, second] = [await slopes(ops.erf, x), await slopes(twice, x)];
    for (const [i, v] of x.entries()) {
      expect(first[i]).toBeCloseTo(bell(v), 11);
      expect(second[i]).toBeCloseTo(-2 * v * bell(v), 9);
    }
  });
});

test("erf is right to the last digits, near 0 relative to itself", async () => {
  await using engine = await createEngine({ backend: "reference" });
  const x = Array.from({ length: 1201 }, (_, i) => (i - 600) / 90);
  const { data } = await engine.run(() => ops.erf(tensor(x)));
  data.forEach((y, i) => {
    expect(Math.abs(y - plainErf(x[i] ?? NaN))).toBeLessThan(1e-15);
  });
  const small = await engine.run(() => ops.erf(tensor([1e-20, -1e-300])));
  expect(
    [...small.data].map((y, i) => y / at([1e-20, -1e-300], i) / (2 / Math.sqrt(Math.PI))),
  ).toEqual([1, 1]);
});

describe("refuses", () => {
  const x = tensor([[1, 2, 3]]);
  test.each([
    ["split", () => ops.split(x, 2, 1), /^split: expected parts of axis 1 that fill it/],
    ["split", () => ops.split(x, 0, 1), /^split: expected a number of parts ≥ 1, got 0/],
    ["stack", () => ops.stack([x], 3), /^stack: expected an axis of a rank 3 tensor, got 3/],
    ["stack", () => ops.stack([x, tensor([1])]), /^reshape|^concat: expected/],
    ["stack", () => ops.stack([], 1), /^stack: expected at least one tensor, got none/],
    ["topK", () => ops.topK(x, 4), /^topK: expected k from 1 to 3, the last axis, got 4/],
    ["clamp", () => ops.clamp(x, { min: 1, max: 0 }), /^clamp: expected min ≤ max, got 1 and 0/],
    ["variance", () => ops.variance(x, { correction: -1 }), /^variance: expected a correction ≥ 0/],
    ["cumsum", () => ops.cumsum(x, 2), /^cumsum: expected an axis of a rank 2 tensor, got 2/],
  ])("in %s what it cannot do", (_, act, message) => {
    expect(act).toThrow(message);
  });
});
