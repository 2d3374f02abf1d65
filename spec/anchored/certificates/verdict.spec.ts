import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CertificateColumns,
  hasLinearBound,
  verdictOf,
} from "../../../src/anchored/certificates/verdict.ts";
import { expectedRatio, interpolateRow } from "../../../src/anchored/targets/hostRows.ts";

const logOf = (weights: readonly number[]): Float64Array => {
  const sum = weights.reduce((a, b) => a + b, 0);
  return Float64Array.from(weights, (w) => Math.log(w / sum));
};

/** KL(p ‖ q) and α·KL(p ‖ s) for the anchor q of a power. */
function sidesOf(power: number, alpha: number, p: Float64Array, s: Float64Array) {
  const q = new Float64Array(p.length);
  interpolateRow({ power }, alpha)(p, s, q);
  return { anchorKl: expectedRatio(p, p, q), bound: alpha * expectedRatio(p, p, s) };
}

describe("hasLinearBound(path)", () => {
  const weights = fc.array(fc.double({ min: 1e-6, max: 1, noNaN: true }), {
    minLength: 6,
    maxLength: 6,
  });
  const alphas = fc.double({ min: 0.001, max: 0.999, noNaN: true });

  test("is claimed where every p and s have it: powers from 0 to 1", () => {
    expect([hasLinearBound("logit"), hasLinearBound("probability")]).toEqual([true, true]);
    const powers = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(powers, alphas, weights, (power, alpha, drawn) => {
        expect(hasLinearBound({ power })).toBe(true);
        const [p, s] = [logOf(drawn.slice(0, 3)), logOf(drawn.slice(3))];
        const { anchorKl, bound } = sidesOf(power, alpha, p, s);
        expect(anchorKl).toBeLessThanOrEqual(bound + 1e-12);
      }),
      { numRuns: 500 },
    );
  });

  test.each([-1e-9, -0.01, -0.5, -1, -2, 1 + 1e-9, 2, NaN])("is not claimed for %d", (power) => {
    expect(hasLinearBound({ power })).toBe(false);
  });

  // Nearer to 0 a witness is hard to find: the two sides differ by terms of second order.
  test.each([-0.5, -1, -2])("and does not hold for %d", (power) => {
    const [p, s] = [logOf([0.5, 0.4999, 1e-4]), logOf([1e-4, 0.4999, 0.5])];
    const worst = [0.01, 0.1, 0.5, 0.9].map((alpha) => {
      const { anchorKl, bound } = sidesOf(power, alpha, p, s);
      return anchorKl - bound;
    });
    expect(Math.max(...worst)).toBeGreaterThan(1e-3);
  });
});

describe("verdictOf(columns)", () => {
  /** One token on which everything holds, in logit space. */
  const holds = {
    ...{ stepKl: [0.5], referenceKl: [1], bound: [0.6], anchorKl: [0.4], delta: [0.1], eta: [0.1] },
    psi: [-0.2],
  };
  const violated = (wrong: Partial<CertificateColumns>, linear = true) =>
    verdictOf({ ...holds, ...wrong }, { linear }).violation;

  test("holds where all of it does", () => expect(violated({})).toBeUndefined());

  test("asks for each of its promises", () => {
    expect(violated({ anchorKl: [0.7] })).toBe(
      "expected anchorKl ≤ bound at token 0, got 0.7 and 0.6",
    );
    expect(violated({ delta: [-0.2], psi: [0.1] })).toMatch(/^expected stepKl ≤ bound \+ delta at/);
    expect(violated({ psi: [-0.3] })).toMatch(
      /^expected stepKl = bound \+ psi \+ delta at token 0/,
    );
    expect(violated({ psi: [-0.1] })).toMatch(
      /^expected stepKl = bound \+ psi \+ delta at token 0/,
    );
  });

  test("asks for the linear bound only where the path has it", () => {
    expect(violated({ anchorKl: [0.7] }, false)).toBeUndefined();
    expect(violated({ delta: [-0.2], psi: [0.1] }, false)).toBeUndefined();
    expect(violated({ psi: [-0.3] }, false)).toMatch("stepKl = bound + psi + delta");
  });

  test("takes what is off by rounding, and no more", () => {
    expect(violated({ anchorKl: [0.6 + 1e-9] })).toBeUndefined();
    expect(violated({ anchorKl: [0.6 + 3e-9] })).toMatch("anchorKl ≤ bound");
  });

  test("tells the least that is left of bound + delta, of the tokens that count", () => {
    const zero = [0, 0, 0];
    const columns = {
      ...{ stepKl: [0.1, 0.5, 0.2], bound: [0.6, 0.6, 0.3], delta: [0.1, 0, 0.3] },
      ...{ referenceKl: zero, anchorKl: zero, eta: zero },
    };
    expect(verdictOf(columns).leastSlack).toBeCloseTo(0.1, 14);
    expect(verdictOf(columns, { mask: [1, 0, 1] }).leastSlack).toBeCloseTo(0.4, 14);
  });
});
