import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  dominates,
  type Estimate,
  estimate,
  mean,
  type Point,
  pairedDifference,
  paretoFrontier,
} from "../../../src/experiment/summary/statistics.ts";
import { key, stream } from "../../../src/tensor/random.ts";

const share = fc.integer({ min: 0, max: 100 }).map((x) => x / 100);
const sample = fc.array(share, { minLength: 2, maxLength: 12 });
const point: fc.Arbitrary<Point> = fc.record({ gain: share, kept: share });

/** Normal numbers, two uniform ones each. */
const normal = (next: () => number) => (): number =>
  Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

/** In what share of studies with n seeds the interval has the true mean. */
function coverage(n: number, draw: () => number, truth: number, studies = 2000): number {
  let covered = 0;
  for (let study = 0; study < studies; study++) {
    const { low, high } = estimate(Array.from({ length: n }, draw)) as Estimate;
    if (low <= truth && truth <= high) covered++;
  }
  return covered / studies;
}

describe("estimate(values)", () => {
  it.each([
    [5, 0.915, 0.96, 2000],
    [7, 0.925, 0.965, 2000],
    // Resamples of so many are drawn, which takes longer.
    [10, 0.93, 0.97, 800],
  ])(
    "covers the mean of normal values with %i seeds in about 95 of 100 studies",
    (n, low, high, studies) => {
      const got = coverage(n, normal(stream(key(n))), 0, studies);
      expect(got).toBeGreaterThan(low);
      expect(got).toBeLessThan(high);
    },
  );

  it("covers the mean of skewed values, as forgetting is, in 85 of 100 studies and more", () => {
    const next = stream(key(1));
    expect(coverage(5, () => -Math.log(1 - next()), 1)).toBeGreaterThan(0.85);
  });

  it("lies within the values, has their mean inside, and does not depend on their order", () => {
    fc.assert(
      fc.property(sample, fc.infiniteStream(fc.nat(99)), (values, dice) => {
        const { mean: middle, low, high } = estimate(values) as Estimate;
        expect(low).toBeGreaterThanOrEqual(Math.min(...values) - 1e-12);
        expect(high).toBeLessThanOrEqual(Math.max(...values) + 1e-12);
        expect(low).toBeLessThanOrEqual(middle + 1e-12);
        expect(high).toBeGreaterThanOrEqual(middle - 1e-12);
        expect(middle).toBe(mean(values));
        if (values.length > 7) return;
        const ranks = values.map(() => dice.next().value as number);
        const shuffled = values.toSorted(
          (a, b) => (ranks[values.indexOf(a)] ?? 0) - (ranks[values.indexOf(b)] ?? 0),
        );
        const again = estimate(shuffled) as Estimate;
        expect(again.low).toBeCloseTo(low, 12);
        expect(again.high).toBeCloseTo(high, 12);
      }),
      { numRuns: 1000 },
    );
  });

  it("moves and stretches with the values", () => {
    fc.assert(
      fc.property(sample, share, (values, shift) => {
        const a = estimate(values) as Estimate;
        const b = estimate(values.map((x) => 3 * x + shift)) as Estimate;
        expect(b.low).toBeCloseTo(3 * a.low + shift, 9);
        expect(b.high).toBeCloseTo(3 * a.high + shift, 9);
      }),
      { numRuns: 200 },
    );
  });

  it("counts every resample of few values as drawing them does in the limit", () => {
    const values = [0, 0.1, 0.5, 0.7, 2];
    const exact = estimate(values) as Estimate;
    const next = stream(key(3));
    const drawn = Array.from({ length: 200_000 }, () =>
      mean(values.map(() => values[Math.floor(next() * 5)] as number)),
    ).sort((a, b) => a - b);
    // Φ(−√(5/4)·2.7764)
    const tail = 0.000954;
    expect(exact.low).toBeCloseTo(drawn[Math.floor(tail * drawn.length)] as number, 6);
    expect(exact.high).toBeCloseTo(drawn[Math.floor((1 - tail) * drawn.length)] as number, 6);
  });

  it("says nothing of fewer than two values", () => {
    expect(estimate([])).toBeUndefined();
    expect(estimate([1])).toBeUndefined();
    expect(estimate([1, 1])).toEqual({ mean: 1, low: 1, high: 1 });
  });
});

describe("pairedDifference(left, right)", () => {
  it("compares the seeds that both have, and sees what a common spread would hide", () => {
    const left = new Map([1, 2, 3, 4, 5].map((seed) => [seed, seed + 0.1 + seed / 100]));
    const right = new Map([1, 2, 3, 4, 5, 6].map((seed) => [seed, seed]));
    const { mean: middle, low } = pairedDifference(left, right) as Estimate;
    expect(middle).toBeCloseTo(0.13, 12);
    expect(low).toBeGreaterThan(0.1);
    expect(pairedDifference(left, new Map())).toBeUndefined();
  });
});

describe("paretoFrontier(points)", () => {
  it("has exactly the points that none dominates, in falling retention", () => {
    fc.assert(
      fc.property(fc.array(point, { maxLength: 20 }), (points) => {
        const frontier = paretoFrontier(points);
        for (const one of points)
          expect(frontier.includes(one)).toBe(!points.some((other) => dominates(other, one)));
        for (const one of points.filter((p) => !frontier.includes(p)))
          expect(frontier.some((other) => dominates(other, one))).toBe(true);
        frontier.slice(1).forEach((next, i) => {
          expect(next.gain).toBeGreaterThanOrEqual((frontier[i] as Point).gain);
          expect(next.kept).toBeLessThanOrEqual((frontier[i] as Point).kept);
        });
      }),
      { numRuns: 1000 },
    );
  });
});
