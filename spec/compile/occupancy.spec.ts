import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Occupancy, Runs } from "../../src/compile/occupancy.ts";

const run = fc
  .tuple(fc.nat(60), fc.integer({ min: 1, max: 8 }))
  .map(([start, length]) => ({ start, end: start + length }));

/** The bytes themselves. */
const bytesOf = (runs: readonly { start: number; end: number }[]): Set<number> =>
  new Set(
    runs.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i)),
  );

/** What runs say, as runs of single bytes; they lie in order, and none touches the next. */
function bytesIn({ starts, ends }: Runs): Set<number> {
  const runs = starts.map((start, i) => ({ start, end: ends[i] ?? Number.NaN }));
  runs.forEach(({ start, end }, i) => {
    expect(start).toBeLessThan(end);
    expect(start).toBeGreaterThan(runs[i - 1]?.end ?? -1);
  });
  return bytesOf(runs);
}

describe("runs of bytes", () => {
  test("hold the bytes that were added, and meet what has one of them", () => {
    fc.assert(
      fc.property(fc.array(run, { maxLength: 12 }), run, (added, { start, end }) => {
        const runs = new Runs();
        for (const one of added) runs.add(one.start, one.end);
        const bytes = bytesOf(added);
        expect(bytesIn(runs)).toEqual(bytes);
        const isMet = [...bytesOf([{ start, end }])].some((byte) => bytes.has(byte));
        expect(runs.meets(start, end)).toBe(isMet);
      }),
      { numRuns: 500 },
    );
  });
});

describe("occupancy", () => {
  test("knows what is taken at any of some steps", () => {
    const steps = 11;
    const during = fc
      .tuple(fc.nat(steps - 1), fc.nat(steps - 1))
      .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
    const takes = fc.array(fc.tuple(during, run), { maxLength: 12 });
    fc.assert(
      fc.property(takes, during, (taken, { first, last }) => {
        const occupancy = new Occupancy(steps);
        for (const [when, { start, end }] of taken)
          occupancy.take(when.first, when.last, start, end);
        const then = taken.filter(([when]) => when.first <= last && first <= when.last);
        expect(bytesIn(occupancy.taken(first, last))).toEqual(bytesOf(then.map(([, one]) => one)));
      }),
      { numRuns: 300 },
    );
  });
});
