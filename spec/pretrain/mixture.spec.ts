import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MixtureParts, mixtureFrom } from "../../src/pretrain/mixture.ts";
import { textSuite } from "../../src/tasks/study/textSuite.ts";
import { key } from "../../src/tensor/random.ts";

const LENGTH = 120;
const CHUNKS = 15;
/** Each position of the text has an id of its own; questions are made of other ids. */
const texts = Array.from({ length: CHUNKS * LENGTH + 1 }, (_, i) => 1000 + i);
const parts: MixtureParts = {
  ...{ texts, suite: textSuite(), encode: (text) => [...text].map(() => 7), latent: 0.5 },
  ...{ length: LENGTH, batchSize: 4, key: key(3) },
};

const rowsOf = (from: number, steps: number): readonly (readonly number[])[] =>
  [...mixtureFrom(from, steps, parts)].flatMap(({ tokens: { data } }) =>
    Array.from({ length: 4 }, (_, row) => [...data.slice(row * LENGTH, (row + 1) * LENGTH)]),
  );

describe("mixtureFrom(step, steps, parts)", () => {
  it("goes on from any step as if it had begun there", () => {
    const whole = rowsOf(0, 20);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), (step) => {
        expect(rowsOf(step, 20)).toEqual(whole.slice(4 * step));
      }),
      { numRuns: 8 },
    );
  });

  it("is half text, and each piece of it comes once before any comes again", () => {
    const rows = rowsOf(0, 20);
    const text = rows.filter((row) => row.every((id) => id >= 1000));
    const questions = rows.filter((row) => row.every((id) => id < 1000));
    expect([text.length, questions.length]).toEqual([40, 40]);
    for (const epoch of [text.slice(0, CHUNKS), text.slice(CHUNKS, 2 * CHUNKS)]) {
      const firsts = epoch.map(([first = 0]) => first - 1000).toSorted((a, b) => a - b);
      expect(firsts).toEqual(Array.from({ length: CHUNKS }, (_, i) => i * LENGTH));
    }
    expect(text.slice(0, CHUNKS)).not.toEqual(text.slice(CHUNKS, 2 * CHUNKS));
  });

  it("counts every row alike, however few of its tokens are learnt", () => {
    for (const { mask, weights } of mixtureFrom(0, 10, parts)) {
      const counts = Array.from(mask.data, (one, t) => one * (weights?.data[t] ?? 1));
      for (let row = 0; row < 4; row++) {
        const own = counts.slice(row * LENGTH, (row + 1) * LENGTH);
        expect(own.reduce((a, b) => a + b, 0)).toBeCloseTo(LENGTH, 3);
      }
    }
  });

  it("refuses rows that hold no question", () => {
    const short = { ...parts, texts: texts.slice(0, 50), length: 20 };
    expect(() => [...mixtureFrom(0, 1, short)]).toThrow(
      "pretrain: expected rows that hold a question, got 20 positions",
    );
  });

  it("keeps questions apart, fills their rows, and learns their answers alone", () => {
    for (const { mask, segments, positions, tokens } of mixtureFrom(0, 10, parts)) {
      for (let row = 0; row < 4; row++) {
        const of = (data: ArrayLike<number> = []) =>
          Array.from({ length: LENGTH }, (_, t) => data[row * LENGTH + t] ?? 0);
        const [own, place] = [of(segments?.data), of(positions?.data)];
        expect(own).not.toContain(0);
        const isText = of(tokens.data).every((id) => id >= 1000);
        if (isText) {
          expect(new Set(own)).toEqual(new Set([1]));
          expect(of(mask.data)).not.toContain(0);
        } else {
          expect(place.filter((position) => position === 0).length).toBe(Math.max(...own));
          expect(of(mask.data)).toContain(0);
        }
      }
    }
  });
});
