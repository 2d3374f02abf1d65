import { describe, expect, test } from "vitest";
import {
  absent,
  bundleScript,
  driver,
  f16Driver,
  reason,
  runNode,
  withoutF16,
} from "../rasteriser.ts";

interface Check {
  readonly check: string;
  readonly description: string;
  readonly errors: Readonly<Record<string, number | null>>;
}

/** Relative to a result as a vector: float32 in another order, and factors that are rounded to f16. */
const EXACT = 1e-6;
const ROUNDED = 5e-4;

async function checksOf(
  env: Readonly<Record<string, string>>,
  names: readonly string[],
): Promise<readonly Check[]> {
  const script = await bundleScript("features/script.ts");
  const { stdout, stderr, status } = runNode(env, script, ...names);
  // Dawn warns of limits that Mesa has too many of.
  expect(stderr.replace(/^Warning: max.*\n/gm, "")).toBe("");
  expect(status).toBe(0);
  const lines = stdout.trim().split("\n");
  const checks = lines.map((line): Check => JSON.parse(line));
  expect(checks.map(({ check }) => check)).toEqual(names);
  return checks;
}

function expectWithin({ check, errors }: Check, bound: number): void {
  expect(Object.keys(errors), check).not.toHaveLength(0);
  for (const [name, error] of Object.entries(errors))
    expect(error ?? Infinity, `${check}: ${name}`).toBeLessThan(bound);
}

describe("kernels for hardware on Node's WebGPU", () => {
  test.skipIf(absent)(
    `add up by subgroups of four and without, and widen what is stored${reason}`,
    async () => {
      const checks = await checksOf(driver, ["rows", "rows in memory", "stored"]);
      for (const check of checks) {
        expectWithin(check, EXACT);
        expect(/, subgroups$/.test(check.description)).toBe(check.check !== "rows in memory");
      }
    },
  );

  test.skipIf(withoutF16 !== "")(
    `add up by subgroups of eight, and read and keep f16${withoutF16}`,
    async () => {
      const names = ["rows", "few rows", "stored", "products", "halves"];
      const checks = await checksOf(f16Driver, names);
      for (const check of checks) {
        const rounds = check.check === "halves";
        expectWithin(check, rounds ? ROUNDED : EXACT);
        expect(check.description).toContain(", shader-f16, subgroups");
        expect(check.description.endsWith("float16 products")).toBe(rounds);
        // Nothing else is rounded than what was asked for.
        for (const error of Object.values(check.errors))
          if (rounds) expect(error).toBeGreaterThan(EXACT);
      }
    },
  );
});
