import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as opcodes from "../../../../kernels/wasm/opcodes.ts";
import { buildPlan } from "../../../../src/compile/build.ts";
import type { Plan } from "../../../../src/compile/plan.ts";
import { createWasmDevice, type WasmDevice } from "../../../../src/engines/wasm/device.ts";
import { programOf } from "../../../../src/engines/wasm/lowering/program.ts";
import { crossEntropy } from "../../../../src/nn/losses.ts";
import { gradientNorms } from "../../../../src/optim/clip.ts";
import { tensor } from "../../../../src/tensor/apply.ts";
import { asTensor } from "../../../../src/tensor/moves.ts";
import * as ops from "../../../../src/tensor/ops.ts";
import { at, sizeOf } from "../../../../src/tensor/shapes.ts";
import { Tensor } from "../../../../src/tensor/tensor.ts";

const argument = (index: number, shape: readonly number[]): Tensor =>
  new Tensor("placeholder", shape, "float", [], { index });
const filled = (factor: number, shape: readonly number[]): Tensor =>
  ops.broadcastTo(asTensor(factor), shape);

const opcodesOf = (plan: Plan): number[] =>
  programOf(plan, 1).instructions.map(({ opcode }) => opcode);

describe("a sum of squares", () => {
  let device: WasmDevice;
  beforeAll(async () => {
    device = await createWasmDevice({ threads: 1 });
  });
  afterAll(() => device.close());

  async function bitsOf(plan: Plan, numbers: Float32Array<ArrayBuffer>): Promise<Uint32Array> {
    const x = device.upload(numbers, [numbers.length], "float");
    const executable = await device.prepare(plan);
    const outputs = await executable.run([x]);
    const read = await device.read(at(outputs, 0), [], "float");
    executable.dispose();
    for (const buffer of [x, ...outputs]) device.free(buffer);
    return new Uint32Array(read.buffer, read.byteOffset, read.length);
  }

  const edges = [NaN, Infinity, -Infinity, 0, -0, 3e38, -1e-38, 1e-45, 2 ** 64, 1];
  const factors = [undefined, 2 ** -80, 0.3, 0, -1, Infinity, NaN];

  test("has the bits of the squares when they are stored, at the edges too", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 70 }),
        fc.constantFrom(...factors),
        fc.integer(),
        async (rows, columns, factor, seed) => {
          const shape = [rows, columns];
          const x = argument(0, shape);
          const scaled = factor === undefined ? x : ops.mul(x, filled(factor, shape));
          const squares = ops.mul(scaled, scaled);
          const sum = ops.sum(squares, { axis: -1 });
          const fused = buildPlan([sum], [x]);
          // What is returned must be stored.
          const stored = buildPlan([sum, squares], [x]);
          expect(opcodesOf(fused)).toEqual([opcodes.SUM_SQUARES]);
          expect(opcodesOf(stored)).not.toContain(opcodes.SUM_SQUARES);
          const values = Float32Array.from({ length: rows * columns }, (_, i) =>
            seed % 3 === 0 && i % 5 === 0
              ? at(edges, Math.abs(seed + i) % edges.length)
              : 100 * Math.sin(seed + i),
          );
          expect(await bitsOf(fused, values)).toEqual(await bitsOf(stored, values));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("is all that is read of a gradient for the norms of a step", () => {
    const grads = [0, 1].map((index) => argument(index, [40, 30]));
    const { norm, distantSum } = gradientNorms(grads);
    const program = programOf(buildPlan([norm, distantSum], grads), 1);
    const reads = program.instructions.filter((x) => x.reads.some((buffer) => buffer < 2));
    expect(reads.map(({ opcode }) => opcode)).toEqual(Array(4).fill(opcodes.SUM_SQUARES));
    const held = program.buffers.filter((_, i) => program.places[i]?.kind === "arena");
    expect(Math.max(...held.map(({ elements }) => elements))).toBe(1);
  });

  test("leaves squares of wide logits to the blocks of rows that make them", async () => {
    const [rows, columns] = [1024, 2048];
    const inputs = [argument(0, [rows, 2]), argument(1, [2, columns])];
    const [x, w] = inputs as [Tensor, Tensor];
    const logits = ops.matmul(x, w);
    const labels = tensor(new Int32Array(rows), [rows]);
    const loss = crossEntropy(logits, labels);
    const squares = ops.sum(ops.mul(logits, logits));
    const read = async (outputs: readonly Tensor[]): Promise<number[]> => {
      const executable = await device.prepare(buildPlan(outputs, inputs));
      const given = inputs.map(({ shape }, seed) => {
        const numbers = Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i + seed));
        return device.upload(numbers, shape, "float");
      });
      const made = await executable.run(given);
      const numbers = await Promise.all(made.map((y) => device.read(y, [], "float")));
      executable.dispose();
      for (const buffer of [...given, ...made]) device.free(buffer);
      return numbers.map((y) => at(y, 0));
    };
    const [both, one, other] = [
      await read([loss, squares]),
      await read([loss]),
      await read([squares]),
    ];
    expect(both).toEqual([...one, ...other]);
  });

  test("stays apart from what others read, other axes and products of two", () => {
    const x = argument(0, [6, 5]);
    const y = argument(1, [6, 5]);
    const square = ops.mul(x, x);
    const all: readonly (readonly Tensor[])[] = [
      [ops.sum(square, { axis: 0 })],
      [ops.sum(ops.mul(x, y), { axis: -1 })],
      [ops.sum(square, { axis: -1 }), ops.exp(square)],
    ];
    for (const outputs of all)
      expect(opcodesOf(buildPlan(outputs, [x, y]))).not.toContain(opcodes.SUM_SQUARES);
    const doubled = ops.mul(x, filled(2, [6, 5]));
    const twice = [ops.sum(ops.mul(doubled, doubled), { axis: -1 }), ops.exp(doubled)];
    expect(opcodesOf(buildPlan(twice, [x]))).toContain(opcodes.SUM_SQUARES);
  });
});
