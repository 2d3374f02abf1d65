import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPlan } from "../../../../src/compile/build.ts";
import type { Device } from "../../../../src/engines/device.ts";
import { createWasmDevice, type WasmBuffer } from "../../../../src/engines/wasm/device.ts";
import { apply, constant } from "../../../../src/tensor/apply.ts";
import { noise } from "../../noise.ts";

interface Product {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

const size = fc.oneof(
  fc.integer({ min: 1, max: 70 }),
  fc.constantFrom(1, 5, 6, 7, 8, 9, 16, 30, 31, 36, 48, 64), // around the edges of tiles
);
const flags = { transposeA: fc.boolean(), transposeB: fc.boolean() };
const small: fc.Arbitrary<Product> = fc.record({
  ...{ batch: fc.integer({ min: 1, max: 3 }), m: size, n: size, k: size },
  ...flags,
});
/** Sizes that need several blocks along k, panels and columns. */
const large: fc.Arbitrary<Product> = fc.record({
  batch: fc.constant(1),
  m: fc.integer({ min: 60, max: 150 }),
  n: fc.constantFrom(1, 33, 255, 256, 257, 300),
  k: fc.constantFrom(1, 127, 128, 129, 257, 400),
  ...flags,
});

/** The product in float64, and for each element the sum of |a · b| that bounds its rounding. */
function exact(
  { batch, m, n, k, transposeA, transposeB }: Product,
  a: Float64Array,
  b: Float64Array,
) {
  const sums = new Float64Array(batch * m * n);
  const sizes = new Float64Array(batch * m * n);
  for (let at = 0; at < sums.length; at++) {
    const [i, j] = [Math.floor(at / n) % m, at % n];
    const batchAt = Math.floor(at / (m * n));
    for (let p = 0; p < k; p++) {
      const x = a[batchAt * m * k + (transposeA ? p * m + i : i * k + p)] as number;
      const y = b[batchAt * k * n + (transposeB ? j * k + p : p * n + j)] as number;
      sums[at] = (sums[at] as number) + x * y;
      sizes[at] = (sizes[at] as number) + Math.abs(x * y);
    }
  }
  return { sums, sizes };
}

for (const options of [
  { relaxedSimd: true, threads: 1 },
  { relaxedSimd: true, threads: 2 },
  { relaxedSimd: false, threads: 1 },
])
  describe(`matmul with ${JSON.stringify(options)}`, () => {
    let device: Device<WasmBuffer>;
    beforeAll(async () => {
      device = await createWasmDevice(options);
    });
    afterAll(() => device.close());

    async function check(product: Product): Promise<void> {
      const { batch, m, n, k, transposeA, transposeB } = product;
      const a = noise(batch * m * k, 1);
      const b = noise(batch * k * n, 2);
      const x = constant(a, transposeA ? [batch, k, m] : [batch, m, k]);
      const y = constant(b, transposeB ? [batch, n, k] : [batch, k, n]);
      const node = apply("matmul", [x, y], { transposeA, transposeB });
      const executable = await device.prepare(buildPlan([node], []));
      const [buffer] = (await executable.run([])) as [WasmBuffer];
      const got = await device.read(buffer, node.shape, "float");
      device.free(buffer);
      executable.dispose();
      const { sums, sizes } = exact(product, a, b);
      // k additions and k products, each within half a unit of what they make.
      const worst = sums.findIndex(
        (want, i) =>
          !(Math.abs((got[i] as number) - want) <= (k + 1) * 2 ** -24 * (sizes[i] as number)),
      );
      expect(worst, `element ${worst}: ${got[worst]}, float64 ${sums[worst]}`).toBe(-1);
    }

    test("is within the rounding of k products for every size and transposition", () =>
      fc.assert(fc.asyncProperty(small, check), { numRuns: 150 }));

    test("is so across blocks of k, rows and columns", () =>
      fc.assert(fc.asyncProperty(large, check), { numRuns: 25 }));

    test("of an empty inner axis is zero", async () => {
      const node = apply(
        "matmul",
        [constant(new Float64Array(0), [3, 0]), constant(new Float64Array(0), [0, 9])],
        {
          transposeA: false,
          transposeB: false,
        },
      );
      const executable = await device.prepare(buildPlan([node], []));
      const [buffer] = (await executable.run([])) as [WasmBuffer];
      expect([...(await device.read(buffer, [3, 9], "float"))]).toEqual(Array(27).fill(0));
    });
  });
