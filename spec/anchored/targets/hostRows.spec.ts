/** What is computed from host rows in float64 loops is what the tensor functions say. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { certificate } from "../../../src/anchored/certificates/certificate.ts";
import { stepColumns } from "../../../src/anchored/certificates/stepTerms.ts";
import {
  type Interpolation,
  interpolate,
} from "../../../src/anchored/objectives/interpolations.ts";
import { largestWeight } from "../../../src/anchored/targets/budget.ts";
import { interpolateRow } from "../../../src/anchored/targets/hostRows.ts";
import { anchorRows, type ResponseRows } from "../../../src/anchored/targets/responseRows.ts";
import { constant, tensor } from "../../../src/tensor/apply.ts";
import { mul } from "../../../src/tensor/ops.ts";
import { key, stream } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { testEngine } from "../../testEngine.ts";

const engine = await testEngine();

const TOKENS = 6;

/** Rows of logits: flat, peaked and far apart. */
function rowsOf(seed: number, V: number): ResponseRows {
  const next = stream(key(seed));
  const data = Float64Array.from({ length: TOKENS * V }, (_, i) => {
    const scale = [0.1, 1, 5, 40][Math.floor(i / V) % 4] as number;
    return scale * (2 * next() - 1);
  });
  return { vocabSize: V, starts: [0, 2, TOKENS], data };
}

const paths: fc.Arbitrary<Interpolation> = fc.oneof(
  fc.constantFrom<Interpolation>("logit", "probability"),
  // Nearer to 0 the tensor function, which divides by it, loses digits.
  fc.double({ min: 0.01, max: 2, noNaN: true }).map((power) => ({ power })),
  fc.double({ min: -2, max: -0.01, noNaN: true }).map((power) => ({ power })),
);
const cases = fc.record({
  seed: fc.nat(2 ** 31 - 10),
  V: fc.constantFrom(2, 3, 16),
  alpha: fc.oneof(fc.constantFrom(0, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })),
  interpolation: paths,
  temperature: fc.constantFrom(0.5, 1, 3),
});
const runs = { numRuns: 1000 };

const tensorOf = ({ data, vocabSize }: ResponseRows): Tensor => constant(data, [TOKENS, vocabSize]);

function expectSame(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) {
    const [a, b] = [actual[i] as number, expected[i] as number];
    expect(Math.abs(a - b), `${a} and ${b} at ${i}`).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(b)));
  }
}

describe("host rows", () => {
  test("the anchor's are those of interpolate", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ seed, V, ...setting }) => {
        const [p, s] = [rowsOf(seed, V), rowsOf(seed + 1, V)];
        const { alpha, interpolation, temperature } = setting;
        const { data } = await engine.run(() => {
          const cooled = (rows: ResponseRows): Tensor => mul(tensorOf(rows), 1 / temperature);
          return interpolate(interpolation, alpha)(cooled(p), cooled(s));
        });
        expectSame(anchorRows(p, s, setting).data, data);
      }),
      runs,
    );
  });

  test("small powers lose no digits", () => {
    const [p, s] = [rowsOf(1, 16), rowsOf(2, 16)];
    const at = (power: number) =>
      anchorRows(p, s, { alpha: 0.3, interpolation: { power }, temperature: 1 }).data;
    const limit = at(0);
    // The first-order term is power · α(1 − α)·t²/2, with |t| up to 80.
    for (const power of [1e-6, -1e-6, 1e-9, -1e-9, 1e-13, 5e-324])
      at(power).forEach((x, i) => {
        expect(Math.abs(x - (limit[i] as number))).toBeLessThan(2e3 * Math.abs(power) + 1e-12);
      });
  });

  test.each([1e-3, -1e-3, 1e-5, -1e-5, 1e-6, 1e-8, -1e-8, 1e-11])(
    "the power %d is its geometric mean and the term of first order, to all digits",
    async (power) => {
      const alpha = 0.3;
      const [p, s] = [[0.7, 0.2, 0.08, 0.02].map(Math.log), [0.1, 0.2, 0.3, 0.4].map(Math.log)];
      const gap = (v: number): number => (s[v] ?? NaN) - (p[v] ?? NaN);
      // log of the mean of p·e^(r·t) and so on is (1 − α)·log p + α·log s + r·α(1 − α)·t²/2 + O(r²).
      const raw = p.map(
        (x, v) => x + alpha * gap(v) + (power * alpha * (1 - alpha) * gap(v) ** 2) / 2,
      );
      const total = Math.log(raw.reduce((sum, x) => sum + Math.exp(x), 0));
      const row = new Float64Array(4);
      interpolateRow({ power }, alpha)(Float64Array.from(p), Float64Array.from(s), row);
      const { data } = await engine.run(() => interpolate({ power }, alpha)(tensor(p), tensor(s)));
      raw.forEach((x, v) => {
        expect(Math.abs((row[v] ?? NaN) - (x - total))).toBeLessThan(4 * power ** 2 + 1e-14);
        // The tensor's own rounding is divided by the power, and below 1e-7 the term is left out.
        const rounding = Math.abs(power) < 1e-7 ? Math.abs(power) : 2e-15 / Math.abs(power);
        expect(Math.abs((data[v] ?? NaN) - (x - total))).toBeLessThan(4 * power ** 2 + rounding);
      });
    },
  );

  test("the terms of a step are those of certificate", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ seed, V, ...setting }) => {
        const [snapshot, reference, next] = [0, 1, 2].map((i) => rowsOf(seed + i, V)) as [
          ResponseRows,
          ResponseRows,
          ResponseRows,
        ];
        const { step } = stepColumns({ snapshot, reference, next }, setting);
        const { tokens } = await engine.run(() =>
          certificate({
            snapshotLogits: tensorOf(snapshot),
            referenceLogits: tensorOf(reference),
            nextLogits: tensorOf(next),
            ...setting,
          }),
        );
        expect(Object.keys(step).sort()).toEqual(Object.keys(tokens).sort());
        for (const [name, x] of Object.entries(tokens))
          expectSame(step[name as keyof typeof step] as Float64Array, (x as Tensor).data);
      }),
      runs,
    );
  });
});

