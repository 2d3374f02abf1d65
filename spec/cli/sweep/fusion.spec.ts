import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleScripts } from "../../bundled.ts";
import type { Computed } from "./computes.ts";

// On CPUs without fused multiply-add both are the same, and there is nothing to tell apart.

const run = promisify(execFile);
/** Makes Node compute as on a CPU without fused multiply-add. */
const PLAIN = "--no-enable-fma3";

let place: string;
let fused: Computed;
let plain: Computed;

async function compute(threads: number, ...flags: string[]): Promise<Computed> {
  const { stdout } = await run(process.execPath, [
    ...flags,
    join(place, "bin/computes.js"),
    `${threads}`,
  ]);
  return JSON.parse(stdout) as Computed;
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  const scripts = [
    "src/cli/main.ts",
    "src/experiment/sweep/worker.ts",
    "spec/cli/sweep/computes.ts",
  ];
  await bundleScripts(place, scripts);
  [fused, plain] = [await compute(1), await compute(1, PLAIN)];
});
afterAll(() => rm(place, { recursive: true }));

describe("a CPU without fused multiply-add", () => {
  it("is told apart: class, device, names of caches and jobs", ({ skip }) => {
    expect(plain.class).toBe("wasm-plain");
    expect(plain.device).toBe("WebAssembly, relaxed SIMD (without fused multiply-add), 1 thread");
    skip(fused.class === "wasm-plain", "this CPU does not fuse");
    expect(fused.class).toBe("wasm-fma");
    expect(fused.device).toBe("WebAssembly, relaxed SIMD (fused multiply-add), 1 thread");
    expect(fused.digest).not.toBe(plain.digest);
    for (const [i, name] of fused.names.entries()) expect(name).not.toBe(plain.names[i]);
  });

  it("computes the same bits with two threads, under the same names", async () => {
    const device = plain.device.replace("1 thread", "2 threads");
    expect(await compute(2, PLAIN)).toEqual({ ...plain, device });
  });

  it("does not go on with what another CPU has begun, and says why", async ({ skip }) => {
    skip(fused.class === "wasm-plain", "this CPU does not fuse");
    const recipe = {
      ...{ extends: "smoke", rows: ["base", "sft-5e-3"], seeds: [0], pretraining: { steps: 20 } },
      fineTuning: { examples: 16, epochs: 1 },
      evaluation: { targetPrompts: 5, promptsPerSkill: 5 },
    };
    await writeFile(join(place, "tiny.json"), JSON.stringify(recipe));
    const sweep = (...flags: string[]) =>
      run(process.execPath, [...flags, join(place, "bin/main.js"), "sweep", "tiny.json"], {
        cwd: place,
      });
    await sweep();
    await expect(sweep(PLAIN)).rejects.toMatchObject({
      stderr: expect.stringContaining(
        "tiny: expected the numerics that it was begun with, wasm-fma-1, got wasm-plain-1: " +
          "CPUs with and without fused multiply-add round otherwise",
      ),
    });
    await sweep();
  });
});
