import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  explained,
  quadraticFit,
  spearman,
  spearmanInterval,
} from "../../../src/experiment/summary/correlation.ts";

const x = fc.double({ min: -10, max: 10, noNaN: true });
const different = fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), {
  minLength: 4,
  maxLength: 20,
});

describe("spearman(xs, ys)", () => {
  it("is 1 − 6 Σ d² / n(n² − 1) of the ranks where none are equal, and asks for nothing but order", () => {
    fc.assert(
      fc.property(different, fc.infiniteStream(fc.nat()), (xs, dice) => {
        const ys = [...xs].sort((a, b) => a - b);
        for (let i = ys.length - 1; i > 0; i--) {
          const j = dice.next().value % (i + 1);
          [ys[i], ys[j]] = [ys[j] as number, ys[i] as number];
        }
        const rank = (list: readonly number[], v: number): number =>
          list.filter((other) => other <= v).length;
        const n = xs.length;
        const squares = xs.reduce(
          (sum, v, i) => sum + (rank(xs, v) - rank(ys, ys[i] as number)) ** 2,
          0,
        );
        const found = spearman(xs, ys);
        expect(found).toBeCloseTo(1 - (6 * squares) / (n * (n * n - 1)), 10);
        expect(
          spearman(
            xs.map((v) => Math.exp(v / 500)),
            ys,
          ),
        ).toBeCloseTo(found, 10);
        expect(
          spearman(
            xs,
            ys.map((v) => -v),
          ),
        ).toBeCloseTo(-found, 10);
      }),
      { numRuns: 200 },
    );
  });

  it("gives equal values their mean place, and has an interval about it", () => {
    expect(spearman([1, 1, 2, 2], [1, 1, 2, 2])).toBeCloseTo(1, 12);
    expect(spearman([1, 1], [1, 2])).toBeNaN();
    const xs = Array.from({ length: 30 }, (_, i) => i);
    const ys = xs.map((v) => v + 8 * Math.sin(5 * v));
    const found = spearmanInterval(xs, ys);
    expect(found?.low).toBeLessThan(found?.value ?? NaN);
    expect(found?.high).toBeGreaterThan(found?.value ?? NaN);
    expect(spearmanInterval([1, 2, 3], [1, 2, 3])).toBeUndefined();
  });
});

describe("quadraticFit(xs, ys)", () => {
  it("finds a parabola again, and explains all of it", () => {
    fc.assert(
      fc.property(different, x, x, x, (list, a, b, c) => {
        const xs = list.map((v) => v / 100);
        const truth = (v: number): number => a + b * v + c * v * v;
        const found = quadraticFit(xs, xs.map(truth));
        const size = Math.abs(a) + 10 * Math.abs(b) + 100 * Math.abs(c) + 1e-9;
        for (const v of [-10, 0, 3.7]) {
          const error = Math.abs((found?.(v) ?? NaN) - truth(v)) / size;
          // Outside of points that lie close together it is an extrapolation.
          if (Math.max(...xs) - Math.min(...xs) > 5) expect(error).toBeLessThan(1e-6);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("leaves errors that no parabola could take away, and beats every other one", () => {
    fc.assert(
      fc.property(
        different,
        fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 20, maxLength: 20 }),
        x,
        x,
        x,
        (list, noise, a, b, c) => {
          const xs = list.map((v) => v / 1000);
          const ys = xs.map((_, i) => noise[i] as number);
          fc.pre(new Set(ys).size > 1);
          const found = quadraticFit(xs, ys);
          if (!found) return;
          const other = (v: number): number => a + b * v + c * v * v;
          expect(explained(found, xs, ys)).toBeGreaterThanOrEqual(explained(other, xs, ys) - 1e-6);
          expect(explained(found, xs, ys)).toBeLessThanOrEqual(1 + 1e-9);
        },
      ),
      { numRuns: 200 },
    );
    expect(quadraticFit([1, 1, 2], [0, 1, 2])).toBeUndefined();
  });
});
