import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPlan } from "../../../src/compile/build.ts";
import type { Device } from "../../../src/engines/device.ts";
import { createReferenceDevice } from "../../../src/engines/reference/device.ts";
import { createWasmDevice, type WasmBuffer } from "../../../src/engines/wasm/device.ts";
import { apply, constant, ids, stored } from "../../../src/tensor/apply.ts";
import * as ops from "../../../src/tensor/ops.ts";
import { sizeOf } from "../../../src/tensor/shapes.ts";
import { round } from "../../../src/tensor/storage/types.ts";
import type { Shape, StorageType, Tensor, TypedArray } from "../../../src/tensor/tensor.ts";
import { noise } from "../noise.ts";
import { type Computer, createBackwardsDevice } from "./backwards.ts";

// The laws of spec/laws use short axes. Here they are long enough to leave parts of vectors, tiles,
// blocks of rows and tasks over.

const random = (shape: Shape, seed: number): Tensor => constant(noise(sizeOf(shape), seed), shape);
const positions = (count: number, n: number): Tensor =>
  ids(Array.from({ length: count }, (_, i) => (i * 7919) % n));

const length = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(1, 4, 15, 16, 17, 33));
const shapeOf = (rank: number): fc.Arbitrary<Shape> =>
  fc.array(length, { minLength: rank, maxLength: rank }).filter((shape) => sizeOf(shape) < 60_000);
const anyShape = fc.integer({ min: 1, max: 4 }).chain(shapeOf);
const matrix = fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 70 }));
const withAxis = anyShape.chain((shape) => fc.tuple(fc.constant(shape), fc.nat(shape.length - 1)));

/** A storage type and a matrix: of Q8_0, of whole blocks. */
const storable = fc
  .tuple(fc.constantFrom<StorageType[]>("bf16", "f16", "q8_0"), matrix)
  .map(([dtype, [r, c]]) => [dtype, [r, dtype === "q8_0" ? 32 * Math.ceil(c / 32) : c]] as const);

