import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPlan } from "../../../src/compile/build.ts";
import type { Device } from "../../../src/engines/device.ts";
import { createWasmDevice, type WasmBuffer } from "../../../src/engines/wasm/device.ts";
import { apply, full, tensor } from "../../../src/tensor/apply.ts";
import * as ops from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { ulps } from "../ulps.ts";

/** `count` numbers from `from` to `to`, rounded to float32. */
const sweep = (from: number, to: number, count = 20_001): Float64Array =>
  Float64Array.from({ length: count }, (_, i) =>
    Math.fround(from + ((to - from) * i) / (count - 1)),
  );

/** Powers from 10^from to 10^to, of both signs. */
const powers = (from: number, to: number): Float64Array =>
  Float64Array.from(sweep(from, to, 4001), (e, i) => Math.fround((i % 2 ? -1 : 1) * 10 ** e));

for (const relaxedSimd of [false, true])
  describe(`transcendental kernels with ${relaxedSimd ? "relaxed SIMD" : "SIMD"}`, () => {
    let device: Device<WasmBuffer>;
    beforeAll(async () => {
      device = await createWasmDevice({ threads: 1, relaxedSimd });
    });
    afterAll(() => device.close());

    async function run(f: (x: Tensor) => Tensor, xs: Float64Array): Promise<Float32Array> {
      const executable = await device.prepare(buildPlan([f(tensor(xs, [xs.length]))], []));
      const [y] = (await executable.run([])) as [WasmBuffer];
      const values = await device.read(y, [xs.length], "float");
      device.free(y);
      executable.dispose();
      return values as Float32Array;
    }

    async function worst(
      f: (x: Tensor) => Tensor,
      exact: (x: number) => number,
      xs: Float64Array,
    ): Promise<number> {
      const ys = await run(f, xs);
      return xs.reduce((most, x, i) => Math.max(most, ulps(ys[i] as number, exact(x))), 0);
    }

    test("exp is within 1.5 units of the last place, subnormal results included", async () => {
      expect(await worst(ops.exp, Math.exp, sweep(-110, 88.7))).toBeLessThan(1.5);
      expect(await worst(ops.exp, Math.exp, powers(-30, 1.9))).toBeLessThan(1.5);
    });

    test("log is within 1.5 units, near 1 and for subnormal arguments too", async () => {
      expect(await worst(ops.log, Math.log, sweep(1e-3, 50))).toBeLessThan(1.5);
      expect(await worst(ops.log, Math.log, sweep(0.99, 1.01))).toBeLessThan(1.5);
      expect(await worst(ops.log, Math.log, powers(-44, 38).map(Math.abs))).toBeLessThan(1.5);
    });

    test("tanh is within 3 units, relatively near 0 too", async () => {
      expect(await worst(ops.tanh, Math.tanh, sweep(-12, 12))).toBeLessThan(3);
      expect(await worst(ops.tanh, Math.tanh, powers(-30, 2))).toBeLessThan(3);
    });

    test.each([
      ["cos", ops.cos, Math.cos],
      ["sin", ops.sin, Math.sin],
    ] as const)("%s is the nearest float32, or next to it, of any angle", async (_, f, exact) => {
      const anySize = sweep(-127, 128).map((e, i) => Math.fround((i % 2 ? -1 : 1) * 2 ** e));
      const angles = anySize.map((x) => (Number.isFinite(x) ? x : Math.fround(3.4e38)));
      expect(await worst(f, exact, Float64Array.of(...angles, 463960480))).toBeLessThan(1);
      expect(await worst(f, exact, sweep(-1e4, 1e4))).toBeLessThan(1);
      expect(await worst(f, exact, sweep(-7, 7))).toBeLessThan(1);
    });

    test("sqrt is exact", async () => {
      expect(await worst(ops.sqrt, Math.sqrt, powers(-40, 38).map(Math.abs))).toBeLessThanOrEqual(
        0.5,
      );
    });

    test("limits are limits", async () => {
      const at = async (f: (x: Tensor) => Tensor, ...xs: number[]) => [
        ...(await run(f, Float64Array.from(xs))),
      ];
      const big = Number.POSITIVE_INFINITY;
      expect(await at(ops.exp, -big, -1000, -104.1, 0, 100, big, Number.NaN)).toEqual([
        ...[0, 0, 0, 1, big, big, Number.NaN],
      ]);
      expect(await at(ops.log, 0, -0, -1, 1, big, Number.NaN)).toEqual([
        ...[-big, -big, Number.NaN, 0, big, Number.NaN],
      ]);
      expect(await at(ops.tanh, -big, -100, 0, 100, big, Number.NaN)).toEqual([
        ...[-1, -1, 0, 1, 1, Number.NaN],
      ]);
      expect(await at(ops.sqrt, 0, -1, big)).toEqual([0, Number.NaN, big]);
      const none = [Number.NaN, Number.NaN, Number.NaN];
      expect(await at(ops.cos, 0, big, -big, Number.NaN)).toEqual([1, ...none]);
      expect(await at(ops.sin, 0, -0, big, -big, Number.NaN)).toEqual([0, -0, ...none]);
    });

    test("sigmoid-shaped kernels saturate at ±100 and ±10⁴", async () => {
      const xs = Float64Array.from([-1e4, -100, -88, -1, 0, 1, 88, 100, 1e4]);
      const silu = await run((x) => apply("swiglu", [x, full([xs.length], 1)], {}), xs);
      const gelu = await run(ops.gelu, xs);
      xs.forEach((x, i) => {
        const close = (y: number) => expect.closeTo(y, 5);
        expect(silu[i]).toEqual(close(x / (1 + Math.exp(-x))));
        const u = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
        expect(gelu[i]).toEqual(close((x / 2) * (1 + Math.tanh(u))));
      });
    });

    test("slopes of activations end in 0 and 1, however large the numbers", async () => {
      const xs = Float64Array.from([-3e38, -1e20, -1e15, -1e3, 1e3, 1e15, 1e20, 3e38]);
      const ends = [0, 0, 0, 0, 1, 1, 1, 1];
      const one = full([xs.length], 1);
      const gelu = await run((x) => apply("geluGrad", [one, x], {}), xs);
      const silu = await run((x) => apply("swigluGradGate", [one, x, one], {}), xs);
      expect([...gelu].map((y) => y + 0)).toEqual(ends);
      expect([...silu].map((y) => y + 0)).toEqual(ends);
    });

    test("softmax sums to 1 and is 0 far below the largest", async () => {
      const xs = Float64Array.from([-1e30, -200, 0, 1000, 1000.5, 999]);
      const p = await run(ops.softmax, xs);
      expect([...p.slice(0, 3)]).toEqual([0, 0, 0]);
      expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
      const logP = await run(ops.logSoftmax, xs);
      p.slice(3).forEach((y, i) => {
        expect(Math.exp(logP[i + 3] as number)).toBeCloseTo(y, 6);
      });
    });
  });
