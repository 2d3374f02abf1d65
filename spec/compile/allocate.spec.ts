import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Allocation, allocate, type Request } from "../../src/compile/allocate.ts";

const request: fc.Arbitrary<Request> = fc
  .tuple(fc.nat(5000), fc.nat(40), fc.nat(12))
  .map(([bytes, first, length]) => ({ bytes, first, last: first + length }));

/** The same rule, each gap found by going through everything. */
function plainly(requests: readonly Request[], alignment: number): Allocation {
  const align = (bytes: number) => Math.ceil(bytes / alignment) * alignment;
  const order = requests
    .map((r, index) => ({ ...r, bytes: align(r.bytes), index }))
    .sort((a, b) => b.bytes - a.bytes || a.first - b.first || a.index - b.index);
  const offsets = requests.map(() => 0);
  const placed: { first: number; last: number; start: number; end: number }[] = [];
  for (const { bytes, first, last, index } of order.filter((r) => r.bytes > 0)) {
    const meets = placed.filter((p) => p.first <= last && first <= p.last);
    const starts = [0, ...meets.map(({ end }) => end)].sort((a, b) => a - b);
    const gaps = starts.flatMap((start) => {
      if (meets.some((p) => p.start <= start && start < p.end)) return [];
      const above = meets.map((p) => p.start).filter((x) => x >= start);
      return [{ start, room: Math.min(...above) - start }];
    });
    const enough = gaps.filter(({ room }) => room >= bytes);
    const room = Math.min(...enough.map((gap) => gap.room));
    const start = enough.find((gap) => gap.room === room)?.start ?? Number.NaN;
    offsets[index] = start;
    placed.push({ first, last, start, end: start + bytes });
  }
  return { offsets, bytes: Math.max(0, ...placed.map(({ end }) => end)) };
}

describe("allocate", () => {
  test("gives requests that live at the same time memory of their own", () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
        const { offsets } = allocate(requests, 64);
        requests.forEach((a, i) => {
          requests.forEach((b, j) => {
            if (i >= j || a.last < b.first || b.last < a.first) return;
            const [x, y] = [offsets[i] as number, offsets[j] as number];
            expect(x + a.bytes <= y || y + b.bytes <= x || a.bytes * b.bytes === 0).toBe(true);
          });
        });
      }),
    );
  });

  test("aligns offsets and stays inside the bytes it reports", () => {
    fc.assert(
      fc.property(
        fc.array(request, { maxLength: 60 }),
        fc.constantFrom(4, 16, 64),
        (requests, alignment) => {
          const { offsets, bytes } = allocate(requests, alignment);
          requests.forEach((r, i) => {
            expect((offsets[i] as number) % alignment).toBe(0);
            expect((offsets[i] as number) + r.bytes).toBeLessThanOrEqual(bytes);
          });
        },
      ),
    );
  });

  test("needs no more than everything side by side, and no less than the fullest moment", () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
        const { bytes } = allocate(requests, 1);
        const total = requests.reduce((sum, r) => sum + r.bytes, 0);
        const fullest = Math.max(
          0,
          ...requests.map(({ first }) =>
            requests
              .filter((r) => r.first <= first && first <= r.last)
              .reduce((sum, r) => sum + r.bytes, 0),
          ),
        );
        expect(bytes).toBeLessThanOrEqual(total);
        expect(bytes).toBeGreaterThanOrEqual(fullest);
      }),
    );
  });

  test("gives each request what a look at all that was placed before gives it", () => {
    fc.assert(
      fc.property(
        fc.array(request, { maxLength: 120 }),
        fc.constantFrom(1, 64, 1024),
        (requests, alignment) => {
          expect(allocate(requests, alignment)).toEqual(plainly(requests, alignment));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("uses the memory of what is dead again", () => {
    const chain = Array.from({ length: 100 }, (_, i) => ({ bytes: 1000, first: i, last: i + 1 }));
    expect(allocate(chain, 8).bytes).toBe(2000);
  });

  test("fills the tightest gap", () => {
    const { offsets } = allocate(
      [
        { bytes: 400, first: 0, last: 1 }, // leaves a wide gap at 0
        { bytes: 300, first: 0, last: 9 },
        { bytes: 200, first: 0, last: 1 }, // leaves a tight gap
        { bytes: 100, first: 0, last: 9 },
        { bytes: 90, first: 5, last: 6 },
      ],
      1,
    );
    expect(offsets).toEqual([0, 400, 700, 900, 700]);
  });
});
