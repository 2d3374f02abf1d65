import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as abi from "../../../../kernels/wasm/abi.ts";
import * as opcodes from "../../../../kernels/wasm/opcodes.ts";
import { buildPlan } from "../../../../src/compile/build.ts";
import type { Device } from "../../../../src/engines/device.ts";
import { createReferenceDevice } from "../../../../src/engines/reference/device.ts";
import { createWasmDevice, type WasmBuffer } from "../../../../src/engines/wasm/device.ts";
import { programOf } from "../../../../src/engines/wasm/lowering/program.ts";
import { causalAttention } from "../../../../src/nn/attention.ts";
import { apply, constant } from "../../../../src/tensor/apply.ts";
import { optional } from "../../../../src/tensor/definitions.ts";
import { vjp } from "../../../../src/tensor/grad.ts";
import { sizeOf } from "../../../../src/tensor/shapes.ts";
import type { Shape, Tensor, TypedArray } from "../../../../src/tensor/tensor.ts";
import { noise } from "../../noise.ts";

const random = (shape: Shape, seed: number): Tensor => constant(noise(sizeOf(shape), seed), shape);

/** Attention and the cotangents of q, k and v; with G < H, triangles are stacked. */
function attention(B: number, G: number, queries: number, T: number, D: number): Tensor[] {
  const q = random([B, G * queries, T, D], 1);
  const [k, v] = [random([B, G, T, D], 2), random([B, G, T, D], 3)];
  const [y, pullback] = vjp(causalAttention, q, k, v);
  return [y, ...pullback(random(y.shape, 4))];
}

describe("causal attention on the wasm engine", () => {
  let devices: Device<WasmBuffer>[];
  const reference = createReferenceDevice() as Device<unknown>;
  beforeAll(async () => {
    devices = [
      await createWasmDevice({ threads: 1 }),
      await createWasmDevice({ threads: 2 }),
      await createWasmDevice({ threads: 1, relaxedSimd: false }),
    ];
  });
  afterAll(() => Promise.all(devices.map((device) => device.close())));

  async function compute<Buffer>(
    device: Device<Buffer>,
    ys: Tensor[],
    lacking = device.lacking,
  ): Promise<TypedArray[]> {
    const executable = await device.prepare(buildPlan(ys, [], { lacking }));
    const buffers = await executable.run([]);
    const data = await Promise.all(
      buffers.map((buffer, i) => device.read(buffer, (ys[i] as Tensor).shape, "float")),
    );
    for (const buffer of buffers) device.free(buffer);
    executable.dispose();
    return data;
  }

  async function check(ys: Tensor[]): Promise<void> {
    const want = await compute(reference, ys);
    for (const lacking of [[], optional]) {
      const [one, two, plain] = (await Promise.all(
        devices.map((device) => compute(device, ys, lacking)),
      )) as [TypedArray[], TypedArray[], TypedArray[]];
      one.forEach((data, i) => {
        expect(data.every((x, at) => Object.is(x, two[i]?.[at]))).toBe(true);
      });
      expectClose(want, [one, plain]);
    }
  }

  function expectClose(want: TypedArray[], results: TypedArray[][]): void {
    for (const got of results)
      want.forEach((exact, i) => {
        const far = exact.findIndex((x, j) => !(Math.abs((got[i]?.[j] as number) - x) <= 1e-5));
        expect(far, `result ${i}, element ${far}`).toBe(-1);
      });
  }

  test("equals the reference with its gradients, though it computes one half only", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 2),
        fc.constantFrom(1, 2),
        fc.constantFrom(1, 2, 3),
        fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(48, 64, 65)),
        fc.constantFrom(2, 4, 16, 34),
        (B, G, queries, T, D) => check(attention(B, G, queries, T, D)),
      ),
      { numRuns: 40 },
    ));

  test("does so where the triangles are longer than a block of steps, or of rows", () =>
    check(attention(1, 1, 2, 300, 12)));

  test("keeps no weights: what it needs grows with T, and by a block of rows", () => {
    const T = 512;
    const [q, k, v] = [1, 2, 3].map((seed) => random([1, 4, T, 8], seed)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const held = (threads: number, lacking: typeof optional) => {
      const [y, pullback] = vjp(causalAttention, q, k, v);
      return programOf(buildPlan([y, ...pullback(y)], [], { lacking }), threads).arenaBytes;
    };
    const matrices = 4 * 4 * T * T;
    expect(held(1, optional)).toBeGreaterThan(2 * matrices);
    expect(held(1, [])).toBeLessThan(matrices / 4);
    expect(held(2, [])).toBeLessThan(matrices);
  });

  test("leaves out half of every product", () => {
    const triangles = (ys: Tensor[]) =>
      programOf(buildPlan(ys, [], { lacking: optional }), 1)
        .instructions.filter(({ opcode }) => opcode === opcodes.MATMUL)
        .map(({ args }) => args[9])
        .sort();
    const half = [...Array(2).fill(abi.LOWER_RESULT), ...Array(4).fill(abi.LOWER_A)];
    expect(triangles(attention(2, 2, 1, 8, 4))).toEqual(half);
    expect(triangles(attention(2, 2, 2, 8, 4))).toEqual(half);
  });

  test("computes all scores where somebody else reads them", async () => {
    const [q, k] = [random([1, 6, 4], 1), random([1, 6, 4], 2)];
    const ys = attention(1, 1, 1, 6, 4);
    const scores = apply("matmul", [q, k], { transposeA: false, transposeB: true });
    await check([...ys, scores, apply("causalSoftmax", [scores], { scale: 0.5 })]);
  });
});
