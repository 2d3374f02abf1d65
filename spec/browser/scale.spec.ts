import { expect, test } from "vitest";
import { absent, bundleScript, driver, reason, runNode } from "./rasteriser.ts";

const PROGRAMS = ["prefill, 8 tokens", "decode, 1 token", "LoRA, 16 tokens", "anchored, 16 tokens"];

test.skipIf(absent)(
  `the benchmark of models of real size measures a small one${reason}`,
  async () => {
    const script = await bundleScript("../../bench/scale/gpu.mjs");
    const options = [
      "--layers",
      "1",
      "--vocabulary",
      "300",
      "--length",
      "16",
      "--quick",
      ...["--launches", "--weights", "bf16", "--without", "shader-f16"],
    ];
    const { stdout, stderr, status } = runNode(driver, script, "tiny", ...options);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toMatch(/webgpu on .*swiftshader.*, subgroups$/im);
    expect(stdout).toMatch(/ceiling: \d+ GFLOP\/s/);
    const rows = stdout
      .split("\n")
      .map((line) => line.split("|").map((cell) => cell.trim()))
      .filter(([, name = ""]) => PROGRAMS.includes(name));
    expect(rows.map(([, name]) => name)).toEqual(PROGRAMS);
    expect(stdout).toMatch(/\| decode +\| launches \|/);
    expect(stdout).toMatch(/\| matmul add +\| +\d+ \|/);
    expect(stdout).not.toMatch(/left out/);
    for (const [, name, ms, best, rate, launches, kernels, first, , share, peak] of rows) {
      for (const figure of [ms, best, rate, launches, kernels, first, peak])
        expect(Number(figure?.replaceAll(",", "")), name).toBeGreaterThan(0);
      expect(share, name).toMatch(/^\d+ %$/);
    }
  },
);
