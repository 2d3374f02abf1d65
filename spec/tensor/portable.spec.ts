import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exp, expm1, log, log1p } from "../../src/tensor/portable.ts";

/** A number's place among all doubles, so that differences count units in the last place. */
function place(x: number): bigint {
  const bits = new BigInt64Array(new Float64Array([x]).buffer)[0] as bigint;
  return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
}
const apart = (a: number, b: number): bigint => {
  const gap = place(a) - place(b);
  return gap < 0n ? -gap : gap;
};

// Math's own are within one unit of the true value, and so are these.
describe("exp and log of +, −, × and ÷ alone", () => {
  test("exp is within two units in the last place of Math.exp, subnormal results too", () => {
    const x = fc.double({ min: -760, max: 720, noNaN: true });
    const near = fc.double({ min: -2, max: 2, noNaN: true });
    fc.assert(
      fc.property(fc.oneof(x, near), (v) => apart(exp(v), Math.exp(v)) <= 2n),
      { numRuns: 20_000 },
    );
  });

  test("log is within two units in the last place of Math.log, of subnormal numbers too", () => {
    const x = fc.double({ min: Number.MIN_VALUE, noNaN: true, noDefaultInfinity: true });
    const near = fc.double({ min: 0.5, max: 2, noNaN: true });
    const tiny = fc.double({ min: Number.MIN_VALUE, max: 2 ** -1022, noNaN: true });
    fc.assert(
      fc.property(fc.oneof(x, near, tiny), (v) => apart(log(v), Math.log(v)) <= 2n),
      { numRuns: 20_000 },
    );
  });

  test("expm1 and log1p are within six units, near 0 too", () => {
    const magnitude = fc.double({ min: -40, max: 2, noNaN: true }).map((e) => 2 ** e);
    const x = fc.tuple(magnitude, fc.boolean()).map(([m, minus]) => (minus ? -m : m));
    fc.assert(
      fc.property(x, (v) => apart(expm1(v), Math.expm1(v)) <= 6n),
      { numRuns: 20_000 },
    );
    fc.assert(
      fc.property(x, (v) => v <= -1 || apart(log1p(v), Math.log1p(v)) <= 6n),
      { numRuns: 20_000 },
    );
    for (const v of [0, Infinity, -1])
      expect([expm1(v), log1p(v)]).toEqual([Math.expm1(v), Math.log1p(v)]);
  });

  test("exp of what overflows is ∞, and of what vanishes 0, however large", () => {
    const beyond = fc.double({ min: 746, noNaN: true });
    fc.assert(fc.property(beyond, (v) => exp(v) === Infinity && exp(-v) === 0));
  });

  test.each([0, -0, 1, -1, Number.NaN, Infinity, -Infinity, 709.78, 709.79, -745.1, -745.2])(
    "agree with Math's at %d",
    (x) => {
      expect(apart(exp(x), Math.exp(x)) <= 1n || Number.isNaN(x)).toBe(true);
      expect(Number.isNaN(exp(x))).toBe(Number.isNaN(Math.exp(x)));
      if (Number.isFinite(Math.log(x))) expect(apart(log(x), Math.log(x)) <= 1n).toBe(true);
      else expect(log(x)).toBe(Math.log(x));
    },
  );
});

test("exp is infinite or 0 however far beyond the doubles its value is", () => {
  for (const x of [709.79, 710, 1000, 1418, 1500, 2000, 2839, 5000, 1e300])
    expect([exp(x), exp(-1.06 * x)], `${x}`).toEqual([Number.POSITIVE_INFINITY, 0]);
});
