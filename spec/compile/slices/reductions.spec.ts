import fc from "fast-check";
import { expect, test } from "vitest";
import { slicedPlan } from "../../../src/compile/slices/slicedPlan.ts";
import { planStats } from "../../../src/compile/statistics.ts";
import { grad } from "../../../src/tensor/grad.ts";
import * as ops from "../../../src/tensor/ops.ts";
import { last, sizeOf } from "../../../src/tensor/shapes.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { agreesInParts, matrix, planOf } from "../inParts.ts";

/** Tensors of up to four axes of which any disappears: blocks of it lie in a part, in several, or are parts. */
const tensors = fc.integer({ min: 1, max: 4 }).chain((rank) =>
  fc.record({
    lead: fc.array(fc.integer({ min: 1, max: 16 }), { minLength: rank - 1, maxLength: rank - 1 }),
    width: rank === 1 ? fc.integer({ min: 1, max: 900 }) : fc.constantFrom(2, 3, 8),
    axis: fc.integer({ min: 0, max: rank - 1 }),
    times: fc.integer({ min: 1, max: 5 }),
  }),
);

test("sums and the largest along any axis in parts are those of the whole", () =>
  fc.assert(
    fc.asyncProperty(tensors, async ({ lead, width, axis, times }) => {
      const shape = [...lead, width];
      const ends = [shape, shape.toSpliced(axis, 1)].map((x) => (x.length > 1 ? last(x) : 1));
      const most = 64 * times * Math.max(...ends);
      const sums = (x: Tensor) => [ops.sum(x, { axis }), ops.neg(ops.sum(ops.exp(x), { axis }))];
      await agreesInParts(sums, [matrix(shape, 1)], most);
      const largest = (x: Tensor) => [ops.max(x, { axis }), ops.neg(ops.max(ops.neg(x), { axis }))];
      await agreesInParts(largest, [matrix(shape, 1)], most, {}, 0);
    }),
    { numRuns: 60 },
  ));

test("what is summed along a middle axis is held for some blocks at a time", async () => {
  const shape = [64, 32, 4];
  const sums = (x: Tensor) => {
    const wide = ops.broadcastTo(x, shape);
    return [ops.sum(ops.exp(wide), { axis: 1 }), ops.argmax(ops.exp(wide), 1)];
  };
  const parts = await agreesInParts(sums, [matrix([1, 1, 4], 1)], 512);
  expect(planStats(parts).peakBytes).toBeLessThan(0.5 * 4 * sizeOf(shape));
  const count = (op: string) => parts.steps.filter((step) => step.op === op).length;
  expect([count("sum"), count("argmax"), count("add")]).toEqual([16, 16, 0]);
});

test("gradients of heads that share keys are summed", async () => {
  const shape = [2, 3, 4, 16, 8];
  const repeated = (x: Tensor) => ops.broadcastTo(x, shape);
  const learns = (x: Tensor) => grad((y: Tensor) => ops.sum(ops.exp(repeated(y))))(x);
  await agreesInParts(learns, [matrix(shape.with(2, 1), 1)], 1024);
});

test("a number of each row, in parts that are no whole rows of it, is returned in rows", async () => {
  const sums = (x: Tensor) => ops.sum(x, { axis: -1 });
  await agreesInParts(sums, [matrix([9, 15, 7, 2], 1)], 448);
});

test("an axis of length 1 of a block that lies in two parts disappears", async () => {
  const sums = (x: Tensor) => ops.sum(x, { axis: 1 });
  await agreesInParts(sums, [matrix([1, 1, 300, 4], 1)], 768, {}, 0);
});

test("places of the largest along an axis that several parts have are refused by name", () => {
  const places = (x: Tensor) => ops.argmax(x, 0);
  expect(() => slicedPlan(planOf(places, [matrix([512, 4], 1)]), 1024)).toThrow(
    /^argmax \[4\]: expected tensors of at most 1024 numbers/,
  );
});
