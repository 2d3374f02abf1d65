import { once } from "node:events";
import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import type { Plan } from "../../../../src/compile/plan.ts";
import { createWasmDevice } from "../../../../src/engines/wasm/device.ts";
import { hostOf } from "../../../../src/engines/wasm/machine/threads.ts";

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

/** Says where it is, and then waits for ever. */
const WAITING = `
const { parentPort } = require("node:worker_threads");
parentPort.postMessage("/proc/" + require("node:fs").readlinkSync("/proc/thread-self"));
parentPort.on("message", () => {});
`;

test.runIf(existsSync("/proc/thread-self"))(
  "a worker that ends without a word, by force or for want of memory, is an error too",
  async () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const worker = new Worker(WAITING, { eval: true });
    const [place] = (await once(worker, "message")) as [string];
    const { sleep } = hostOf(memory, [place]);
    // It lives: whoever waits for it goes on waiting.
    expect(() => sleep(4, 0)).not.toThrow();
    await worker.terminate();
    expect(() => sleep(4, 0)).toThrow("wasm: a worker failed, and what it computed is lost");
    // And it does not come back.
    expect(() => sleep(4, 1)).toThrow("wasm: a worker failed");
  },
);
