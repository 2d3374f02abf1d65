import { describe, expect, test } from "vitest";
import { effectiveWeight, interpolate } from "../../../src/anchored/objectives/interpolations.ts";
import { tensor } from "../../../src/tensor/apply.ts";
import { ShapeError } from "../../../src/tensor/errors.ts";
import { exp, logSoftmax } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { testEngine } from "../../testEngine.ts";

const engine = await testEngine();

const numbers = async (f: () => Tensor): Promise<number[]> =>
  Array.from((await engine.run(f)).data);

const p = tensor([Math.log(0.5), Math.log(0.3), Math.log(0.2)]);
const s = tensor([Math.log(0.1), Math.log(0.1), Math.log(0.8)]);

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((x, i) => {
    expect(x).toBeCloseTo(expected[i] as number, 12);
  });
}

const normalised = (weights: readonly number[]): number[] => {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
};

describe("interpolate", () => {
  test("logit: the normalised geometric mean", async () => {
    const q = await numbers(() => exp(interpolate("logit", 0.25)(p, s)));
    const mean = (a: number, b: number): number => a ** 0.75 * b ** 0.25;
    expectClose(q, normalised([mean(0.5, 0.1), mean(0.3, 0.1), mean(0.2, 0.8)]));
  });

  test("probability: the arithmetic mean", async () => {
    const q = await numbers(() => exp(interpolate("probability", 0.25)(p, s)));
    expectClose(q, [0.4, 0.25, 0.35]);
  });

  test("power: the normalised power mean", async () => {
    const q = await numbers(() => exp(interpolate({ power: -1 }, 0.25)(p, s)));
    const harmonic = (a: number, b: number): number => 1 / (0.75 / a + 0.25 / b);
    expectClose(q, normalised([harmonic(0.5, 0.1), harmonic(0.3, 0.1), harmonic(0.2, 0.8)]));
  });

  test("power 1 is the probability path, power 0 the logit path, and so is its limit", async () => {
    const at = (power: number) => numbers(() => interpolate({ power }, 0.4)(p, s));
    expectClose(await at(1), await numbers(() => interpolate("probability", 0.4)(p, s)));
    const logit = await numbers(() => interpolate("logit", 0.4)(p, s));
    expectClose(await at(0), logit);
    (await at(1e-6)).forEach((x, i) => {
      expect(Math.abs(x - (logit[i] as number))).toBeLessThan(1e-6);
    });
  });

  test.each(["logit", "probability", { power: 0.5 }] as const)(
    "%j: alpha 0 is exactly the snapshot and 1 exactly the reference",
    async (space) => {
      expect(await numbers(() => interpolate(space, 0)(p, s))).toEqual(
        await numbers(() => logSoftmax(p)),
      );
      expect(await numbers(() => interpolate(space, 1)(p, s))).toEqual(
        await numbers(() => logSoftmax(s)),
      );
    },
  );

  test("at an end, what the other side excludes does not matter", async () => {
    const excluded = tensor([0, -Infinity, 0]);
    for (const space of ["logit", "probability"] as const) {
      expect(await numbers(() => interpolate(space, 0)(p, excluded))).toEqual(
        await numbers(() => logSoftmax(p)),
      );
      expect(await numbers(() => interpolate(space, 1)(excluded, s))).toEqual(
        await numbers(() => logSoftmax(s)),
      );
    }
  });

  test.each([1.2, -0.1, NaN])("refuses alpha %d", (alpha) => {
    expect(() => interpolate("logit", alpha)).toThrow(
      new RangeError(`interpolate: expected 0 ≤ alpha ≤ 1, got ${alpha}`),
    );
  });

  test("refuses a power that is not finite", () => {
    expect(() => interpolate({ power: Infinity }, 0.5)).toThrow(
      new RangeError("interpolate: expected a finite power, got Infinity"),
    );
  });

  test("refuses different vocabularies, naming both", () => {
    expect(() => interpolate("logit", 0)(p, tensor([0, 0]))).toThrow(
      new ShapeError("interpolate", "logits over one vocabulary", [[3], [2]]),
    );
    expect(() => interpolate("logit", 0.5)(p, tensor([[0, 0, 0]]))).toThrow(ShapeError);
  });
});

test("effectiveWeight is 1 − (1 − alpha)^steps", () => {
  expect(effectiveWeight(0.5, 5)).toBeCloseTo(31 / 32, 15);
  expect(effectiveWeight(0.25, 2)).toBeCloseTo(0.4375, 15);
  expect(effectiveWeight(1, 3)).toBe(1);
  expect(effectiveWeight(0, 3)).toBeCloseTo(0, 15);
});
