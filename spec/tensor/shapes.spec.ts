import { expect, test } from "vitest";
import { at } from "../../src/tensor/shapes.ts";

test("at is the element, or an error that says which index there is none at", () => {
  expect(at([7, 8], 1)).toBe(8);
  expect(at(new Float32Array([1.5]), 0)).toBe(1.5);
  for (const index of [-1, 2, 0.5, NaN])
    expect(() => at([7, 8], index)).toThrow(`expected an index below 2, got ${index}`);
});
