import fc from "fast-check";
import { expect, test } from "vitest";
import {
  groupsOfRows,
  isOfRows,
  MOST_ROWS,
  rowsMatmul,
} from "../../../kernels/gpu/products/rowsMatmul.ts";
import { MOST_GROUPS } from "../../../kernels/gpu/wgsl.ts";

const product = fc.record({
  batch: fc.integer({ min: 1, max: 70_000 }),
  m: fc.integer({ min: 1, max: 2 * MOST_ROWS }),
  k: fc.integer({ min: 1, max: 5000 }),
  n: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 2 ** 24 })),
  ...{ transposeA: fc.boolean(), transposeB: fc.boolean() },
});

test("a product of a few rows fits every device, and has a group for each four columns", () => {
  fc.assert(
    fc.property(product, (drawn) => {
      if (!isOfRows(drawn)) return;
      const [x, y, z] = groupsOfRows(drawn);
      expect(x * y).toBeGreaterThanOrEqual(Math.ceil(drawn.n / 4));
      expect((x - 1) * y).toBeLessThan(Math.ceil(drawn.n / 4));
      expect(z).toBe(drawn.batch);
      for (const count of [x, y, z]) expect(count).toBeLessThanOrEqual(MOST_GROUPS);
      // The specification's default for the memory of a workgroup.
      const kept = Number(
        /var<workgroup> \w+ : array<vec4<f32>, (\d+)>/.exec(
          rowsMatmul(drawn, { subgroups: drawn.batch % 2 === 0 }),
        )?.[1],
      );
      expect(16 * kept).toBeLessThanOrEqual(16_384);
    }),
    { numRuns: 500 },
  );
});
