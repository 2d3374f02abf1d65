import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPlan } from "../../../../src/compile/build.ts";
import type { Device } from "../../../../src/engines/device.ts";
import { createWasmDevice, type WasmBuffer } from "../../../../src/engines/wasm/device.ts";
import { apply, constant, stored } from "../../../../src/tensor/apply.ts";
import { cast } from "../../../../src/tensor/ops.ts";
import { type Codes, round } from "../../../../src/tensor/storage/types.ts";
import type { StorageType, Tensor } from "../../../../src/tensor/tensor.ts";
import { noise } from "../../noise.ts";

interface Product {
  readonly dtype: StorageType;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly seed: number;
}

/** Makes the axis along which a matrix is stored whole blocks. */
const whole = ({ n, k, ...rest }: Product): Product => {
  const up = (x: number): number => (rest.dtype === "q8_0" ? 32 * Math.ceil(x / 32) : x);
  return rest.transposeB ? { ...rest, n, k: up(k) } : { ...rest, n: up(n), k };
};
const common = {
  ...{ dtype: fc.constantFrom<StorageType[]>("bf16", "f16", "q8_0"), seed: fc.nat(99) },
  ...{ transposeA: fc.boolean(), transposeB: fc.boolean() },
};
const size = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(4, 7, 8, 12, 32, 64));
/** A token or a few times weights [out, in], as in decoding. */
const few: fc.Arbitrary<Product> = fc
  .record({
    ...common,
    ...{ m: fc.integer({ min: 1, max: 17 }), n: size, k: size },
    ...{ transposeA: fc.constant(false), transposeB: fc.constant(true) },
  })
  .map(whole);
const small = fc.record({ ...common, m: size, n: size, k: size }).map(whole);
/** Sizes that need several blocks along k, panels and columns. */
const large = fc
  .record({
    ...common,
    m: fc.integer({ min: 17, max: 60 }),
    n: fc.constantFrom(1, 33, 256, 257, 300),
    k: fc.constantFrom(1, 127, 128, 129, 400),
  })
  .map(whole);

const transposed = { transposeA: false, transposeB: true };

/** Codes of ordinary numbers, with subnormals among them. */
function codesOf({ dtype, n, k, seed }: Product): Codes {
  const scales = [1, 1, 1, 2 ** -16, 0];
  const spread = noise(n * k, seed + 1).map((x, i) => x * (scales[(i >> 5) % 5] ?? 1));
  return round(dtype, spread);
}

for (const options of [
  { relaxedSimd: true, threads: 1 },
  { relaxedSimd: true, threads: 2 },
  { relaxedSimd: false, threads: 1 },
])
  describe(`matmul of stored numbers with ${JSON.stringify(options)}`, () => {
    let device: Device<WasmBuffer>;
    beforeAll(async () => {
      device = await createWasmDevice(options);
    });
    afterAll(() => device.close());

    async function run(node: Tensor, matmul: boolean): Promise<Uint32Array> {
      const plan = buildPlan([node], [], { widening: { matmul } });
      expect(plan.steps.map(({ op }) => op)).toEqual(matmul ? ["matmul"] : ["cast", "matmul"]);
      const executable = await device.prepare(plan);
      const [buffer] = (await executable.run([])) as [WasmBuffer];
      const got = await device.read(buffer, node.shape, "float");
      device.free(buffer);
      executable.dispose();
      return new Uint32Array(Float32Array.from(got).buffer);
    }

    async function check(product: Product, codes = codesOf(product)): Promise<void> {
      const { dtype, m, n, k, transposeA, transposeB, seed } = product;
      const x = constant(noise(m * k, seed), transposeA ? [k, m] : [m, k]);
      const w = stored(dtype, codes, transposeB ? [n, k] : [k, n]);
      const node = apply("matmul", [x, cast(w, "float")], { transposeA, transposeB });
      const [got, want] = [await run(node, true), await run(node, false)];
      const wrong = want.findIndex((bits, i) => bits !== got[i]);
      expect([wrong, got[wrong]]).toEqual([-1, undefined]);
    }

    test("of a few rows has the bits of the product with the widened numbers", () =>
      fc.assert(
        fc.asyncProperty(few, (product) => check(product)),
        { numRuns: 60 },
      ));

    test("of any size and transposition has them", () =>
      fc.assert(
        fc.asyncProperty(small, (product) => check(product)),
        { numRuns: 60 },
      ));

    test("has them across blocks of k, rows and columns", () =>
      fc.assert(
        fc.asyncProperty(large, (product) => check(product)),
        { numRuns: 12 },
      ));

    test.each([1, 2, 5, 20])("knows infinities and NaN of f16 in %i rows", async (m) => {
      const [n, k] = [9, 21];
      const codes = codesOf({ ...{ dtype: "f16", m, n, k, seed: 3 }, ...transposed });
      for (const [at, code] of [
        [3 * k + 2, 0x7c00],
        [4 * k + 20, 0xfc00],
      ] as const)
        codes[at] = code;
      await check({ ...{ dtype: "f16", m, n, k, seed: 3 }, ...transposed }, codes as Codes);
    });

    test("of rows too long to be widened four at a time", () =>
      check({ ...{ dtype: "bf16", m: 4, n: 5, k: 9001, seed: 3 }, ...transposed }));

    test("of an empty inner axis is zero", () =>
      check({ ...{ dtype: "bf16", m: 3, n: 9, k: 0, seed: 3 }, ...transposed }));
  });
