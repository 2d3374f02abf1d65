import { describe, expect, it } from "vitest";
import { renderNotes, renderTable } from "../../../src/cli/study/table.ts";
import type { Measurement } from "../../../src/experiment/measurements.ts";
import type { Recipe } from "../../../src/experiment/recipe.ts";
import { fullRecipe } from "../../../src/experiment/recipes/full.ts";
import { smokeRecipe } from "../../../src/experiment/recipes/smoke.ts";
import { summarize } from "../../../src/experiment/summary/summary.ts";
import { suiteOf } from "../../../src/tasks/study/suite.ts";
import { otherScores } from "../../experiment/summary/scores.ts";

/** Every row at its widest: 100 %, large divergences, long times. */
const measure = (recipe: Recipe, seeds: readonly number[]): Measurement[] =>
  seeds.flatMap((seed) =>
    recipe.rows.map(
      (row, r): Measurement => ({
        kind: "row",
        ...otherScores,
        ...{ seed, row: row.id, target: r === 0 ? 0 : 1 - seed / 10, signOff: 1 },
        prior: Object.fromEntries(
          Object.keys(suiteOf(recipe.suite).skills).map((skill) => [
            skill,
            r === 1 ? seed / 10 : 1,
          ]),
        ),
        ...{ klFromBase: 12.3456, klToBase: 9.8765, seconds: 3600 + r },
      }),
    ),
  );

describe.each([smokeRecipe, fullRecipe])("the table of the $name study", (recipe) => {
  const rows = (seeds: readonly number[]) => summarize(recipe, measure(recipe, seeds));

  it.each([[[0]], [[0, 1, 2]]])("fits 120 columns, seeds %j", (seeds) => {
    const text = renderTable(recipe, rows(seeds), { styled: false });
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
    const perRow = seeds.length > 1 ? 2 : 1;
    expect(text.split("\n")).toHaveLength(3 + perRow * recipe.rows.length);
    for (const line of renderNotes(recipe, rows(seeds)).split("\n"))
      expect(line.length).toBeLessThanOrEqual(120);
  });

  it("names every skill and every row, and marks the headline", () => {
    const text = renderTable(recipe, rows([0]), { styled: false });
    const [header] = text.split("\n") as [string];
    for (const skill of Object.keys(suiteOf(recipe.suite).skills)) expect(header).toContain(skill);
    for (const { label } of recipe.rows) expect(text).toContain(label);
    const marked = text.split("\n").filter((line) => line.includes("◂"));
    expect(marked).toHaveLength(1);
    expect(marked[0]).toContain(recipe.rows.find(({ id }) => id === recipe.headline)?.label);
  });

  it("styles without moving anything", () => {
    const [plain, styled] = [false, true].map((on) =>
      renderTable(recipe, rows([0]), { styled: on }),
    );
    expect(styled).not.toBe(plain);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ANSI styles begin with ESC.
    expect(styled?.replace(/\x1b\[\d+m/g, "")).toBe(plain);
  });
});

describe("renderTable", () => {
  it("shows means and ranges over seeds", () => {
    const text = renderTable(smokeRecipe, summarize(smokeRecipe, measure(smokeRecipe, [0, 1])), {
      styled: false,
    });
    const at = text.split("\n").findIndex((line) => line.startsWith("SFT 5e-3"));
    const [mean, range] = text.split("\n").slice(at, at + 2) as [string, string];
    expect(mean.split(/\s+/).slice(2, 9)).toEqual(["95.0", "100.0", "5", "5", "5", "5", "95.0"]);
    expect(range.trim().split(/\s+/).slice(0, 3)).toEqual(["90–100", "100–100", "90.0–100.0"]);
  });
});
