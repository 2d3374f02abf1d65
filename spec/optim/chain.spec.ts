import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  adamw,
  applyUpdates,
  chain,
  clipByGlobalNorm,
  globalNorm,
  gradientNorm,
  type Optimizer,
} from "../../src/optim/index.ts";
import { full, tensor } from "../../src/tensor/apply.ts";
import { topologicalOrder } from "../../src/tensor/graph.ts";
import { mul } from "../../src/tensor/ops.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { map } from "../../src/tensor/tree.ts";
import { testEngine } from "../testEngine.ts";

const engine = await testEngine();

const vectors = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), {
  minLength: 4,
  maxLength: 4,
});
const treeOf = (x: readonly number[]) => ({
  a: tensor(x.slice(0, 1)) as Tensor,
  b: [tensor([x.slice(1)]) as Tensor],
});
const flat = (t: ReturnType<typeof treeOf>) => [...t.a.data, ...(t.b[0]?.data ?? [])];
const norm = (x: readonly number[]) => Math.hypot(...x);

describe("clipByGlobalNorm(max)", () => {
  const clip = async (max: number, x: readonly number[]) => {
    const grads = treeOf(x);
    return flat(await engine.run(() => clipByGlobalNorm(max).update(grads, [], grads)[0]));
  };

  test("shortens gradients to max, all by one factor, and leaves short ones alone", async () => {
    await fc.assert(
      fc.asyncProperty(vectors, fc.double({ min: 0.1, max: 200, noNaN: true }), async (x, max) => {
        const clipped = await clip(max, x);
        const factor = Math.min(1, max / norm(x));
        clipped.forEach((y, i) => {
          expect(Math.abs(y - factor * (x[i] as number))).toBeLessThanOrEqual(1e-12 * norm(x));
        });
        if (norm(x) < max) expect(clipped.map((y) => y + 0)).toEqual(x.map((y) => y + 0));
      }),
    );
  });

  test("keeps zeros zero", async () => {
    expect(await clip(1, [0, 0, 0, 0])).toEqual([0, 0, 0, 0]);
  });

  test("refuses a bound that is not positive", () => {
    expect(() => clipByGlobalNorm(0)).toThrow(
      new RangeError("clipByGlobalNorm: expected max > 0, got 0"),
    );
  });
});

describe("a clip, and the norm that is told beside it", () => {
  test("describe the squares of each gradient once, and one number for all of a shape", () => {
    const shapes = [[3, 4], [4], [3, 4], [4], []];
    const grads = shapes.map(
      (shape, index) => new Tensor("placeholder", shape, "float", [], { index }),
    );
    const [clipped] = clipByGlobalNorm(1).update(grads, [], grads);
    const nodes = topologicalOrder([...clipped, gradientNorm(grads)]);
    const count = (op: string): number => nodes.filter((node) => node.op === op).length;
    // Plain squares, and those that cannot overflow; a scalar is its own sum.
    expect(count("sum")).toBe(2 * 4);
    // Two factors, of two shapes that are none.
    expect(count("broadcast")).toBe(2 * 2);
  });
});

describe("globalNorm(tree)", () => {
  test("is the length of all leaves as one vector", async () => {
    const [five, none] = await engine.run(() => [
      globalNorm(treeOf([3, 0, -4, 0])),
      globalNorm([]),
    ]);
    expect([five?.data[0], none?.data[0]]).toEqual([5, 0]);
  });
});

describe("chain(...optimizers)", () => {
  /** Scales, and counts its steps, to see states apart. */
  const scaled = (factor: number): Optimizer<{ count: Tensor }> => ({
    init: () => ({ count: full([], 0) }),
    update: (grads, { count }) => [
      map((g: Tensor) => mul(g, factor), grads as Tensor) as typeof grads,
      { count: full([], (count.data[0] as number) + factor) },
    ],
  });

  test("feeds the updates of each to the next, and keeps their states apart", async () => {
    const both = chain(scaled(2), scaled(5));
    const params: Tensor = tensor([1, 1]);
    const [updates, state] = both.update(tensor([1, -2]) as Tensor, both.init(params), params);
    expect([...(await engine.run(() => updates)).data]).toEqual([10, -20]);
    expect(state.map((each) => (each as { count: Tensor }).count.data[0])).toEqual([2, 5]);
  });

  test("clips before AdamW as one would by hand", async () => {
    const params = treeOf([1, 2, 3, 4]);
    const grads = treeOf([30, 0, 40, 0]);
    const together = chain(clipByGlobalNorm(5), adamw({ learningRate: 0.1 }));
    const alone = adamw({ learningRate: 0.1 });
    const [a, b] = await engine.run(() => [
      together.update(grads, together.init(params), params)[0],
      alone.update(treeOf([3, 0, 4, 0]), alone.init(params), params)[0],
    ]);
    flat(a as typeof params).forEach((x, i) => {
      expect(x).toBeCloseTo(flat(b as typeof params)[i] as number, 14);
    });
  });

  test("without links passes gradients through", () => {
    const grads: Tensor = tensor([1]);
    expect(chain().update(grads, [], grads)).toEqual([grads, []]);
  });
});

describe("applyUpdates(params, updates)", () => {
  test("adds leaf by leaf", async () => {
    const sums = await engine.run(() =>
      applyUpdates(treeOf([1, 2, 3, 4]), treeOf([10, 20, 30, 40])),
    );
    expect(flat(sums)).toEqual([11, 22, 33, 44]);
  });

  test("refuses trees of different structure", () => {
    expect(() => applyUpdates<object>({ a: full([], 0) }, { b: full([], 0) })).toThrow(TypeError);
  });
});
