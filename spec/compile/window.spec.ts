import { expect, test } from "vitest";
import { windowStart } from "../../src/compile/window.ts";
import type { Shape } from "../../src/tensor/tensor.ts";

const startOf = (shape: Shape, start: Shape, size: Shape): number | undefined =>
  windowStart({
    inputs: [{ buffer: 0, shape, dtype: "float" }],
    attrs: { start, size },
    output: { buffer: 1, shape: size, dtype: "float" },
  });

test("a slice is a window where it lies in one run and is an eighth of the whole or more", () => {
  expect(startOf([8, 4], [3, 0], [1, 4])).toBe(12);
  expect(startOf([9, 4], [3, 0], [1, 4])).toBeUndefined();
  expect(startOf([2, 4], [0, 1], [2, 2])).toBeUndefined();
  expect(startOf([1, 2, 4], [0, 1, 0], [1, 1, 4])).toBe(4);
  expect(startOf([4], [1], [0])).toBeUndefined();
});
