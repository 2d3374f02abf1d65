/**
 * KL-budget anchoring: the user gives δ nats a token, and each outer step takes the largest α with
 * mean KL(p_t‖q_α) ≤ δ. KL(p‖q_α) is continuous and grows with α at every token (law 8), so its mean
 * over tokens does, and the weights within the budget are an interval [0, α*]: bisection finds its
 * end. By law 1 the mean is at most α·mean KL(p‖s), so min(1, δ / mean KL(p‖s)) lies within; by
 * psi ≤ 0 it is as a rule far from the end.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { largestWeight } from "../../src/anchored/targets/budget.ts";
import {
  expectedRatio,
  interpolateRow,
  logSoftmaxRow,
} from "../../src/anchored/targets/hostRows.ts";
import type { ResponseRows } from "../../src/anchored/targets/responseRows.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { type Choice, choices, pairs } from "./laws/arbitraries.ts";
import type { Space } from "./laws/laws.ts";

const rowsOf = ({ data, shape }: Tensor): ResponseRows => ({
  ...{ data, vocabSize: shape[1] as number, starts: [0, shape[0] as number] },
});

/** Mean KL(p‖q_α) over the rows. */
function meanKl(space: Space, { snapshot, reference }: Rows, alpha: number): number {
  const V = snapshot.vocabSize;
  const [p, s, q] = [0, 1, 2].map(() => new Float64Array(V)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const tokens = snapshot.data.length / V;
  let sum = 0;
  for (let row = 0; row < tokens; row++) {
    logSoftmaxRow({ data: snapshot.data, temperature: 1 }, row, p);
    logSoftmaxRow({ data: reference.data, temperature: 1 }, row, s);
    interpolateRow(space, alpha)(p, s, q);
    sum += expectedRatio(p, p, q);
  }
  return sum / tokens;
}

interface Rows {
  readonly snapshot: ResponseRows;
  readonly reference: ResponseRows;
}

const models = (choice: Choice): Rows => {
  const { snapshot, reference } = pairs(choice);
  return { snapshot: rowsOf(snapshot), reference: rowsOf(reference) };
};
/** Nats a token, over the whole range that models may be apart. */
const budgets = fc.double({ min: -12, max: 4, noNaN: true }).map((x) => Math.exp(x));

describe.each<Space>(["logit", "probability"])("%s", (interpolation) => {
  /** The exact step's end, as logits. */
  const anchored = (p: ResponseRows, s: ResponseRows, alpha: number): Float64Array => {
    const V = p.vocabSize;
    const data = new Float64Array(p.data.length);
    const [a, b] = [new Float64Array(V), new Float64Array(V)];
    for (let row = 0; row < data.length / V; row++) {
      logSoftmaxRow({ data: p.data, temperature: 1 }, row, a);
      logSoftmaxRow({ data: s.data, temperature: 1 }, row, b);
      interpolateRow(interpolation, alpha)(a, b, data.subarray(row * V, (row + 1) * V));
    }
    return data;
  };
  const weightOf = (rows: Rows, budget: number): number =>
    largestWeight({ ...rows, interpolation, temperature: 1, budget });

  test("the budget is never exceeded, and no weight that is noticeably larger keeps it", () => {
    fc.assert(
      fc.property(choices, budgets, (choice, budget) => {
        const rows = models(choice);
        const alpha = weightOf(rows, budget);
        expect(meanKl(interpolation, rows, alpha)).toBeLessThanOrEqual(budget);
        if (alpha < 1 - 1e-8)
          expect(meanKl(interpolation, rows, alpha + 1e-8)).toBeGreaterThan(budget);
      }),
      { numRuns: 1000 },
    );
  });

  test("it is at least what the linear bound allows: min(1, δ / mean KL(p‖s))", () => {
    fc.assert(
      fc.property(choices, budgets, (choice, budget) => {
        const rows = models(choice);
        const linear = Math.min(1, budget / meanKl(interpolation, rows, 1));
        expect(weightOf(rows, budget)).toBeGreaterThanOrEqual(linear - 2e-9);
      }),
      { numRuns: 1000 },
    );
  });

  test("of steps that use a budget δ up there are at most KL(p_0‖s)/δ", () => {
    fc.assert(
      fc.property(choices, fc.double({ min: 0.5, max: 6, noNaN: true }), (choice, share) => {
        const { snapshot, reference } = models(choice);
        const whole = meanKl(interpolation, { snapshot, reference }, 1);
        const budget = whole / share;
        if (!(budget > 1e-6)) return;
        let from = snapshot;
        let used = 0;
        for (let t = 0; t < 8; t++) {
          const alpha = weightOf({ snapshot: from, reference }, budget);
          if (alpha === 1) break;
          used++;
          from = { ...from, data: anchored(from, reference, alpha) };
        }
        expect(used).toBeLessThanOrEqual(share);
      }),
      { numRuns: 1000 },
    );
  });

  test("a larger budget gives no smaller weight", () => {
    fc.assert(
      fc.property(choices, budgets, budgets, (choice, a, b) => {
        const rows = models(choice);
        const [small, large] = [Math.min(a, b), Math.max(a, b)];
        expect(weightOf(rows, small)).toBeLessThanOrEqual(weightOf(rows, large) + 2e-9);
      }),
      { numRuns: 1000 },
    );
  });
});
