import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { causalAttention, rangeAttention } from "../../src/nn/attention.ts";
import { rmsNorm } from "../../src/nn/functions.ts";
import { rope, ropeTables } from "../../src/nn/rope.ts";
import { constant } from "../../src/tensor/apply.ts";
import { grad } from "../../src/tensor/grad.ts";
import * as ops from "../../src/tensor/ops.ts";
import { at } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { agreesInParts, matrix, planOf } from "./inParts.ts";

/** Attention and its gradients. */
const learns = (q: Tensor, k: Tensor, v: Tensor): Tensor[] => {
  const weighed = ([q, k, v]: readonly [Tensor, Tensor, Tensor]): Tensor =>
    ops.sum(ops.square(causalAttention(q, k, v)));
  return [causalAttention(q, k, v), ...grad(weighed)([q, k, v])];
};

describe("a plan of attention in parts", () => {
  test("goes through attention over long sequences, and its gradients", () => {
    /** Scores are in parts of whole heads' matrices. */
    const sizes = fc.record({
      B: fc.integer({ min: 1, max: 2 }),
      G: fc.integer({ min: 1, max: 2 }),
      perGroup: fc.integer({ min: 1, max: 2 }),
      T: fc.constantFrom(16, 20, 29, 32),
      share: fc.constantFrom(1.3, 2, 3.7, 7),
    });
    return fc.assert(
      fc.asyncProperty(sizes, async ({ B, G, perGroup, T, share }) => {
        const D = 4;
        const H = G * perGroup;
        const most = Math.max(B * H * T * D, Math.ceil((B * H * T * T) / share), 64 * T);
        const args = [H, G, G].map((heads, i) => matrix([B, heads, T, D], i));
        const parts = await agreesInParts(learns, args, most);
        const isCut = B * H * T * T > most;
        const products = parts.steps.filter(({ op }) => op === "matmul").length;
        if (isCut) expect(products).toBeGreaterThan(7);
        else expect(parts.steps).toHaveLength(planOf(learns, args).steps.length);
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    [100, "halves of a matrix"],
    [97, "rows that straddle two matrices"],
  ])("and through scores of %d queries in %s", async (T) => {
    const args = [2, 1, 1].map((heads, i) => matrix([1, heads, T, 4], i));
    const parts = await agreesInParts(learns, args, 64 * T);
    // Of a part that begins within a matrix the rows say themselves what they may see.
    expect(parts.steps.some(({ op }) => op === "less")).toBe(true);
  });

  test("goes through some queries of a cache at a time", async () => {
    const [B, H, G, T, S, D] = [2, 4, 2, 6, 40, 4];
    const args = [matrix([B, H, T, D], 1), matrix([B, G, S, D], 2), matrix([B, G, S, D], 3)];
    const places = constant(
      Int32Array.from({ length: B * T }, (_, i) => 20 + i),
      [B, T],
    );
    const attends = (q: Tensor, k: Tensor, v: Tensor) => {
      const mixed = (x: Tensor) =>
        rangeAttention(x, k, v, { slots: places, positions: places }, { softcap: 3 });
      return [mixed(q), grad((x: Tensor) => ops.sum(ops.square(mixed(x))))(q)];
    };
    for (const most of [H * T * S, 640]) await agreesInParts(attends, args, most);
  });

  test("moves rows, and turns a matrix", async () => {
    const moves = (x: Tensor) => [
      ops.transpose(x, [1, 0, 2]),
      ops.slice(x, [1, 8, 0], [2, 40, 8]),
      ops.slice(x, [0, 3, 2], [4, 61, 4]),
      ops.transpose(ops.reshape(x, [256, 8])),
    ];
    await agreesInParts(moves, [matrix([4, 64, 8], 1)], 640);
    const repeats = (x: Tensor) => [
      ops.sum(ops.broadcastTo(ops.reshape(x, [4, 1, 16, 1]), [4, 3, 16, 8]), { axis: -1 }),
      ops.broadcastTo(ops.reshape(x, [4, 1, 16]), [4, 8, 16]),
    ];
    await agreesInParts(repeats, [matrix([64], 1)], 512);
  });

  test("looks rows up only where they do not follow each other", async () => {
    const isLookedUp = async (start: readonly number[], size: readonly number[]) => {
      const cut = (x: Tensor) => ops.slice(x, start, size);
      const { steps } = await agreesInParts(cut, [matrix([4, 64, 8], 1)], 640);
      return steps.some(({ op }) => op === "gather");
    };
    expect(await isLookedUp([1, 0, 0], [2, 64, 8])).toBe(false);
    expect(await isLookedUp([0, 3, 0], [4, 61, 8])).toBe(true);
  });

  test("turns and norms many sequences", async () => {
    const [B, T, D] = [6, 20, 8];
    const learns = (x: Tensor, gain: Tensor) => {
      const normed = (y: Tensor, g: Tensor) => rmsNorm(rope(y, ropeTables(T, D)), g, 1e-5);
      return [
        normed(x, gain),
        ...grad((y: Tensor[]) => ops.sum(ops.exp(normed(at(y, 0), at(y, 1)))))([x, gain]),
      ];
    };
    for (const most of [T * D * 2, 512])
      await agreesInParts(learns, [matrix([B, T, D], 1), matrix([D], 2)], most);
  });
});
