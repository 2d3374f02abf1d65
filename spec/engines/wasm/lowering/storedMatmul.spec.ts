import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as abi from "../../../../kernels/wasm/abi.ts";
import { buildPlan } from "../../../../src/compile/build.ts";
import type { Plan } from "../../../../src/compile/plan.ts";
import type { Widening } from "../../../../src/compile/widening.ts";
import type { Device } from "../../../../src/engines/device.ts";
import { createWasmDevice, type WasmBuffer } from "../../../../src/engines/wasm/device.ts";
import type { Instruction } from "../../../../src/engines/wasm/lowering/instruction.ts";
import { programOf } from "../../../../src/engines/wasm/lowering/program.ts";
import { apply, constant, stored } from "../../../../src/tensor/apply.ts";
import { cast, matmul, transpose } from "../../../../src/tensor/ops.ts";
import { type Codes, round, widen } from "../../../../src/tensor/storage/types.ts";
import { type StorageType, Tensor } from "../../../../src/tensor/tensor.ts";
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

/** Both operands in q8_0: rows of whole blocks. */
const inBlocks = fc.record({
  m: fc.integer({ min: 1, max: 19 }),
  n: size,
  k: fc.integer({ min: 1, max: 9 }).map((blocks) => 32 * blocks),
  seed: fc.nat(99),
});

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

    async function run(
      node: Tensor,
      widening: Widening,
      steps: readonly string[],
    ): Promise<Uint32Array> {
      const plan = buildPlan([node], [], { widening });
      expect(plan.steps.map(({ op }) => op)).toEqual(steps);
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
      const got = await run(node, { matmul: true }, ["matmul"]);
      const want = await run(node, {}, ["cast", "matmul"]);
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

    test("multiplies the codes of two operands of q8_0, and rounds as it adds up blocks", () =>
      fc.assert(
        fc.asyncProperty(inBlocks, async ({ m, n, k, seed }) => {
          const [a, b] = [m, n].map((rows, i) =>
            round(
              "q8_0",
              noise(rows * k, seed + i).map((x) => 3 * x),
            ),
          ) as [Codes, Codes];
          const left = cast(stored("q8_0", a, [m, k]), "float");
          const node = matmul(left, transpose(cast(stored("q8_0", b, [n, k]), "float")));
          const got = await run(node, { matmul: true, blocks: true }, ["matmul"]);
          const [x, y] = [widen("q8_0", a), widen("q8_0", b)];
          for (const [at, sum] of new Float32Array(got.buffer).entries()) {
            const [i, j] = [Math.floor(at / n), at % n];
            const terms = Array.from(
              { length: k },
              (_, p) => (x[i * k + p] as number) * (y[j * k + p] as number),
            );
            const want = terms.reduce((total, term) => total + term, 0);
            const size = terms.reduce((total, term) => total + Math.abs(term), 0);
            // Each of four lanes adds up its part of every block, then they are added; more rows are
            // widened, and all k terms added.
            const roundings = m <= 16 ? k / 32 + 4 : k + 1;
            expect(Math.abs(sum - want)).toBeLessThanOrEqual(roundings * 2 ** -24 * size);
          }
        }),
        { numRuns: 40 },
      ));

    test.each([0x7c00, 0xfc00, 0x7e00])(
      "knows a scale of %i in one operand or both",
      async (code) => {
        const [m, n, k] = [2, 7, 64];
        const [a, b] = [m, n].map((rows) => round("q8_0", noise(rows * k, rows))) as [Codes, Codes];
        for (const codes of [b, a]) {
          new DataView(codes.buffer).setUint16(34 * 3, code, true);
          const x = cast(stored("q8_0", a, [m, k]), "float");
          const node = matmul(x, transpose(cast(stored("q8_0", b, [n, k]), "float")));
          const got = await run(node, { matmul: true, blocks: true }, ["matmul"]);
          const want = await run(node, {}, ["cast", "cast", "transpose", "matmul"]);
          const finite = (bits: Uint32Array): boolean[] =>
            Array.from(new Float32Array(bits.buffer), (x) => Number.isFinite(x));
          expect(finite(got)).toEqual(finite(want));
          expect(finite(got)).toContain(false);
          if (codes === b) expect(finite(got)).toContain(true);
        }
      },
    );

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

    test("of rows too long to be widened four at a time", async () => {
      for (const dtype of ["bf16", "f16", "q8_0"] as const)
        await check({ ...{ dtype, m: 9, n: 5, k: 9024, seed: 3 }, ...transposed });
      await check({ ...{ dtype: "bf16", m: 4, n: 5, k: 9001, seed: 3 }, ...transposed });
    });

    test("of a few rows by more columns than a block has", async () => {
      for (const dtype of ["bf16", "q8_0"] as const)
        await check({
          ...{ dtype, m: 3, n: 2 * abi.MOST_COLUMNS + 5, k: 32, seed: 3 },
          ...transposed,
        });
    });

    test("of an empty inner axis is zero", () =>
      check({ ...{ dtype: "bf16", m: 3, n: 9, k: 0, seed: 3 }, ...transposed }));
  });

describe("products of one row by weights of real size", () => {
  /** Of the busiest thread, when each takes the next task as it is done, over an equal share. */
  function imbalance(plan: Plan, threads: number): number {
    const [{ args, tasks }] = programOf(plan, threads).instructions as [Instruction];
    const [units, perTask] = [args[abi.ALL] as number, args[abi.PER_TASK] as number];
    const busy = Array<number>(threads).fill(0);
    for (let task = 0; task < tasks; task++) {
      const least = busy.indexOf(Math.min(...busy));
      busy[least] = (busy[least] as number) + Math.min(perTask, units - task * perTask);
    }
    return (Math.max(...busy) * threads) / units;
  }

  test.each([
    [576, 1536],
    [1536, 576],
    [896, 4864],
    [4864, 896],
    [896, 151_936],
  ])("are shared by two threads and by eight: %i in, %i out", (k, n) => {
    for (const dtype of ["float", "bf16", "q8_0"] as const) {
      const [x, w] = [
        new Tensor("placeholder", [1, k], "float", [], { index: 0 }),
        new Tensor("placeholder", [n, k], dtype, [], { index: 1 }),
      ];
      const node = matmul(x, cast(w, "float"), { transposeB: true });
      const plan = buildPlan([node], [x, w], { widening: { matmul: true } });
      expect(imbalance(plan, 2)).toBeLessThanOrEqual(1.2);
      if (n * k > 4e6) expect(imbalance(plan, 8)).toBeLessThanOrEqual(1.3);
    }
  });
});
