import { describe, expect, test } from "vitest";
import type { Measurement } from "../../../src/experiment/measurements.ts";
import { agreementOf, familyVolumes, NEAR } from "../../../src/experiment/summary/volumes.ts";
import { tinyRecipe } from "../tiny.ts";
import { otherScores, unmoved } from "./scores.ts";

/** Rows whose target and prior skills are as told; the base has 0 and 1. */
const measured = (
  seed: number,
  rows: Readonly<Record<string, readonly [target: number, prior: number]>>,
): Measurement[] =>
  Object.entries(rows).map(([row, [target, prior]]) => ({
    ...{ kind: "row", seed, row, target, prior: { SUM: prior }, signOff: 0 },
    ...{ ...unmoved, ...otherScores },
  }));

const [base] = tinyRecipe.rows;
const seed = measured(1, {
  [base?.id ?? ""]: [0, 1],
  "sft-5e-3": [1, 0.5],
  "sft-5e-4": [0.9, 0.9],
  "merge-0.3": [0.9, 1],
  "merge-0.5": [1, 0.9],
  "asft-0.1": [1, 1],
});

describe("familyVolumes", () => {
  test("is of all rows of a family together, the largest first", () => {
    const found = familyVolumes(tinyRecipe, seed, [1]);
    expect(found.map(({ family }) => family)).toEqual(["asft", "merge", "sft"]);
    expect(found.map(({ volume }) => volume)).toEqual([
      expect.closeTo(1, 9), // the whole square
      expect.closeTo(0.75, 9), // two half squares that share a quarter
      expect.closeTo(0.25, 9),
    ]);
  });

  test("leaves out families of which a row is missing, on any of the seeds", () => {
    const [without] = [seed.filter((m) => m.kind !== "row" || m.row !== "merge-0.5")];
    const families = (list: readonly Measurement[], seeds: readonly number[]) =>
      familyVolumes(tinyRecipe, list, seeds).map(({ family }) => family);
    expect(families(without, [1])).toEqual(["asft", "sft"]);
    expect(families(seed, [1, 2])).toEqual([]);
    const other = seed.map((m) => ({ ...m, seed: 2 }));
    expect(families([...seed, ...other], [1, 2])).toEqual(["asft", "merge", "sft"]);
  });
});

describe("agreementOf", () => {
  const volumes = [
    { family: "asft", volume: 1 },
    { family: "merge", volume: 1 - NEAR },
    { family: "sft", volume: 0.9 },
  ];

  test("is near the best up to five hundredths", () => {
    expect(agreementOf("merge", volumes)).toMatchObject({ agrees: true, near: 2, families: 3 });
    expect(agreementOf("sft", volumes)).toMatchObject({
      ...{ agrees: false, volume: 0.9, best: { family: "asft", volume: 1 } },
    });
    expect(agreementOf("dft", volumes)).toBeUndefined();
    expect(agreementOf("sft", [])).toBeUndefined();
  });

  test("says nothing where no family comes into the square", () => {
    expect(agreementOf("sft", [{ family: "sft", volume: 0 }])).toBeUndefined();
  });
});
