import fc from "fast-check";
import { expect, test } from "vitest";
import { at } from "../../../src/tensor/shapes.ts";
import { f16Of } from "../../../src/tensor/storage/half.ts";
import { BLOCK, BLOCK_BYTES, dequantize, quantize } from "../../../src/tensor/storage/q8.ts";

/** Blocks of a scale that F16 holds exactly, and the numbers that they mean. */
const blocks = fc.array(
  fc.record({
    exponent: fc.integer({ min: -14, max: 8 }),
    codes: fc.array(fc.integer({ min: -127, max: 127 }), { minLength: BLOCK, maxLength: BLOCK }),
  }),
  { minLength: 1, maxLength: 5 },
);

test("a block is its scale times each of its codes, and is read from where it stands", () => {
  fc.assert(
    fc.property(blocks, (drawn) => {
      const bytes = new Uint8Array(drawn.length * BLOCK_BYTES);
      const view = new DataView(bytes.buffer);
      drawn.forEach(({ exponent, codes }, i) => {
        view.setUint16(i * BLOCK_BYTES, f16Of(2 ** exponent), true);
        for (const [j, code] of codes.entries()) view.setInt8(i * BLOCK_BYTES + 2 + j, code);
      });
      const read = dequantize(bytes, new Float32Array(drawn.length * BLOCK));
      const meant = drawn.flatMap(({ exponent, codes }) =>
        codes.map((code) => code * 2 ** exponent),
      );
      expect(Array.from(read, (x) => x + 0)).toEqual(meant.map((x) => x + 0));
    }),
    { numRuns: 50 },
  );
});

test("what is read back is off by half a step of its block at most, and by what F16 loses", () => {
  const numbers = fc.array(
    fc.tuple(
      fc.integer({ min: -8, max: 8 }),
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: BLOCK, maxLength: BLOCK }),
    ),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(numbers, (drawn) => {
      const values = drawn.flatMap(([exponent, all]) => all.map((x) => x * 2 ** exponent));
      const read = dequantize(quantize(values), new Float32Array(values.length));
      for (let from = 0; from < values.length; from += BLOCK) {
        const most = Math.max(...values.slice(from, from + BLOCK).map(Math.abs));
        const step = most / 127;
        for (let i = from; i < from + BLOCK; i++)
          expect(Math.abs(at(read, i) - at(values, i))).toBeLessThanOrEqual(
            step / 2 + 127 * step * 2 ** -11 + 2 ** -25 * 127 + 1e-6 * most,
          );
      }
    }),
    { numRuns: 50 },
  );
});
