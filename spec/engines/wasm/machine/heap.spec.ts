import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  allocateTogether,
  createArena,
  createHeap,
  type Heap,
} from "../../../../src/engines/wasm/machine/heap.ts";

const START = 1024;

interface Block {
  readonly address: number;
  readonly bytes: number;
}

/** A heap that may grow to `most`, and the end it has reached. */
function growing(most: number): { heap: Heap; end: () => number } {
  let end = START + 4096;
  const heap = createHeap(START, end, (wanted) => {
    if (wanted > most) throw new RangeError(`expected at most ${most}, got ${wanted}`);
    end = Math.min(most, wanted + 777);
    return end;
  });
  return { heap, end: () => end };
}

/** Allocates (a size) or frees (the n-th live block). */
const action = fc.oneof(
  fc.record({ allocate: fc.nat(3000) }),
  fc.record({ free: fc.nat(50) }),
) as fc.Arbitrary<{ allocate: number } | { free: number }>;

/** Carries actions out and calls `check` after each with the blocks that live. */
function play(
  heap: Heap,
  actions: readonly ({ allocate: number } | { free: number })[],
  check: (live: readonly Block[]) => void,
): Block[] {
  const live: Block[] = [];
  for (const step of actions) {
    if ("allocate" in step)
      live.push({ address: heap.allocate(step.allocate), bytes: step.allocate });
    else if (live.length > 0) {
      const [block] = live.splice(step.free % live.length, 1);
      heap.free((block as Block).address);
    }
    check(live);
  }
  return live;
}

describe("createHeap", () => {
  test("hands out aligned blocks that neither overlap nor leave the range", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const { heap, end } = growing(1 << 20);
        play(heap, actions, (live) => {
          const sorted = [...live].sort((a, b) => a.address - b.address);
          sorted.forEach(({ address, bytes }, i) => {
            expect(address % 64).toBe(0);
            expect(address).toBeGreaterThanOrEqual(START);
            expect(address + bytes).toBeLessThanOrEqual(sorted[i + 1]?.address ?? end());
          });
        });
      }),
    );
  });

  test("counts what is allocated, and nothing when all is freed", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const { heap } = growing(1 << 20);
        let most = 0;
        const rest = play(heap, actions, (live) => {
          const padded = live.map(({ bytes }) => Math.max(64, Math.ceil(bytes / 64) * 64));
          const total = padded.reduce((a, b) => a + b, 0);
          most = Math.max(most, total);
          expect(heap.bytes()).toBe(total);
          expect(heap.peakBytes()).toBe(most);
        });
        for (const { address } of rest) heap.free(address);
        expect(heap.bytes()).toBe(0);
      }),
    );
  });

  test("joins freed neighbours, so that what fitted before fits again", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...Array(16).keys()], { minLength: 16 }), (order) => {
        const heap = createHeap(START, START + 16 * 256, () => {
          throw new RangeError("full");
        });
        const addresses = order.map(() => heap.allocate(256));
        expect(() => heap.allocate(1)).toThrow(RangeError);
        for (const i of order) heap.free(addresses[i] as number);
        expect(heap.allocate(16 * 256)).toBe(START);
      }),
    );
  });

  test("refuses an address that is not allocated, twice freed ones too", () => {
    const { heap } = growing(1 << 20);
    const address = heap.allocate(10);
    heap.free(address);
    expect(() => heap.free(address)).toThrow(/expected an allocated address/);
    expect(() => heap.free(12345)).toThrow(/expected an allocated address/);
  });

  test("stays usable after the range could not grow", () => {
    const { heap } = growing(START + 8192);
    const first = heap.allocate(4000);
    expect(() => heap.allocate(100_000)).toThrow(RangeError);
    heap.free(first);
    expect(heap.bytes()).toBe(0);
    expect(heap.allocate(4096)).toBe(START);
  });
});

const sizes = fc.array(fc.nat(9000), { minLength: 1, maxLength: 12 });

describe("what belongs together", () => {
  test("is all there, or nothing is, wherever memory ends", () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 5000, max: 60_000 }), (asked, most) => {
        const { heap } = growing(most);
        const keep = heap.allocate(64);
        const before = heap.bytes();
        const all = () => allocateTogether(heap, (allocate) => asked.map(allocate));
        try {
          const { made, free } = all();
          expect(new Set(made).size).toBe(asked.length);
          free();
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
        expect(heap.bytes()).toBe(before);
        heap.free(keep);
      }),
    );
  });
});

describe("the arena", () => {
  test("holds what is asked, and goes on after there was no memory", () => {
    fc.assert(
      fc.property(sizes, (asked) => {
        const { heap } = growing(START + 5000);
        const arena = createArena(heap);
        let most = 0;
        for (const bytes of asked) {
          const fits = bytes <= 4992; // units of 64 in 5000
          if (!fits) expect(() => arena(bytes)).toThrow(RangeError);
          else {
            const address = arena(bytes);
            expect(arena(bytes)).toBe(address);
          }
          most = fits ? Math.max(most, bytes) : 0;
          expect(heap.bytes()).toBe(
            most === 0 && !fits ? 0 : Math.max(64, Math.ceil(most / 64) * 64),
          );
        }
      }),
    );
  });
});
