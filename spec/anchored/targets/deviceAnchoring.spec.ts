import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tolerance32 } from "../../../src/anchored/targets/deviceAnchoring.ts";

/** float32's unit of rounding. */
const U = 2 ** -24;

/** log softmax of logits as float32 has it: every operation rounded. */
function rounded(z: readonly number[]): number[] {
  const f = Math.fround;
  const top = Math.max(...z);
  const shifted = z.map((x) => f(x - top));
  const sum = shifted.reduce((all, x) => f(all + f(Math.exp(x))), 0);
  return shifted.map((x) => f(x - f(Math.log(sum))));
}

describe("tolerance32(largest, vocabSize)", () => {
  test("counts the roundings of its derivation", () => {
    // Without a vocabulary: two log-probabilities of four roundings each, in three terms.
    expect(tolerance32(0, 1)).toBe(3 * 2 * 4 * U);
    // ln 2 and 2 + log₂ 2 roundings more for two tokens.
    expect(tolerance32(0, 2)).toBeCloseTo(3 * U * (2 * (Math.LN2 + 4) + 3 * Math.LN2), 18);
    // A nat of the largest logit is rounded three times in each, and twice in what is added.
    expect(tolerance32(5, 8) - tolerance32(4, 8)).toBeCloseTo(3 * U * (2 * 3 + 5 * 2), 18);
  });

  test("is more than float32 gets wrong in a log-probability, times six", () => {
    const logits = fc.array(fc.double({ min: -20, max: 20, noNaN: true }).map(Math.fround), {
      ...{ minLength: 2, maxLength: 16 },
    });
    fc.assert(
      fc.property(logits, (z) => {
        const sum = z.reduce((all, x) => all + Math.exp(x), 0);
        const largest = Math.max(...z.map(Math.abs));
        for (const [v, x] of rounded(z).entries()) {
          const off = Math.abs(x - ((z[v] ?? NaN) - Math.log(sum)));
          expect(6 * off).toBeLessThanOrEqual(tolerance32(largest, z.length));
        }
      }),
    );
  });
});
