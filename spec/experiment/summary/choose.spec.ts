import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseRows, ENOUGH } from "../../../src/experiment/summary/choose.ts";
import type { RowSummary, Spread } from "../../../src/experiment/summary/summary.ts";

const one = (mean: number): Spread => ({
  mean,
  min: mean,
  max: mean,
  values: new Map([[0, mean]]),
});

const summary = (
  id: string,
  family: string,
  gain: number | undefined,
  drop: number,
): RowSummary => ({
  row: { id, label: id, family, method: "merge", weight: 0 },
  ...{ seeds: [0], target: one(0), gain: gain === undefined ? undefined : one(gain), prior: {} },
  ...{ drop: one(drop), details: {}, signOff: one(0), klFromBase: one(0), klToBase: one(0) },
  ...{ steps: undefined, seconds: undefined },
});

const share = fc.integer({ min: 0, max: 110 }).map((x) => x / 100);
const rows = fc
  .array(fc.tuple(fc.constantFrom("a", "b", "c"), share, share), { minLength: 1, maxLength: 12 })
  .map((list) => list.map(([family, gain, drop], i) => summary(`${i}`, family, gain, drop)));

describe("chooseRows(tuning)", () => {
  it("takes one row of each family, which no other row of it beats by the criterion", () => {
    fc.assert(
      fc.property(rows, (list) => {
        const choices = chooseRows(list);
        expect(choices.map(({ family }) => family)).toEqual([
          ...new Set(list.map(({ row }) => row.family)),
        ]);
        for (const { family, row, tried, gainedEnough } of choices) {
          const mine = list.filter((other) => other.row.family === family);
          const best = mine.find((other) => other.row.id === row.id) as RowSummary;
          const [gain, kept] = [best.gain?.mean as number, 1 - best.drop.mean];
          expect(tried).toBe(mine.length);
          expect(gainedEnough).toBe(gain >= ENOUGH);
          for (const other of mine) {
            const [itsGain, itsKept] = [other.gain?.mean as number, 1 - other.drop.mean];
            if (itsGain >= ENOUGH) {
              expect(gainedEnough).toBe(true);
              expect(itsKept).toBeLessThanOrEqual(kept);
            } else if (!gainedEnough) expect(itsGain + itsKept).toBeLessThanOrEqual(gain + kept);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("prefers enough gain to any retention, and of equals the first", () => {
    const list = [summary("kept", "a", 0.9, 0), summary("gained", "a", 0.95, 0.3)];
    expect(chooseRows(list)[0]?.row.id).toBe("gained");
    const equal = [summary("first", "a", 1, 0.1), summary("second", "a", 1, 0.1)];
    expect(chooseRows(equal)[0]?.row.id).toBe("first");
    expect(chooseRows([summary("none", "a", undefined, 0.5)])[0]?.gainedEnough).toBe(false);
    expect(chooseRows([])).toEqual([]);
  });
});
