import fc from "fast-check";
import { expect, test } from "vitest";
import { cellsOf, elementsOf, resultsOf } from "../../../kernels/gpu/kernel.ts";
import { matmul } from "../../../kernels/gpu/products/matmul.ts";
import { at, sizeOf } from "../../../src/tensor/shapes.ts";
import { traits } from "./emitted.ts";

const length = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 1, max: 400 }).map((n) => 4 * n),
  fc.integer({ min: 1, max: 12 }).map((n) => 2 ** n),
);
const call = fc.record({
  device: fc.constantFrom(...Object.values(traits)),
  ...{ batch: fc.integer({ min: 1, max: 4 }), m: length, k: length, n: length },
  ...{ transposeA: fc.boolean(), transposeB: fc.boolean() },
});

test("a product's kernels make whole numbers of cells, every number of the result once", () => {
  fc.assert(
    fc.property(call, ({ device, batch, m, k, n, transposeA, transposeB }) => {
      const shapes = [
        [batch, ...(transposeA ? [k, m] : [m, k])],
        [batch, ...(transposeB ? [n, k] : [k, n])],
      ];
      const attrs = { transposeA, transposeB };
      const dtypes = ["float", "float"] as const;
      const kernels = matmul({ ...device, shapes, dtypes, shape: [batch, m, n], attrs });
      for (const kernel of kernels) {
        expect(kernel.extent.every(Number.isInteger)).toBe(true);
        if ((kernel.rows ?? 1) > 1) expect(kernel.lanes).toBe(4);
        expect(resultsOf(kernel)).toBeLessThanOrEqual(device.targets);
      }
      expect(elementsOf(at(kernels, kernels.length - 1))).toBe(batch * m * n);
      // The product itself; a left factor that is turned first has no parts.
      const product = kernels.find(({ extent }) => extent.length === 4);
      if (!product) return;
      const [parts = 1] = product.extent;
      expect((k / (k % 4 === 0 ? 4 : 1)) % parts).toBe(0);
      expect(cellsOf(product) * product.lanes * (product.rows ?? 1)).toBe(
        parts * sizeOf([batch, m, n]),
      );
    }),
    { numRuns: 1000 },
  );
});
