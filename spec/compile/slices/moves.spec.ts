import fc from "fast-check";
import { expect, test } from "vitest";
import { constant } from "../../../src/tensor/apply.ts";
import { grad } from "../../../src/tensor/grad.ts";
import * as ops from "../../../src/tensor/ops.ts";
import { last, sizeOf } from "../../../src/tensor/shapes.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { agreesInParts, matrix } from "../inParts.ts";

/** Zeros around up to four axes; the result, and mostly what goes in, is in parts. */
const pads = fc.integer({ min: 1, max: 4 }).chain((rank) => {
  const zeros = fc.array(fc.constantFrom(0, 0, 1, 3), { minLength: rank, maxLength: rank });
  return fc.record({
    lead: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: rank - 1, maxLength: rank - 1 }),
    width: rank === 1 ? fc.integer({ min: 1, max: 900 }) : fc.constantFrom(2, 3, 8),
    ...{ before: zeros, after: zeros },
    times: fc.integer({ min: 1, max: 3 }),
  });
});

test("zeros around a tensor in parts are those around the whole", () =>
  fc.assert(
    fc.asyncProperty(pads, async ({ lead, width, before, after, times }) => {
      const shape = [...lead, width];
      const wide = last(before) + width + last(after);
      const most = 64 * times * (shape.length === 1 ? 1 : wide);
      const padded = (x: Tensor) => ops.exp(ops.pad(ops.neg(x), before, after));
      await agreesInParts(padded, [matrix(shape, 1)], most, {}, 0);
    }),
    { numRuns: 60 },
  ));

test("rows between zeros are no look-up, and what is not a number stays out of the zeros", async () => {
  const shape = [4, 80, 4];
  const holed = constant(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => (i % 320 === 0 ? Infinity : i)),
    shape,
  );
  const opsOf = async (before: readonly number[], after: readonly number[]) => {
    const padded = (x: Tensor) => ops.less(ops.pad(x, before, after), 7);
    const { steps } = await agreesInParts(padded, [holed], 512, {}, 0);
    return steps.map(({ op }) => op);
  };
  expect(await opsOf([0, 0, 0], [3, 0, 0])).not.toContain("gather");
  expect(await opsOf([0, 1, 0], [0, 1, 0])).toContain("gather");
});

test("a slice of a table in parts gives its gradient back", async () => {
  const some = (x: Tensor) => ops.sum(ops.exp(ops.slice(x, [37, 1], [300, 6])));
  await agreesInParts((x: Tensor) => grad(some)(x), [matrix([400, 8], 1)], 1024);
});
