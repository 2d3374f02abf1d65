import { describe, expect, it } from "vitest";
import type { Measurement, RowResult } from "../../../src/experiment/measurements.ts";
import { smokeRecipe } from "../../../src/experiment/recipes/smoke.ts";
import { gainNote } from "../../../src/experiment/summary/gains.ts";
import { summarize, weightOf } from "../../../src/experiment/summary/summary.ts";
import { otherScores } from "./scores.ts";

/** The row that the smoke study is about. */
const main = smokeRecipe.headline ?? "none";

const row = (seed: number, id: string, target: number, skill: number): RowResult => ({
  kind: "row",
  ...otherScores,
  ...{ seed, row: id, target, prior: { rev: skill, echo: skill }, signOff: 0 },
  ...{ klFromBase: 0.5, klToBase: 0.25 },
});

const certificate = (held: boolean): Measurement => ({
  kind: "certificate",
  ...{ seed: 0, row: main, outer: 0, measured: 0, bound: 1, inexactness: 0, held },
  ...{ alpha: 0.5, referenceKl: 2, anchorKl: 0, eta: 0, leastSlack: 1, linear: true },
  ...{ tokens: 4, withoutDelta: 3 },
});

const measurements: readonly Measurement[] = [
  row(0, "base", 0.1, 1),
  row(0, smokeRecipe.reference, 0.9, 0.5),
  row(0, main, 0.5, 0.9),
  certificate(true),
  certificate(false),
  row(1, "base", 0.2, 0.8),
  row(1, smokeRecipe.reference, 1, 0.2),
  row(1, main, 1, 0.8),
];

describe("summarize", () => {
  const [base, reference, headline] = summarize(smokeRecipe, measurements);

  it("compares each seed with its own base and reference", () => {
    expect(reference?.gain).toMatchObject({ mean: 1, min: 1, max: 1 });
    expect([...(reference?.gain?.values ?? [])]).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(reference?.drop.min).toBeCloseTo(0.5, 12);
    expect(reference?.drop.max).toBeCloseTo(0.75, 12);
    expect(reference?.drop.mean).toBeCloseTo(0.625, 12);
    expect(headline?.gain?.min).toBeCloseTo(0.5, 12);
    expect(headline?.gain?.max).toBeCloseTo(1, 12);
    expect(headline?.drop.max).toBeCloseTo(0.1, 12);
    expect(headline?.drop.min).toBeCloseTo(0, 12);
    expect(base?.drop).toMatchObject({ mean: 0, min: 0, max: 0 });
  });

  it("says how steps lie below their bounds, and which numbers are wrong", () => {
    expect(headline?.steps).toMatchObject({ steps: 2, broken: 1, ofBound: 0, withoutDelta: 0.75 });
    expect(reference?.steps).toBeUndefined();
  });

  it("gives rows in the recipe's order, and only those that are there", () => {
    const summaries = summarize(smokeRecipe, measurements.toReversed());
    expect(summaries.map(({ row: { id } }) => id)).toEqual(["base", smokeRecipe.reference, main]);
    expect(summarize(smokeRecipe, [])).toEqual([]);
  });

  it("knows no gain before the reference, nor where it gained nothing", () => {
    const [early] = summarize(smokeRecipe, measurements.slice(0, 1));
    expect(early?.gain).toBeUndefined();
    const still = [row(0, "base", 0.3, 1), row(0, smokeRecipe.reference, 0.3, 1)];
    expect(summarize(smokeRecipe, still)[1]?.gain).toBeUndefined();
    const worse = [row(0, "base", 0.48, 1), row(0, smokeRecipe.reference, 0.43, 1)];
    expect(summarize(smokeRecipe, worse)[1]?.gain).toBeUndefined();
  });
});

describe("gainNote", () => {
  const noteOf = (...pairs: readonly [base: number, reference: number][]) =>
    gainNote(
      smokeRecipe,
      pairs.flatMap(([base, reference], seed) => [
        row(seed, "base", base, 1),
        row(seed, smokeRecipe.reference, reference, 1),
      ]),
    );

  it("tells of a reference that learnt little of the target, or nothing", () => {
    expect(noteOf([0, 0.9], [0.1, 0.8])).toBeUndefined();
    expect(noteOf()).toBeUndefined();
    expect(noteOf([0, 0.035])).toBe(
      "The reference gains 3.5 points of the target, too little to have shares of: gains say nothing here.",
    );
    expect(noteOf([0, 0.9], [0.5, 0.5])).toBe(
      "On seeds 1 the reference gained nothing, and no row has a gain there.",
    );
    expect(noteOf([0.48, 0.43])).toBe(
      "The reference gained nothing of the target, so that no row has a share of it.",
    );
  });
});

describe("weightOf", () => {
  it("is 1 − (1 − α)ᵀ for anchored rows, and nothing for others", () => {
    const weights = smokeRecipe.rows.map(weightOf);
    smokeRecipe.rows.forEach((recipe, i) => {
      if (recipe.method !== "anchored") expect(weights[i]).toBeUndefined();
      else {
        const { alpha, outer = 1 } = recipe;
        expect(weights[i]).toBeCloseTo(1 - (1 - (alpha as number)) ** outer, 12);
      }
    });
  });
});