describe("largestWeight", () => {
  const softmax = (z: readonly number[]): number[] => {
    const top = Math.max(...z);
    const e = z.map((x) => Math.exp(x - top));
    const total = e.reduce((a, b) => a + b, 0);
    return e.map((x) => x / total);
  };
  /** Mean KL(p ‖ q_α), from probabilities. */
  function divergence(
    p: ResponseRows,
    s: ResponseRows,
    alpha: number,
    { interpolation, temperature }: { interpolation: Interpolation; temperature: number },
  ): number {
    const V = p.vocabSize;
    let total = 0;
    for (let row = 0; row < TOKENS; row++) {
      const of = ({ data }: ResponseRows): number[] =>
        softmax([...data.slice(row * V, (row + 1) * V)].map((z) => z / temperature));
      const [a, b] = [of(p), of(s)];
      const power =
        interpolation === "logit" ? 0 : interpolation === "probability" ? 1 : interpolation.power;
      const raw = a.map((x, v) => {
        const y = b[v] as number;
        return power === 0
          ? x ** (1 - alpha) * y ** alpha
          : ((1 - alpha) * x ** power + alpha * y ** power) ** (1 / power);
      });
      const Z = raw.reduce((sum, x) => sum + x, 0);
      total += a.reduce((sum, x, v) => sum + x * Math.log((x * Z) / (raw[v] as number)), 0);
    }
    return total / TOKENS;
  }

  const budgets = fc.oneof(
    fc.constantFrom(0, 1e-4, 0.1),
    fc.double({ min: 0, max: 3, noNaN: true }),
  );
  const powers = fc.constantFrom<Interpolation>(
    "logit",
    "probability",
    { power: 0.5 },
    { power: -1 },
  );

  test("never exceeds the budget, and a little more would", () => {
    let inside = 0;
    fc.assert(
      fc.property(cases, budgets, powers, ({ seed, V, temperature }, budget, interpolation) => {
        const [p, s] = [rowsOf(seed, V), rowsOf(seed + 1, V)];
        const setting = { interpolation, temperature };
        const alpha = largestWeight({ snapshot: p, reference: s, budget, ...setting });
        const rounding = 1e-11 * (1 + budget);
        expect(divergence(p, s, alpha, setting)).toBeLessThanOrEqual(budget + rounding);
        if (alpha === 1) return;
        inside++;
        const more = Math.min(1, alpha + 1e-6);
        expect(divergence(p, s, more, setting)).toBeGreaterThan(budget - rounding);
      }),
      runs,
    );
    expect(inside).toBeGreaterThan(300);
  });

  test("is 1 where the reference itself is within reach, and for what is the same", () => {
    const [p, s] = [rowsOf(1, 3), rowsOf(2, 3)];
    const rest = { interpolation: "logit", temperature: 1 } as const;
    const whole = divergence(p, s, 1, rest);
    expect(largestWeight({ snapshot: p, reference: s, budget: whole + 1e-9, ...rest })).toBe(1);
    expect(largestWeight({ snapshot: p, reference: p, budget: 0, ...rest })).toBe(1);
    expect(largestWeight({ snapshot: p, reference: s, budget: 0, ...rest })).toBeLessThan(1e-6);
  });

  test("refuses a budget that is none", () => {
    const p = rowsOf(1, 3);
    const rest = { interpolation: "logit", temperature: 1 } as const;
    expect(() => largestWeight({ snapshot: p, reference: p, budget: -1, ...rest })).toThrow(
      new RangeError("largestWeight: expected a budget ≥ 0, got -1"),
    );
  });
});
