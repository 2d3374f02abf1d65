import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPlan } from "../../../../src/compile/build.ts";
import { createWasmDevice, type WasmDevice } from "../../../../src/engines/wasm/device.ts";
import { apply, constant, ids } from "../../../../src/tensor/apply.ts";
import * as ops from "../../../../src/tensor/ops.ts";
import type { Tensor } from "../../../../src/tensor/tensor.ts";
import { noise } from "../../noise.ts";

/** Large enough that every kind of kernel is shared by threads. */
const N = 256;
const square = constant(noise(N * N, 3), [N, N]);
const row = constant(noise(N, 4), [N]);
const token = ids(Array.from({ length: N }, (_, i) => (i * 97) % N));
const column = (x: Tensor) => ops.slice(x, [0, 1], [N, 1]);

type Grow = (a: Tensor, b: Tensor, n: number) => Tensor;

/** Ways to make one more [N, N] tensor, all of bounded size, from two others. */
const ways: readonly Grow[] = [
  (a, b) => ops.tanh(ops.add(a, b)),
  (a, b) => ops.mul(ops.sub(a, b), 0.5),
  (a, b) => ops.maximum(a, ops.neg(b)),
  (a, b) => ops.select(ops.less(a, b), a, ops.exp(ops.tanh(b))),
  (a, b, n) =>
    ops.mul(apply("matmul", [a, b], { transposeA: n % 2 > 0, transposeB: n % 4 > 1 }), 1 / 16),
  (a) => ops.softmax(a),
  (a, b) => apply("softmaxGrad", [a, ops.softmax(b)], {}),
  (a) => ops.tanh(ops.logSoftmax(a)),
  (a) => apply("causalSoftmax", [a], { scale: 0.25 }),
  (a) => apply("rmsNorm", [a, row], { epsilon: 1e-5 }),
  (a, b) => apply("rmsNormGradX", [a, b, row], { epsilon: 1e-2 }),
  (a, b) => ops.tanh(ops.add(a, apply("rmsNormGradGain", [a, b], { epsilon: 1e-2 }))),
  (a, b) => apply("swigluGradGate", [a, ops.gelu(b), a], {}),
  (a, b) => ops.tanh(apply("geluGrad", [a, b], {})),
  (a) => ops.transpose(a),
  (a) => ops.pad(ops.slice(a, [3, 5], [N - 7, N - 5]), [1, 5], [6, 0]),
  (a, b) => ops.concat([ops.slice(a, [0, 0], [N, 100]), ops.slice(b, [0, 0], [N, N - 100])], 1),
  (a, b) => ops.tanh(ops.add(ops.sum(a, { axis: 0 }), ops.sum(b, { axis: 1, keepAxes: true }))),
  (a, b) => ops.sub(a, ops.max(b, { axis: 0 })),
  (a, b) => ops.mul(a, ops.mean(b)),
  (a) => ops.gather(a, token),
  (a) => ops.tanh(ops.scatterAdd(token, a, N)),
  (a, b) => ops.add(ops.mul(a, 0.5), column(b)),
  (a, b) => apply("ema", [a, b], { decay: 0.9 }),
  (a) => ops.tanh(ops.add(a, ops.reshape(apply("crossEntropy", [a, token], {}), [N, 1]))),
  (a, b) => ops.tanh(apply("anchoredKlGrad", [row, ops.logSoftmax(a), b], {})),
];

const graph = fc
  .array(fc.tuple(fc.nat(ways.length - 1), fc.nat(100), fc.nat(100)), {
    minLength: 6,
    maxLength: 20,
  })
  .map((choices) => {
    const made: Tensor[] = [square, ops.transpose(square)];
    for (const [way, i, j] of choices) {
      const [a, b] = [made[i % made.length], made[j % made.length]] as [Tensor, Tensor];
      made.push((ways[way] as Grow)(a, b, i));
    }
    return made;
  });

describe("the number of threads", () => {
  let devices: WasmDevice[];
  beforeAll(async () => {
    devices = await Promise.all([1, 2, 3].map((threads) => createWasmDevice({ threads })));
  });
  afterAll(() => Promise.all(devices.map((device) => device.close())));

  /** Bits of the last tensor and of another one. */
  async function bits(device: WasmDevice, made: readonly Tensor[]): Promise<Uint32Array[]> {
    const outputs = [made.at(-1), made[made.length >> 1]] as Tensor[];
    const executable = await device.prepare(buildPlan(outputs, []));
    const buffers = await executable.run([]);
    const data = await Promise.all(buffers.map((b) => device.read(b, [N, N], "float")));
    for (const buffer of buffers) device.free(buffer);
    executable.dispose();
    return data.map((x) => new Uint32Array(x.buffer));
  }

  test("changes no bit of any result", () =>
    fc.assert(
      fc.asyncProperty(graph, async (made) => {
        const [one, ...more] = await Promise.all(devices.map((device) => bits(device, made)));
        for (const other of more)
          other.forEach((data, i) => {
            const same = data.every((word, at) => word === one?.[i]?.[at]);
            expect(same, `result ${i}`).toBe(true);
          });
        // A result that is not a number anywhere would hide differences.
        for (const data of one as Uint32Array[])
          expect(new Float32Array(data.buffer).every((x) => Number.isFinite(x))).toBe(true);
      }),
      { numRuns: 100 },
    ));

  test("is used: phases are shared by threads, and joined where steps are independent", async () => {
    const [one, two] = devices as [WasmDevice, WasmDevice];
    const independent = [ops.softmax, ops.gelu, ops.exp].map((f) => f(square));
    const chain = ops.softmax(ops.gelu(ops.softmax(square)));
    const plans = [independent, [chain]].map((outputs) => buildPlan(outputs, []));
    const phases = (device: WasmDevice) =>
      Promise.all(plans.map(async (plan) => (await device.prepare(plan)).stats().phases));
    expect(await phases(one)).toEqual([1, 1]);
    expect(await phases(two)).toEqual([1, 3]);
  });
});
