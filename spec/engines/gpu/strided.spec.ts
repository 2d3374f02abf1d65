import fc from "fast-check";
import { expect, test } from "vitest";
import type { Cell } from "../../../kernels/gpu/kernel.ts";
import { strided } from "../../../kernels/gpu/moves/strided.ts";
import { at, sizeOf, stridesOf } from "../../../src/tensor/shapes.ts";
import type { Shape } from "../../../src/tensor/tensor.ts";

/** A cell whose expressions are JavaScript about an array `x`. */
const cell: Pick<Cell, "at" | "load"> = {
  at: (_, index) => `x[${index}]`,
  load: (_, group, lanes) =>
    Array.from({ length: lanes }, (_, lane) => `x[${lanes} * (${group}) + ${lane}]`),
};

/** The indices of the places of a shape, in order. */
const places = (shape: Shape): readonly (readonly number[])[] =>
  Array.from({ length: sizeOf(shape) }, (_, i) =>
    stridesOf(shape).map((stride, axis) => Math.floor(i / stride) % at(shape, axis)),
  );

const axis = fc.record({
  length: fc.constantFrom(1, 2, 3, 4, 8),
  stride: fc.constantFrom(0, 1, 2, 3, 4, 8, 12),
});

test.each([false, true])("a strided copy reads where it says, wide: %s", (wide) => {
  const wides = { 1: 0, 4: 0 };
  fc.assert(
    fc.property(
      fc.array(axis, { maxLength: 4 }),
      fc.constantFrom(0, 1, 3, 4, 12),
      (axes, offset) => {
        const [shape, strides] = [axes.map(({ length }) => length), axes.map((one) => one.stride)];
        const { extent, lanes, body } = strided(wide, shape, strides, { offset });
        wides[lanes]++;
        const names = extent.map((_, i) => `i${i}`);
        const made = new Function("x", ...names, `return [${body(cell as Cell, ...names)}];`);
        const source = Array.from({ length: 12 * 8 * 4 + 13 }, (_, i) => i);
        const got = places(extent).flatMap((place): number[] => made(source, ...place));
        const want = places(shape).map((place) =>
          place.reduce((sum, i, axis) => sum + i * at(strides, axis), offset),
        );
        expect(got).toEqual(want);
      },
    ),
    { numRuns: 300 },
  );
  expect(wides[4] > 0).toBe(wide);
});
