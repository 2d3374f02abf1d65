import { expect, test } from "vitest";
import { absent, bundleScript, driver, reason, runNode } from "./rasteriser.ts";

interface Check {
  readonly check: string;
  readonly errors: Readonly<Record<string, number | null>>;
}

/** Relative to a result as a vector. Float32 in another order differs by up to 4e-6 here. */
const BOUND = 2e-5;

test.skipIf(absent)(
  `Node's WebGPU agrees with wasm where floats cannot count, on tensors in parts, and on models of SmolLM2-135M's width${reason}`,
  async () => {
    const { stdout, stderr, status } = runNode(driver, await bundleScript("sizes/script.ts"));
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const checks = stdout
      .trim()
      .split("\n")
      .map((line): Check => JSON.parse(line));
    expect(checks.map(({ check }) => check)).toEqual(
      expect.arrayContaining([
        ...["matmul", "few rows", "step", "rows", "shared rows", "tall", "sliced"],
        ...["attention in parts", "moves in parts", "block", "model"],
      ]),
    );
    for (const { check, errors } of checks) {
      expect(Object.keys(errors), check).not.toHaveLength(0);
      for (const [name, error] of Object.entries(errors))
        expect(error ?? Infinity, `${check} ${name}`).toBeLessThan(BOUND);
    }
  },
);
