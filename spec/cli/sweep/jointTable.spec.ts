import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { showTargets } from "../../../src/cli/sweep/joint.ts";
import { renderJointTable } from "../../../src/cli/sweep/jointTable.ts";
import type { RowResult } from "../../../src/experiment/measurements.ts";
import { miniRecipe, miniTargets } from "../../../src/experiment/recipes/minis.ts";
import type { RunDirectory } from "../../../src/experiment/runs/run.ts";
import { joinStudies, type Measured } from "../../../src/experiment/summary/studies.ts";
import { otherScores } from "../../experiment/summary/scores.ts";

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
        ...otherScores,
        klFromBase: 0,
        klToBase: 0,
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

  it("has a line for each row, within 80 columns", () => {
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    const blocks = text.split("\n\n");
    const titles = blocks.flatMap((block) => block.split("\n")[0]?.trim().split(/\s+/));
    expect(titles).toEqual([...studies.map(({ recipe }) => recipe.name), "mean"]);
    expect(text).toContain("Means over seeds 0, 1.");
    const sft = blocks.map((block) =>
      block
        .split("\n")
        .find((line) => line.startsWith("SFT 3e-3"))
        ?.trim()
        .split(/\s{2,}/)
        .slice(1),
    );
    expect(sft.flat()).toEqual([
      ...["30.0", "100.0", "1.0", "31.0", "100.0", "2.0", "32.0", "100.0", "3.0"],
      ...["100.0", "2.0"],
    ]);
  });

  it("names all seeds that were measured, wherever the base's row has fewer", () => {
    const unfinished = studies.map(({ recipe, measurements }, i) => ({
      recipe,
      measurements: measurements.filter(({ seed }) => i > 0 || seed === 0),
    }));
    const words = renderJointTable(unfinished).replaceAll("\n", " ");
    expect(words).toContain("Means over seeds 0, 1, of some rows over 1 of them so far.");
    for (const line of renderJointTable(unfinished).split("\n"))
      expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe("showTargets", () => {
  const runOf = ({ recipe, measurements }: Measured): RunDirectory =>
    ({
      config: {
        ...{ recipe, seeds: [0, 1], tuningSeeds: [2], backend: "wasm", device: "<test>" },
        ...{ versions: { node: "20" }, started: "2026-01-01T00:00:00.000Z" },
      },
      measurements: [
        ...measurements,
        { ...(measurements[0] as RowResult), seed: 2, target: 1 } satisfies RowResult,
      ],
    }) as unknown as RunDirectory;

  it("writes a page with every figure, and leaves tuning seeds out", async () => {
    const folder = await mkdtemp(join(tmpdir(), "anchorgrad-targets-"));
    const printed = await showTargets("three <targets>", folder, studies.map(runOf));
    expect(printed).toContain(renderJointTable(studies));
    const page = await readFile(join(folder, "targets.html"), "utf8");
    await rm(folder, { recursive: true });
    for (const text of ["three &lt;targets&gt;", "&lt;test&gt;", "seeds 0, 1", ...miniTargets])
      expect(page).toContain(text);
    expect(page.match(/<tr/g)).toHaveLength(2 + 4);
    expect(page).toContain("<td>SFT 3e-3</td><td>30.0<small>30.0–30.0</small></td>");
  });

  it("says nothing of one study, or of several with one target", async () => {
    const [first] = studies as [Measured];
    expect(await showTargets("one", "/nowhere", [runOf(first)])).toBeUndefined();
    expect(await showTargets("same", "/nowhere", [runOf(first), runOf(first)])).toBeUndefined();
  });
});
