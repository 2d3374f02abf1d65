import { expect, test } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import { trace } from "../../../src/engines/trace.ts";
import { programOf } from "../../../src/engines/wasm/lowering/program.ts";
import { openTimedMachine } from "../../../src/engines/wasm/timing.ts";
import { rmsNorm } from "../../../src/nn/functions.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { grad } from "../../../src/tensor/grad.ts";
import { matmul, mean, square } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

const numbers = (count: number, shape: readonly number[]): Tensor<"constant"> =>
  constant(
    Float32Array.from({ length: count }, (_, i) => Math.sin(i + 1)),
    shape,
  );

const loss = (w: Tensor, gain: Tensor): Tensor =>
  mean(square(matmul(rmsNorm(w, gain), w, { transposeB: true })));
const step = (w: Tensor, gain: Tensor): Tensor =>
  grad((x: Tensor) => loss(x, gain))(w) as unknown as Tensor;

/** Sums many rows in parts, which lie in a workspace. */
const ofGain = (w: Tensor, gain: Tensor): Tensor =>
  grad((x: Tensor) => loss(w, x))(gain) as unknown as Tensor;

test.each([1, 2])(
  "%i threads: instructions one by one compute what they do together",
  async (threads) => {
    const args = [numbers(96 * 64, [96, 64]), numbers(64, [64])] as const;
    const { plan } = trace(step as (...args: never[]) => unknown, args, []);
    const machine = await openTimedMachine(threads);
    const executable = machine.load(plan);
    const inputs = args.map((x) => machine.device.upload(x.data, x.shape, x.dtype));
    const run = async () => {
      const [y] = await executable.run(inputs);
      if (!y) throw new Error("no output");
      const data = await machine.device.read(y, [96, 64], "float");
      machine.device.free(y);
      return data;
    };
    const together = await run();
    let apart: ArrayLike<number> = [];
    const times = await machine.timed(async () => {
      apart = await run();
    });
    const { instructions } = programOf(plan, threads);
    expect(times).toHaveLength(instructions.length);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0);
    expect(apart).toEqual(together);
    await machine.close();

    await using engine = await createEngine({ backend: "wasm", threads });
    expect((await engine.run(() => step(...args))).data).toEqual(together);
  },
);

test("every instruction belongs to the step that it helps", () => {
  const args = [numbers(96 * 64, [96, 64]), numbers(64, [64])] as const;
  const { plan } = trace(ofGain as (...args: never[]) => unknown, args, []);
  const { instructions, steps: all } = programOf(plan, 1);
  const steps = all.map((computed) => computed.at(-1) as number);
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  const written = instructions.map(({ writes }) => writes.at(-1)?.buffer ?? -1);
  expect(written.some((buffer) => buffer >= plan.buffers.length)).toBe(true);
  for (const [i, buffer] of written.entries())
    if (buffer < plan.buffers.length)
      expect(plan.steps[steps[i] as number]?.output.buffer).toBe(buffer);
});

test("a program tells its plans, shape by shape", async () => {
  await using engine = await createEngine({ backend: "reference" });
  const double = engine.compile((x: Tensor) => matmul(x, x));
  expect(double.plans()).toEqual([]);
  await double(numbers(4, [2, 2]));
  await double(numbers(9, [3, 3]));
  await double(numbers(4, [2, 2]));
  expect(double.plans().map(({ outputs }) => outputs[0]?.shape)).toEqual([
    [2, 2],
    [3, 3],
  ]);
});
