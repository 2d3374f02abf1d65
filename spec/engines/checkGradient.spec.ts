import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkGradient,
  GradientError,
  type GradientReport,
} from "../../src/engines/checkGradient.ts";
import { ids, tensor } from "../../src/tensor/apply.ts";
import {
  exp,
  gather,
  logSoftmax,
  matmul,
  mul,
  sqrt,
  stopGradient,
  sub,
  sum,
  tanh,
} from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** A function whose derivative `grad` gets wrong: half of its way is hidden from it. */
const halfHidden = (x: Tensor): Tensor => mul(x, stopGradient(x));

const failureOf = async (check: Promise<GradientReport>): Promise<GradientError> => {
  const error = await check.catch((e: unknown) => e);
  expect(error).toBeInstanceOf(GradientError);
  return error as GradientError;
};

describe("checkGradient(f, args)", () => {
  test("agrees with what is right, whatever the shapes and trees of the arguments", async () => {
    const f = ({ w, b }: { w: Tensor; b: readonly Tensor[] }, rows: Tensor, scale: number) =>
      tanh(mul(matmul(gather(w, rows), b[0] as Tensor), scale));
    const w = tensor([
      [0.1, -0.2],
      [0.3, 0.4],
      [0.5, 0.6],
    ]);
    const report = await checkGradient(f, [{ w, b: [tensor([[1], [2]])] }, ids([2, 0, 2]), 0.7]);
    // 6 of w, 2 of b, the scale; not the ids.
    expect(report).toMatchObject({ coordinates: 9, of: 9, directions: 2, wrong: 0 });
    expect(report.worst?.error).toBeLessThan(1e-9);
    expect(report.worstDirection?.error).toBeLessThan(1e-9);
  });

  test("names the worst coordinate of what is wrong", async () => {
    const f = ({ a, b }: { a: Tensor; b: Tensor }) => sum(mul(exp(a), halfHidden(b)));
    const a = tensor([
      [0, 0],
      [0, 0],
    ]);
    const b = tensor([
      [1, 2],
      [3, 40],
    ]);
    const { message, report } = await failureOf(checkGradient(f, [{ a, b }], { directions: 0 }));
    expect(message).toMatch(
      /^checkGradient: expected -?[\d.]+ by central differences at argument 0, b \[1, 1\], got/,
    );
    expect(message).toMatch(/4 of 8 differences are larger\)$/);
    expect(report).toMatchObject({ coordinates: 8, of: 8, wrong: 4 });
    const { derived, measured } = report.worst as { derived: number; measured: number };
    expect(measured / derived).toBeCloseTo(2, 6);
  });

  test("finds an error in any one of many numbers along a direction", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(99), fc.nat(), async (at, seed) => {
        const values = Array.from({ length: 100 }, (_, i) => Math.sin(i + 1));
        const one = tensor(values.map((_, i) => (i === at ? 1 : 0)));
        const f = (x: Tensor) => sum(sub(tanh(x), mul(one, halfHidden(x))));
        const check = checkGradient(f, [tensor(values)] as [Tensor], {
          ...{ directions: 1, coordinates: 0, seed },
        });
        await failureOf(check);
      }),
      { numRuns: 100 },
    );
  });

  test("takes what is not a number for wrong", async () => {
    const { report } = await failureOf(checkGradient((x: Tensor) => sqrt(x), [tensor([0, 1])]));
    expect(report.wrong).toBeGreaterThan(0);
  });

  test("moves as many numbers as it is told, drawn by the seed", async () => {
    const x = tensor(Array.from({ length: 50 }, (_, i) => i / 50));
    const options = { coordinates: 5, directions: 3 };
    const report = await checkGradient(logSoftmax as (x: Tensor) => Tensor, [x], options);
    expect(report).toMatchObject({ coordinates: 5, of: 50, directions: 3, wrong: 0 });
    const again = await checkGradient(logSoftmax as (x: Tensor) => Tensor, [x], options);
    expect(again).toEqual(report);
    const other = await checkGradient(logSoftmax as (x: Tensor) => Tensor, [x], {
      ...options,
      seed: 1,
    });
    expect(other.worst).not.toEqual(report.worst);
  });

  test("refuses options out of range", async () => {
    const check = (options: object) => checkGradient((x: Tensor) => x, [tensor(1)], options);
    await expect(check({ step: 0 })).rejects.toThrow(
      new RangeError("checkGradient: expected a positive step, got 0"),
    );
    await expect(check({ directions: 1.5 })).rejects.toThrow(
      new RangeError("checkGradient: expected directions to be an integer ≥ 0, got 1.5"),
    );
  });
});
