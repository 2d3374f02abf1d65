import { describe, expect, it } from "vitest";
import { renderJointTable } from "../../src/cli/jointTable.ts";
import type { RowResult } from "../../src/experiment/measurements.ts";
import { miniRecipe, miniTargets } from "../../src/experiment/recipes/minis.ts";
import { joinStudies, type Measured } from "../../src/experiment/studies.ts";

/** Seed s of study i: the base reaches 20 %, row r of the others 20 + 10 r + i, and loses r + i. */
const study = (i: number): Measured => {
  const recipe = miniRecipe(miniTargets[i] as (typeof miniTargets)[number]);
  const measurements = [0, 1].flatMap((seed) =>
    recipe.rows.slice(0, 4).map(
      ({ id }, r): RowResult => ({
        kind: "row",
        seed,
        row: id,
        target: (20 + 10 * r + i * Math.min(r, 1)) / 100,
        prior: { rev: 1 - (r + i * Math.min(r, 1)) / 100 },
        signOff: 0,
        klFromBase: 0,
        klToBase: 0,
        seconds: 1,
      }),
    ),
  );
  return { recipe, measurements };
};

const studies = miniTargets.map((_, i) => study(i));

describe("joinStudies", () => {
  it("puts a row's summaries side by side, with their means", () => {
    const joint = joinStudies(studies);
    expect(joint.map(({ id }) => id)).toEqual(
      studies[0]?.recipe.rows.slice(0, 4).map(({ id }) => id),
    );
    const [, reference, second] = joint;
    expect(reference?.studies.map((row) => row?.target.mean)).toEqual([0.3, 0.31, 0.32]);
    expect(reference?.gain?.mean).toBe(1);
    expect(second?.gain?.mean).toBeCloseTo((20 / 10 + 21 / 11 + 22 / 12) / 3);
    expect(second?.drop).toMatchObject({ min: expect.closeTo(0.02), max: expect.closeTo(0.04) });
  });

  it("leaves out what nobody has finished", () => {
    const [first, ...others] = studies as [Measured, ...Measured[]];
    const begun = { ...first, measurements: first.measurements.slice(0, 1) };
    expect(joinStudies([begun])).toHaveLength(1);
    const joint = joinStudies([begun, ...others]);
    expect(joint).toHaveLength(4);
    expect(joint[3]?.studies[0]).toBeUndefined();
  });
});

describe("renderJointTable", () => {
  const text = renderJointTable(studies);

  it("has a line for each row, within 120 columns", () => {
    const lines = text.split("\n");
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(120);
    for (const target of miniTargets) expect(lines[0]).toContain(target);
    expect(text).toContain("Means over seeds 0, 1.");
    const sft = lines.find((line) => line.startsWith("SFT 3e-3")) as string;
    expect(sft.trim().split(/\s{2,}/)).toEqual([
      ...["SFT 3e-3", "30.0", "100.0", "1.0", "31.0", "100.0", "2.0", "32.0", "100.0", "3.0"],
      ...["100.0", "2.0"],
    ]);
  });
});
