import fc from "fast-check";
import { expect, it } from "vitest";
import { stopFinder } from "../../src/text/stream.ts";

const letters = (least: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: least, maxLength: 4 });

/** What stands before the stop that ends first, the longest of those. */
function before(text: string, stops: readonly string[]): string {
  for (let end = 1; end <= text.length; end++) {
    const lengths = stops.filter((stop) => text.slice(0, end).endsWith(stop)).map((s) => s.length);
    if (lengths.length > 0) return text.slice(0, end - Math.max(...lengths));
  }
  return text;
}

it("passes on what stands before the first stop, however the text comes", () => {
  fc.assert(
    fc.property(fc.array(letters(0)), fc.array(letters(1), { maxLength: 3 }), (pieces, stops) => {
      const finder = stopFinder(stops);
      let [passed, all] = ["", ""];
      for (const piece of pieces) {
        [passed, all] = [passed + finder.push(piece), all + piece];
        // Nothing waits that no stop begins with.
        const waits = all.slice(passed.length);
        if (!finder.isStopped)
          expect(waits === "" || stops.some((stop) => stop.startsWith(waits))).toBe(true);
      }
      expect(finder.isStopped).toBe(before(all, stops) !== all);
      expect(passed + finder.end()).toBe(before(all, stops));
    }),
  );
});
