import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hypervolume } from "../../../src/experiment/summary/hypervolume.ts";
import type { Point } from "../../../src/experiment/summary/statistics.ts";

/** On a grid of a hundredth, so that the area is a number of cells. */
const share = fc.integer({ min: 60, max: 100 });
const points = fc.array(fc.record({ gain: fc.integer({ min: 60, max: 120 }), kept: share }), {
  maxLength: 9,
});

const asShares = (list: readonly Point[]): Point[] =>
  list.map(({ gain, kept }) => ({ gain: gain / 100, kept: kept / 100 }));

describe("hypervolume(points)", () => {
  it("is the share of the square's cells that some point dominates", () => {
    fc.assert(
      fc.property(points, (list) => {
        let cells = 0;
        for (let gain = 81; gain <= 100; gain++)
          for (let kept = 81; kept <= 100; kept++)
            if (list.some((point) => point.gain >= gain && point.kept >= kept)) cells++;
        expect(hypervolume(asShares(list))).toBeCloseTo(cells / 400, 10);
      }),
      { numRuns: 500 },
    );
  });

  it("does not fall when a point is added, and does not care for a dominated one", () => {
    fc.assert(
      fc.property(points, fc.record({ gain: share, kept: share }), (list, more) => {
        const [before, after] = [list, [...list, more]].map((all) => hypervolume(asShares(all)));
        expect(after).toBeGreaterThanOrEqual((before as number) - 1e-12);
        const worse = list.map(({ gain, kept }) => ({ gain: gain - 1, kept: kept - 1 }));
        expect(hypervolume(asShares([...list, ...worse]))).toBeCloseTo(before as number, 12);
      }),
      { numRuns: 300 },
    );
  });

  it("counts more than all of the gain as all of it, but keeps what the base had not", () => {
    expect(hypervolume([{ gain: 1.4, kept: 1 }])).toBeCloseTo(1, 12);
    expect(hypervolume([{ gain: 1, kept: 1.01 }])).toBeCloseTo(1.05, 12);
    expect(hypervolume([{ gain: 0.8, kept: 1 }])).toBe(0);
  });
});
