import * as threads from "node:worker_threads";
import { expect, test } from "vitest";
import type { Plan } from "../../../../src/compile/plan.ts";
import { createWasmDevice } from "../../../../src/engines/wasm/device.ts";
import { hostOf, startWatched } from "../../../../src/engines/wasm/machine/threads.ts";

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

/** Is ready, and ends once its word is woken: without an error, as one that is ended by force. */
const MORTAL = `
const { parentPort, workerData } = require("node:worker_threads");
parentPort.postMessage("ready");
Atomics.wait(new Int32Array(workerData.memory.buffer), workerData.scratch, 0);
process.exit(0);
`;

test("a worker that ends without a word, by force or for want of memory, is an error too", async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const words = new Int32Array(memory.buffer);
  const [first, second, other] = [1000, 1001, 1002];
  const end = await startWatched(
    threads,
    MORTAL,
    [first, second].map((scratch) => ({ memory, scratch })),
  );
  const { sleep } = hostOf(memory);
  // Both live: whoever waits for them goes on waiting.
  expect(() => sleep(4 * other, 0)).not.toThrow();
  Atomics.store(words, second, 1);
  Atomics.notify(words, second);
  const lost = "wasm: a worker failed, and what it computed is lost";
  const sleeps = (): void => {
    for (let times = 0; times < 60; times++) sleep(4 * other, 0);
  };
  // It is seen by a thread that handles no events meanwhile.
  expect(sleeps).toThrow(lost);
  expect(() => sleep(4 * other, 1)).toThrow(lost);
  await end();
});
