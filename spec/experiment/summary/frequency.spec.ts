import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseRows } from "../../../src/experiment/summary/choose.ts";
import { choiceFrequency } from "../../../src/experiment/summary/frequency.ts";
import {
  type Estimate,
  estimate,
  groupedEstimate,
} from "../../../src/experiment/summary/statistics.ts";
import { type RowSummary, spread } from "../../../src/experiment/summary/summary.ts";

const zero = spread(new Map([[0, 0]]));

const summary = (id: string, family: string, drops: readonly number[]): RowSummary => {
  const seeds = drops.map((_, i) => 100 + i);
  const over = (values: readonly number[]) =>
    spread(new Map(seeds.map((s, i) => [s, values[i] ?? 0])));
  return {
    row: { id, label: id, family, method: "merge", weight: 0 },
    ...{ seeds, target: zero, gain: over(drops.map(() => 1)), prior: {}, drop: over(drops) },
    ...{ details: {}, signOff: zero, klFromBase: zero, klToBase: zero, seconds: zero },
    steps: undefined,
  };
};

const rows = fc
  .array(
    fc.tuple(
      fc.constantFrom("a", "b"),
      fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 4, maxLength: 4 }),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((list) =>
    list.map(([family, drops], i) =>
      summary(
        `${i}`,
        family,
        drops.map((x) => x / 1000),
      ),
    ),
  );

describe("choiceFrequency(tuning)", () => {
  it("adds up to 1 in each family, and is 1 for a row that loses least on every seed", () => {
    fc.assert(
      fc.property(rows, (list) => {
        const found = choiceFrequency(list);
        for (const { family } of chooseRows(list)) {
          const own = list.filter(({ row }) => row.family === family);
          const shares = own.map(({ row }) => found.get(row.id) ?? NaN);
          expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
          const best = own.find((one) =>
            own.every(
              (other) =>
                one === other ||
                [...one.drop.values].every(([seed, x]) => x < (other.drop.values.get(seed) ?? 0)),
            ),
          );
          if (best) expect(found.get(best.row.id)).toBeCloseTo(1, 9);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("tells a choice that hangs on a seed from one that does not", () => {
    const found = choiceFrequency([
      summary("steady", "a", [0.1, 0.1, 0.1, 0.1]),
      summary("lucky", "a", [0.38, 0, 0, 0]),
    ]);
    // The mean is below a tenth; but drawn twice among four, the bad seed turns the choice.
    expect(found.get("lucky")).toBeGreaterThan(0.6);
    expect(found.get("steady")).toBeGreaterThan(0.2);
  });
});

describe("groupedEstimate(groups)", () => {
  const value = fc.double({ min: -1, max: 1, noNaN: true });
  const groups = fc.array(fc.array(value, { minLength: 1, maxLength: 4 }), {
    minLength: 2,
    maxLength: 8,
  });

  it("has the mean of all values between its ends, which lie among the values", () => {
    fc.assert(
      fc.property(groups, (list) => {
        const { mean, low, high } = groupedEstimate(list) as Estimate;
        const all = list.flat();
        expect(mean).toBeCloseTo(all.reduce((a, b) => a + b, 0) / all.length, 12);
        expect(low).toBeLessThanOrEqual(mean + 1e-9);
        expect(high).toBeGreaterThanOrEqual(mean - 1e-9);
        expect(low).toBeGreaterThanOrEqual(Math.min(...all) - 1e-9);
        expect(high).toBeLessThanOrEqual(Math.max(...all) + 1e-9);
      }),
      { numRuns: 5 },
    );
  });

  it("is wider than if values of one base were independent, and as wide where they are", () => {
    const bases = [0.1, 0.4, 0.2, 0.9, 0.5];
    const width = ({ low, high }: Estimate): number => high - low;
    const shared = bases.map((x) => [x, x, x, x]);
    const grouped = width(groupedEstimate(shared) as Estimate);
    expect(grouped).toBeGreaterThan(1.5 * width(estimate(shared.flat()) as Estimate));
    const alone = width(groupedEstimate(bases.map((x) => [x])) as Estimate);
    expect(Math.abs(alone - width(estimate(bases) as Estimate))).toBeLessThan(0.03);
    expect(groupedEstimate([[1, 2]])).toBeUndefined();
  });
});