/** A kind of kernel, and tensors that it computes. */
const kernels: Readonly<Record<string, fc.Arbitrary<Tensor>>> = {
  transpose: anyShape.chain((shape) =>
    fc
      .shuffledSubarray([...shape.keys()], { minLength: shape.length })
      .map((permutation) => apply("transpose", [random(shape, 1)], { permutation })),
  ),
  "slice and pad": anyShape.chain((shape) =>
    fc
      .tuple(...shape.map((n) => fc.tuple(fc.nat(n - 1), fc.nat(n - 1), fc.nat(3), fc.nat(5))))
      .map((cuts) => {
        const start = cuts.map(([a, b]) => Math.min(a, b));
        const size = cuts.map(([a, b]) => Math.abs(a - b) + 1);
        const part = ops.slice(random(shape, 2), start, size);
        return ops.pad(
          part,
          cuts.map(([, , before]) => before),
          cuts.map(([, , , after]) => after),
        );
      }),
  ),
  concat: withAxis.chain(([shape, axis]) =>
    fc.array(length, { minLength: 1, maxLength: 4 }).map((lengths) =>
      ops.concat(
        lengths.map((n, i) => random(shape.with(axis, n), i)),
        axis,
      ),
    ),
  ),
  broadcast: anyShape.chain((shape) =>
    fc.subarray([...shape.keys()]).map((axes) =>
      ops.broadcastTo(
        random(
          shape.map((n, i) => (axes.includes(i) ? 1 : n)),
          3,
        ),
        shape,
      ),
    ),
  ),
  "broadcast of whole blocks": fc
    .constantFrom([1, 8192], [2, 12_288], [3, 5000])
    .map((shape) => ops.broadcastTo(random([shape[0] as number, 1], 3), shape)),
  sum: withAxis.map(([shape, axis]) => ops.sum(random(shape, 4), { axis })),
  max: withAxis.map(([shape, axis]) => ops.max(random(shape, 5), { axis })),
  argmax: withAxis.map(([shape, axis]) => ops.argmax(random(shape, 6), axis)),
  matmul: fc
    .tuple(fc.integer({ min: 1, max: 3 }), length, length, length, fc.boolean(), fc.boolean())
    .map(([batch, m, n, k, transposeA, transposeB]) => {
      const a = random([batch, ...(transposeA ? [k, m] : [m, k])], 1);
      const b = random([batch, ...(transposeB ? [n, k] : [k, n])], 2);
      return apply("matmul", [a, b], { transposeA, transposeB });
    }),
  scatterRows: matrix.map(([r, c]) =>
    apply("scatterRows", [random([r, c], 1), positions(5, r), random([5, c], 2)], {}),
  ),
  gather: matrix.map(([r, c]) => ops.gather(random([r, c], 7), positions(100, r))),
  scatterAdd: matrix.map(([r, c]) => ops.scatterAdd(positions(r, 13), random([r, c], 8), 13)),
  softmax: matrix.map(([r, c]) => ops.softmax(random([r, c], 9))),
  softmaxGrad: matrix.map((s) =>
    apply("softmaxGrad", [random(s, 1), ops.softmax(random(s, 2))], {}),
  ),
  logSoftmax: matrix.map((s) => ops.logSoftmax(random(s, 10))),
  logSoftmaxGrad: matrix.map((s) =>
    apply("logSoftmaxGrad", [random(s, 1), ops.logSoftmax(random(s, 2))], {}),
  ),
  causalSoftmax: fc
    .tuple(fc.integer({ min: 1, max: 3 }), length, fc.constantFrom(0.3, -2))
    .map(([b, T, scale]) => apply("causalSoftmax", [random([b, T, T], 11)], { scale })),
  rmsNorm: matrix.map(([r, c]) =>
    apply("rmsNorm", [random([r, c], 12), random([c], 13)], { epsilon: 1e-5 }),
  ),
  rmsNormGradX: matrix.map(([r, c]) =>
    apply("rmsNormGradX", [random([r, c], 1), random([r, c], 2), random([c], 3)], { epsilon: 0.1 }),
  ),
  rmsNormGradGain: matrix.map((s) =>
    apply("rmsNormGradGain", [random(s, 1), random(s, 2)], { epsilon: 1e-5 }),
  ),
  rope: fc
    .tuple(fc.integer({ min: 1, max: 3 }), length, fc.integer({ min: 1, max: 20 }), fc.boolean())
    .map(([b, T, half, inverse]) =>
      apply("rope", [random([b, T, 2 * half], 1), random([T, half], 2), random([T, half], 3)], {
        inverse,
      }),
    ),
  crossEntropy: matrix.map(([r, c]) =>
    apply("crossEntropy", [random([r, c], 14), positions(r, c)], {}),
  ),
  crossEntropyGrad: matrix.map(([r, c]) =>
    apply("crossEntropyGrad", [random([r], 1), random([r, c], 15), positions(r, c)], {}),
  ),
  anchoredKl: matrix.map((s) =>
    apply("anchoredKl", [ops.logSoftmax(random(s, 1)), random(s, 2)], {}),
  ),
  anchoredKlGrad: matrix.map((s) =>
    apply("anchoredKlGrad", [random([s[0]], 1), ops.logSoftmax(random(s, 1)), random(s, 2)], {}),
  ),
  "cast to fewer bits": storable.map(([dtype, shape]) =>
    ops.cast(ops.mul(random(shape, 16), 4), dtype),
  ),
  "cast of fewer bits": storable.map(([dtype, shape]) =>
    ops.cast(stored(dtype, round(dtype, noise(sizeOf(shape), 17)), shape), "float"),
  ),
  activations: matrix.map((s) => {
    const [x, y] = [ops.mul(random(s, 1), 4), random(s, 2)];
    const swiglu = apply("swiglu", [x, y], {});
    const gate = apply("swigluGradGate", [y, x, y], {});
    return ops.add(ops.add(swiglu, gate), ops.add(ops.gelu(x), apply("geluGrad", [y, x], {})));
  }),
  optimizer: matrix.map((s) => {
    const m = apply("ema", [random(s, 1), random(s, 2)], { decay: 0.9 });
    const v = apply("emaSquare", [ops.square(random(s, 1)), random(s, 2)], { decay: 0.99 });
    const scalars = constant(Float64Array.of(0.5, 2, 3), [3]);
    return apply("adamwUpdate", [random(s, 3), m, v, scalars], {
      epsilon: 0.125,
      weightDecay: 0.25,
    });
  }),
};

describe("wasm kernels equal the reference on long and odd shapes", () => {
  let devices: Computer<WasmBuffer>[];
  const reference = createReferenceDevice() as Device<unknown>;
  beforeAll(async () => {
    devices = [
      await createWasmDevice({ threads: 2 }),
      await createWasmDevice({ threads: 1, relaxedSimd: false }),
      await createBackwardsDevice(),
    ];
  });
  afterAll(() => Promise.all(devices.map((device) => device.close())));

  async function compute<Buffer>(device: Computer<Buffer>, y: Tensor): Promise<TypedArray> {
    const executable = await device.prepare(buildPlan([y], []));
    const [buffer] = (await executable.run([])) as [Buffer];
    const data = await device.read(buffer, y.shape, y.dtype);
    device.free(buffer);
    executable.dispose();
    return data;
  }

  for (const [name, cases] of Object.entries(kernels))
    test(name, () =>
      fc.assert(
        fc.asyncProperty(cases, async (y) => {
          const want = await compute(reference, y);
          // Sums over rows cancel: their rounding is that of their terms, which are about 1 here.
          const rows =
            y.op === "rmsNormGradGain" ? sizeOf((y.inputs[0] as Tensor).shape) / want.length : 0;
          const least = Math.max(1e-3, rows / 4);
          const scale = Float64Array.from(want).reduce(
            (most, x) => Math.max(most, Math.abs(x)),
            least,
          );
          for (const device of devices) {
            const got = await compute(device, y);
            expect(got.length).toBe(want.length);
            const at = want.findIndex(
              (x, i) => !(Math.abs((got[i] as number) - x) <= 2e-6 * scale),
            );
            expect(at, `element ${at}: ${got[at]}, reference ${want[at]}`).toBe(-1);
          }
        }),
        { numRuns: 40 },
      ),
    );
});
