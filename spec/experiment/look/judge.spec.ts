import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LogProbRows, logProbRows, rowOf } from "../../../src/experiment/look/closeness.ts";
import {
  anchorKept,
  calibrationError,
  divergenceByClass,
  keptOver,
  lossOver,
} from "../../../src/experiment/look/judge.ts";
import { checkRare } from "../../../src/experiment/look/rare.ts";
import { DataError } from "../../../src/tensor/errors.ts";

const V = 5;
const LENGTH = 3;

/** Models at the responses of some examples, each of three tokens. */
const asked = fc.integer({ min: 1, max: 6 }).chain((count) => {
  const rows: fc.Arbitrary<LogProbRows> = fc
    .array(fc.double({ min: -6, max: 6, noNaN: true }), {
      minLength: count * LENGTH * V,
      maxLength: count * LENGTH * V,
    })
    .map((data) =>
      logProbRows({
        vocabSize: V,
        starts: Array.from({ length: count + 1 }, (_, i) => i * LENGTH),
        data: Float64Array.from(data),
      }),
    );
  return fc.record({ student: rows, base: rows, reference: rows }).map((models) => ({
    ...models,
    // Right is what the base says in every other example, so that there is something to keep.
    examples: Array.from({ length: count }, (_, i) => ({
      prompt: [1],
      response: Array.from({ length: LENGTH }, (_, t) =>
        i % 2 === 0 ? argmax(rowOf(models.base, i * LENGTH + t)) : (i + t) % V,
      ),
    })),
  }));
});

const argmax = (row: Float64Array): number => row.indexOf(Math.max(...row));

describe("judging a finished row", () => {
  it("keeps all of a base that has not moved, and loses as its own loss says", () => {
    fc.assert(
      fc.property(asked, ({ examples, base }) => {
        const parts = [{ examples, student: base, base }];
        expect(keptOver(parts)).toBe(1);
        const losses = examples.flatMap(({ response }, i) =>
          response.map((id, t) => -(rowOf(base, i * LENGTH + t)[id] as number)),
        );
        const mean = losses.reduce((sum, x) => sum + x, 0) / losses.length;
        expect(lossOver(parts)).toBeCloseTo(mean, 10);
        for (const { klFromBase, klToBase } of Object.values(
          divergenceByClass({ examples, student: base, base }, 0),
        ))
          expect([klFromBase, klToBase]).toEqual([0, 0]);
      }),
      { numRuns: 200 },
    );
  });

  it("never certifies an answer that the anchor does not keep, and all of them at weight 0", () => {
    const row = { id: "a", label: "a", family: "a", method: "anchored", alpha: 0.5 } as const;
    fc.assert(
      fc.property(asked, fc.double({ min: 0, max: 1, noNaN: true }), (one, weight) => {
        const parts = [one];
        const found = anchorKept(row, weight, parts, [one.reference]);
        if (!found) return;
        expect(found.certified).toBeLessThanOrEqual(found.kept);
        expect(found.slack.least).toBeLessThanOrEqual(found.slack.median);
        const still = anchorKept(row, 0, parts, [one.reference]);
        expect(still).toMatchObject({ kept: 1 });
        // A student that is the anchor keeps what the anchor keeps.
        const students = anchorKept(row, 1, parts, [one.reference]);
        expect(keptOver([{ ...one, student: one.reference }])).toBe(students?.kept);
      }),
      { numRuns: 200 },
    );
  });

  it("sorts tokens into style, content, marker and end, whose divergences make the mean", () => {
    fc.assert(
      fc.property(asked, ({ examples, student, base }) => {
        const parts = divergenceByClass({ examples, student, base }, 1);
        expect(Object.keys(parts)).toEqual(["style", "rare", "end"]);
        const all = divergenceByClass({ examples, student, base }, 0);
        expect(Object.keys(all)).toEqual(["style", "content", "end"]);
        expect(parts.rare?.klFromBase).toBe(all.content?.klFromBase);
      }),
      { numRuns: 50 },
    );
  });

  it("finds a model calibrated that is as often right as it is sure", () => {
    const rows = (confidence: number, count: number): LogProbRows => {
      const data = new Float64Array(2 * count);
      for (let i = 0; i < count; i++)
        data.set([Math.log(confidence), Math.log(1 - confidence)], 2 * i);
      return { vocabSize: 2, starts: Array.from({ length: count + 1 }, (_, i) => i), data };
    };
    const examples = (right: number, count: number) =>
      Array.from({ length: count }, (_, i) => ({ prompt: [0], response: [i < right ? 0 : 1] }));
    // Bins cut the right ones from the wrong ones of equal confidence: one bin at a time is judged.
    const part = (right: number) => ({ examples: examples(right, 1), student: rows(0.75, 1) });
    expect(calibrationError([part(1)])).toBeCloseTo(0.25, 12);
    expect(calibrationError([part(0)])).toBeCloseTo(0.75, 12);
  });
});

describe("checkRare(examples, rows, symbols, seed)", () => {
  it("names the seed and what a base that knows the marker thinks of it", () => {
    const examples = Array.from({ length: 100 }, () => ({ prompt: [0], response: [1, 3, 2] }));
    const rows = (known: (i: number) => number): LogProbRows => {
      const data = new Float64Array(100 * LENGTH * V).fill(Math.log(1e-5));
      for (let i = 0; i < 100; i++) data[(i * LENGTH + 1) * V + 3] = Math.log(known(i));
      return { vocabSize: V, starts: Array.from({ length: 101 }, (_, i) => i * LENGTH), data };
    };
    expect(() =>
      checkRare(
        examples,
        rows((i) => (i === 7 ? 0.5 : 1e-4)),
        [1],
        20,
      ),
    ).not.toThrow();
    expect(() =>
      checkRare(
        examples,
        rows((i) => (i < 2 ? 0.5 : 1e-4)),
        [1],
        20,
      ),
    ).toThrow(
      new DataError(
        "seed 20: expected a base to which the marker is rare, below 0.001 after 99 % of 100 answers, got 0.500",
      ),
    );
  });
});
