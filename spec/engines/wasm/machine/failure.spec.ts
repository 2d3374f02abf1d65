import { expect, test } from "vitest";
import type { Plan } from "../../../../src/compile/plan.ts";
import { createWasmDevice } from "../../../../src/engines/wasm/device.ts";

/** Claims that an input of one element has 64 × 2²⁴: whoever sums a row reads beyond the memory. */
const lying: Plan = {
  buffers: [
    { kind: "input", elements: 1, dtype: "float" },
    { kind: "output", elements: 64, dtype: "float" },
  ],
  inputs: [{ buffer: 0, shape: [64, 2 ** 24], dtype: "float" }],
  donated: [],
  constants: [],
  steps: [
    {
      op: "sum",
      attrs: { axis: 1 },
      inputs: [{ buffer: 0, shape: [64, 2 ** 24], dtype: "float" }],
      output: { buffer: 1, shape: [64], dtype: "float" },
      frees: [],
    },
  ],
  outputs: [{ buffer: 1, shape: [64], dtype: "float" }],
};

test("a trap, on whichever thread, is an error and no endless wait", async () => {
  for (let attempt = 0; attempt < 5; attempt++) {
    const device = await createWasmDevice({ threads: 3 });
    const input = device.upload(Float64Array.of(1), [1], "float");
    const program = await device.prepare(lying);
    await expect(program.run([input])).rejects.toThrow(/out of bounds|a worker failed/);
  }
});
