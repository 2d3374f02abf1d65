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
    recipe.rows.flatMap((row, r): Measurement[] => [
      {
        ...{ kind: "attempt", seed, row: row.id, seconds: 3600 + r, backend: "wasm" },
        ...{ device: "1 thread", numerics: { class: "wasm-fma", version: 1 } },
      },
      {
        kind: "row",
        ...otherScores,
        ...{ seed, row: row.id, target: r === 0 ? 0 : 1 - seed / 10, signOff: 1 },
        prior: Object.fromEntries(
          Object.keys(suiteOf(recipe.suite).skills).map((skill) => [
            skill,
            r === 1 ? seed / 10 : 1,
          ]),
        ),
        ...{ klFromBase: 12.3456, klToBase: 9.8765 },
      },
    ]),
  );

describe.each([smokeRecipe, fullRecipe])("the table of the $name study", (recipe) => {
  const rows = (seeds: readonly number[]) => summarize(recipe, measure(recipe, seeds));

  it.each([[[0]], [[0, 1, 2]]])("fits 80 columns, seeds %j", (seeds) => {
    const text = renderTable(recipe, rows(seeds), { styled: false });
    const notes = renderNotes(recipe, rows(seeds));
    for (const line of `${text}\n${notes}`.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    const perRow = seeds.length > 1 ? 2 : 1;
    const blocks = text.split("\n\n");
    expect(blocks).toHaveLength(2);
    for (const block of blocks)
      expect(block.split("\n")).toHaveLength(3 + perRow * recipe.rows.length);
  });

  it("names every skill and every row, and marks the headline", () => {
    const blocks = renderTable(recipe, rows([0]), { styled: false }).split("\n\n");
    const heads = blocks.map((block) => block.split("\n")[0]).join(" ");
    for (const skill of Object.keys(suiteOf(recipe.suite).skills)) expect(heads).toContain(skill);
    for (const block of blocks) {
      for (const { label } of recipe.rows) expect(block).toContain(label);
      const marked = block.split("\n").filter((line) => line.includes("◂"));
      expect(marked).toHaveLength(1);
      expect(marked[0]).toContain(recipe.rows.find(({ id }) => id === recipe.headline)?.label);
    }
  });

  it("says of which seeds the means are where rows have not all been run on all", () => {
    const seeds = Array.from({ length: 17 }, (_, i) => 100 + i);
    const all = measure(recipe, seeds);
    const some = all.filter((m) => m.seed === 100 || ("row" in m && m.row === recipe.rows[0]?.id));
    const notes = renderNotes(recipe, summarize(recipe, some));
    for (const line of notes.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(notes.replaceAll("\n", " ")).toContain(
      `Means over seeds ${seeds.join(", ")}, of some rows over 1 of them so far, and below them ranges.`,
    );
  });

  it("marks no row where none was named", () => {
    const { headline: _, ...nameless } = recipe;
    const text = renderTable(nameless, summarize(nameless, measure(nameless, [0])), {
      styled: false,
    });
    expect(`${text}${renderNotes(nameless, [])}`).not.toContain("◂");
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
    expect(mean.split(/\s+/).slice(2, 5)).toEqual(["95.0", "100.0", "95.0"]);
    expect(range.trim().split(/\s+/).slice(0, 3)).toEqual(["90–100", "100–100", "90.0–100.0"]);
    expect(text.split("\n\n")[1]).toMatch(/\nSFT 5e-3 +5 +5 +5 +5 +9\.877 –\n/);
  });
});
