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
  test("takes the tightest gap in what is taken at any of some steps", () => {
    // More than a window, and more than two.
    const steps = 600;
    const take = fc
      .tuple(fc.nat(steps - 1), fc.nat(steps - 1), fc.integer({ min: 1, max: 12 }))
      .map(([a, b, bytes]) => ({ first: Math.min(a, b), last: Math.max(a, b), bytes }));
    fc.assert(
      fc.property(fc.array(take, { maxLength: 40 }), (takes) => {
        const occupancy = new Occupancy();
        const taken: { first: number; last: number; start: number; end: number }[] = [];
        for (const { first, last, bytes } of takes) {
          const then = taken.filter((one) => one.first <= last && first <= one.last);
          const start = occupancy.take(first, last, bytes);
          expect(start).toBe(holeIn(bytesOf(then), bytes));
          taken.push({ first, last, start, end: start + bytes });
        }
      }),
      { numRuns: 500 },
    );
  });
});
