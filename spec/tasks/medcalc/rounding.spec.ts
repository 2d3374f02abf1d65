import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { roundFive, roundHalfEven } from "../../../src/tasks/medcalc/rounding.ts";

/** The exact value of k/2ⁿ rounded to `digits` decimals, in whole numbers. */
function exactly(k: bigint, n: bigint, digits: bigint): number {
  const scaled = k * 10n ** digits;
  const unit = 1n << n;
  const floor = scaled / unit;
  const rest = 2n * (scaled % unit);
  const up = rest > unit || (rest === unit && floor % 2n === 1n);
  return Number(floor + (up ? 1n : 0n)) / Number(10n ** digits);
}

describe("roundHalfEven(x, digits)", () => {
  it("rounds dyadic fractions as whole numbers say, halves to the even neighbour", () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 1n << 40n),
        fc.bigInt(0n, 12n),
        fc.bigInt(0n, 5n),
        fc.boolean(),
        (k, n, digits, negative) => {
          const sign = negative ? -1 : 1;
          const x = (sign * Number(k)) / 2 ** Number(n);
          expect(roundHalfEven(x, Number(digits)) + 0).toBe(sign * exactly(k, n, digits) + 0);
        },
      ),
    );
  });

  it.each([
    [0.5, 0, 0],
    [1.5, 0, 2],
    [2.5, 0, 2],
    [-2.5, 0, -2],
    [0.015625, 5, 0.01562],
    [2.675, 2, 2.67],
    [1e300, 5, 1e300],
  ])("takes %d at %d decimals to %d", (x, digits, expected) => {
    expect(roundHalfEven(x, digits)).toBe(expected);
  });
});

describe("roundFive(x)", () => {
  it.each([
    [123.4567891, 123.45679],
    [0.000252, 0.00025],
    [0.0000123456, 0.000012346],
    [-0.0000123456, -0.000012346],
    [0, 0],
  ])("takes %d to %d", (x, expected) => {
    expect(roundFive(x)).toBe(expected);
  });
});
