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

/** The start of the smallest hole of at least so many bytes below the last that is taken, or its end. */
function holeIn(taken: ReadonlySet<number>, bytes: number): number {
  const end = Math.max(-1, ...taken) + 1;
  const holes: { start: number; room: number }[] = [];
  for (let start = 0; start < end; start++) {
    if (taken.has(start) || (start > 0 && !taken.has(start - 1))) continue;
    let room = 1;
    while (!taken.has(start + room)) room++;
    if (room >= bytes) holes.push({ start, room });
  }
  const least = Math.min(...holes.map(({ room }) => room));
  return holes.find(({ room }) => room === least)?.start ?? end;
}

describe("occupancy", () => {
  test("finds the tightest gap in what is taken at any of some steps", () => {
    const steps = 11;
    const during = fc
      .tuple(fc.nat(steps - 1), fc.nat(steps - 1))
      .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
    const takes = fc.array(fc.tuple(during, run), { maxLength: 12 });
    const size = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(takes, during, size, (taken, { first, last }, bytes) => {
        const occupancy = new Occupancy(steps);
        for (const [when, { start, end }] of taken)
          occupancy.take(when.first, when.last, start, end);
        const then = taken.filter(([when]) => when.first <= last && first <= when.last);
        const there = bytesOf(then.map(([, one]) => one));
        expect(occupancy.gap(first, last, bytes)).toBe(holeIn(there, bytes));
      }),
      { numRuns: 500 },
    );
  });
});
