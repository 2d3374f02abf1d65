import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { roundedLength } from "../../src/nn/lengths.ts";

const length = fc.integer({ min: 1, max: 1 << 20 });
const step = fc.constantFrom(1, 4, 8, 32, 64);

describe("roundedLength", () => {
  test("is the next multiple of the step, as long as a 16th is no more", () => {
    fc.assert(
      fc.property(length, step, (n, step) => {
        const m = roundedLength(n, step);
        expect(m % step).toBe(0);
        expect(m).toBeGreaterThanOrEqual(n);
        expect(m - n).toBeLessThan(Math.max(step, n / 16));
        if (n <= 32 * step) expect(m).toBe(Math.ceil(n / step) * step);
        expect(roundedLength(m, step)).toBe(m);
      }),
    );
  });

  test("grows with the length", () => {
    fc.assert(
      fc.property(length, length, step, (a, b, step) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        expect(roundedLength(less, step)).toBeLessThanOrEqual(roundedLength(more, step));
      }),
    );
  });

  test("goes no further than the bound, unless the length itself does", () => {
    fc.assert(
      fc.property(length, step, length, (n, step, most) => {
        const m = roundedLength(n, step, most);
        expect(m).toBe(Math.max(n, Math.min(roundedLength(n, step), most)));
      }),
    );
  });

  test("leaves 80 lengths up to 1,024, and 16 to each doubling", () => {
    const lengths = (to: number): number =>
      new Set(Array.from({ length: to }, (_, i) => roundedLength(i + 1, 4))).size;
    expect([64, 128, 256, 1024, 4096].map(lengths)).toEqual([16, 32, 48, 80, 112]);
  });
});
