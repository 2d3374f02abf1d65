import { expect } from "vitest";
import type { Plan, Value } from "../../src/compile/plan.ts";
import type { GpuMode } from "../../src/engines/gpu/gpujs/gpujs.ts";
import type { RemoteBrowser } from "./remote.ts";

const value = (buffer: number): Value => ({ buffer, shape: [2], dtype: "float" });

const exponential: Plan = {
  buffers: [
    { kind: "input", elements: 2, dtype: "float" },
    { kind: "output", elements: 2, dtype: "float" },
  ],
  inputs: [value(0)],
  donated: [],
  constants: [],
  steps: [{ op: "exp", attrs: {}, inputs: [value(0)], output: value(1), frees: [] }],
  outputs: [value(1)],
};

/** Takes the GPU away from a device and expects it to say so, not to answer with zeros. */
export async function refusesLostGpu(
  browser: RemoteBrowser,
  mode: GpuMode,
  error: RegExp,
): Promise<void> {
  const device = await browser.device(mode);
  const program = await device.prepare(exponential);
  const x = device.upload(Float32Array.of(0, 0), [2], "float");
  const [y] = await program.run([x]);
  const read = () => device.read(y as number, [2], "float");
  expect(await read()).toEqual(Float32Array.of(1, 1));
  await browser.loseContexts();
  const message = (e: Error): string => e.message.replace(/^page\.evaluate: Error: /, "");
  expect(await program.run([x]).then(() => "no error", message)).toMatch(error);
  expect(await read().then(() => "no error", message)).toMatch(error);
}

/** Takes a WebGL 2 context away in the middle of a training, before one call of it or another. */
export async function refusesLostAnywhere(browser: RemoteBrowser, error: RegExp): Promise<void> {
  const { calls, error: none } = await browser.lostAt("webgl2", Infinity);
  expect(none).toBe(undefined);
  // While it compiles, uploads, launches, waits and reads.
  for (const share of [0, 0.03, 0.1, 0.25, 0.5, 0.75, 0.95]) {
    const call = Math.floor(share * calls);
    const lost = await browser.lostAt("webgl2", call);
    expect(lost.error, `call ${call} of ${calls}`).toMatch(error);
  }
}
