import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { holm, signFlipTest } from "../../../src/experiment/summary/tests.ts";
import { key, stream } from "../../../src/tensor/random.ts";

/** Whole numbers, so that sums are exact and ties are ties. */
const differences = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 9 });

/** All flips of the signs. */
const flips = (xs: readonly number[]): number[][] =>
  xs.reduce<number[][]>(
    (lists, x) =>
      lists.flatMap((list) => [
        [...list, x],
        [...list, -x],
      ]),
    [[]],
  );

const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

describe("signFlipTest(differences)", () => {
  it("is the share of all flips that are as far from zero", () => {
    fc.assert(
      fc.property(differences, (xs) => {
        const all = flips(xs);
        const far = all.filter((flip) => Math.abs(sum(flip)) >= Math.abs(sum(xs)));
        expect(signFlipTest(xs)).toBe(far.length / all.length);
      }),
      { numRuns: 300 },
    );
  });

  it("is valid to the last flip: of all sign patterns at most a share a has p ≤ a", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 6 }),
        (xs) => {
          const ps = flips(xs).map((flip) => signFlipTest(flip) as number);
          for (const a of new Set(ps))
            expect(ps.filter((p) => p <= a).length / ps.length).toBeLessThanOrEqual(a);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("does not ask which row stands left, nor in what unit, nor in what order", () => {
    fc.assert(
      fc.property(differences, fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (xs, unit) => {
        const p = signFlipTest(xs);
        expect(signFlipTest(xs.map((x) => -x))).toBe(p);
        expect(signFlipTest(xs.toReversed().map((x) => unit * x))).toBe(p);
      }),
      { numRuns: 300 },
    );
  });

  it("cannot be smaller than 2^(1−n), which is why twelve seeds are run", () => {
    for (const n of [1, 5, 8, 12])
      expect(signFlipTest(Array.from({ length: n }, (_, i) => i + 1))).toBe(2 ** (1 - n));
    expect(signFlipTest([])).toBeUndefined();
    expect(signFlipTest([0, 0, 0])).toBe(1);
  });

  it("draws flips where there are too many to count, and never gives 0", () => {
    const next = stream(key(5));
    const noise = Array.from({ length: 30 }, () => next() - 0.5);
    const found = signFlipTest(noise) as number;
    expect(found).toBe(signFlipTest(noise));
    expect(found).toBeGreaterThan(0.01);
    const sure = signFlipTest(noise.map(() => 1)) as number;
    expect(sure).toBeGreaterThan(0);
    expect(sure).toBeLessThan(2e-4);
  });
});

describe("holm(ps)", () => {
  const p = fc.double({ min: 0, max: 1, noNaN: true });
  const list = fc.array(p, { minLength: 1, maxLength: 30 });

  it("rejects what the step-down procedure rejects, at every level", () => {
    fc.assert(
      fc.property(list, p, (ps, level) => {
        const sorted = ps.toSorted((a, b) => a - b);
        const stop = sorted.findIndex((x, i) => x * (ps.length - i) > level);
        const rejected = stop < 0 ? ps.length : stop;
        expect(holm(ps).filter((x) => x <= level).length).toBe(rejected);
      }),
      { numRuns: 500 },
    );
  });

  it("lies between p and Bonferroni's, in the order of the p-values", () => {
    fc.assert(
      fc.property(list, (ps) => {
        const adjusted = holm(ps);
        ps.forEach((x, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(x);
          expect(adjusted[i]).toBeLessThanOrEqual(Math.min(1, ps.length * x));
          ps.forEach((y, j) => {
            if (x < y) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j] as number);
          });
        });
      }),
      { numRuns: 300 },
    );
  });
});
