import fc from "fast-check";
import { expect, test } from "vitest";
import { cutOf, partSizes } from "../../../src/compile/slices/cuts.ts";

/** The most rows of whole groups of 64 numbers that a part has room for, found by counting. */
function roomFor(width: number, most: number): number {
  let group = 1;
  while ((group * width) % 64 !== 0) group++;
  let rows = 0;
  while ((rows + group) * width <= most) rows += group;
  return rows;
}

test("tensors are cut alike, into as few parts as hold them, that begin at multiples of 64 numbers", () => {
  const shapes = fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 200 }));
  fc.assert(
    fc.property(shapes, fc.integer({ min: 12_800, max: 100_000 }), ([rows, width], most) => {
      const sizes = partSizes([rows, width], most);
      expect(sizes.reduce((a, b) => a + b, 0)).toBe(rows * width);
      for (const size of sizes) expect(size).toBeLessThanOrEqual(most);
      for (const size of sizes.slice(0, -1)) {
        expect(size % width).toBe(0);
        expect(size % 64).toBe(0);
      }
      const isWhole = rows * width <= most;
      expect(cutOf([rows, width], most) === undefined).toBe(isWhole);
      expect(sizes).toHaveLength(isWhole ? 1 : Math.ceil(rows / roomFor(width, most)));
      if (width > 1) expect(partSizes([1, rows, width], most)).toEqual(sizes);
    }),
  );
});
