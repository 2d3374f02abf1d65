import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import type { Measurement, RowResult } from "../../src/experiment/measurements.ts";
import type { Recipe } from "../../src/experiment/recipe.ts";
import { fullRecipe } from "../../src/experiment/recipes/full.ts";
import { smokeRecipe } from "../../src/experiment/recipes/smoke.ts";
import { type Labelled, placeLabels } from "../../src/experiment/report/labels.ts";
import { reportPage } from "../../src/experiment/report/page.ts";
import type { RunConfig } from "../../src/experiment/run.ts";
import { suiteOf } from "../../src/tasks/suite.ts";
import { otherScores } from "./scores.ts";

const configOf = (recipe: Recipe, seeds: readonly number[]): RunConfig => ({
  ...{ recipe, seeds, backend: "wasm", device: "2 threads" },
  ...{ versions: { anchorgrad: "0.1.0", node: "20.19.0" }, started: "2026-01-02T03:04:05.000Z" },
});

/** Different, known numbers for every row and seed. */
function measure(recipe: Recipe, seed: number): Measurement[] {
  return recipe.rows.flatMap((row, r): Measurement[] => {
    const skills = Object.keys(suiteOf(recipe.suite).skills);
    const result: RowResult = {
      kind: "row",
      ...otherScores,
      ...{ seed, row: row.id, target: r === 0 ? 0 : 0.9 + r / 200 - seed / 100 },
      prior: Object.fromEntries(skills.map((skill) => [skill, 1 - r / 20 - seed / 100])),
      ...{ signOff: 0.5, klFromBase: r + 0.123, klToBase: r + 0.456, seconds: 2 * r },
    };
    if (row.method !== "anchored") return [result];
    const steps = Array.from(
      { length: row.outer ?? 1 },
      (_, outer): Measurement => ({
        kind: "certificate",
        ...{
          seed,
          row: row.id,
          outer,
          measured: 0.0123 / (outer + 1),
          bound: 0.0456,
          inexactness: -0.0078,
          held: true,
          ...{ alpha: 0.5, referenceKl: 0.0912, anchorKl: 0.04, eta: 0.01 },
          ...{ leastSlack: 0.02, linear: true },
        },
      }),
    );
    return [...steps, result];
  });
}

const cellsOf = (table: Element): string[][] =>
  [...table.querySelectorAll("tbody tr")].map((line) =>
    [...line.querySelectorAll("td")].map((cell) => cell.textContent ?? ""),
  );

describe.each([smokeRecipe, fullRecipe])("the report of the $name study", (recipe) => {
  const seeds = [0, 1];
  const measurements = seeds.flatMap((seed) => measure(recipe, seed));
  const html = reportPage(configOf(recipe, seeds), measurements);
  const { document } = parseHTML(html);
  const [results, certificates] = [...document.querySelectorAll("table")].map(cellsOf);

  it("has every row with its numbers", () => {
    expect(results?.map(([label]) => label)).toEqual(recipe.rows.map(({ label }) => label));
    recipe.rows.forEach((_, r) => {
      const text = results?.[r]?.join(" ") ?? "";
      expect(text).toContain((r + 0.123).toFixed(Math.abs(r + 0.123) < 10 ? 3 : 1));
      if (r > 0) expect(text).toContain(((0.9 + r / 200 - 0.005) * 100).toFixed(1));
    });
    const base = (1 + 0.99) / 2;
    expect(results?.[0]?.[3]).toContain((base * 100).toFixed(0));
  });

  it("has every certificate with its numbers", () => {
    const expected = measurements.filter(({ kind }) => kind === "certificate");
    expect(certificates).toHaveLength(expected.length);
    expect(certificates?.[0]?.slice(3)).toEqual(["0.0123", "0.0456", "-0.0078", "0.0255", "yes"]);
    expect(html).toContain(`in ${expected.length} of ${expected.length} steps`);
  });

  it("draws three figures, with a dot for every row that has one", () => {
    const figures = [...document.querySelectorAll("figure svg")];
    expect(figures.map((svg) => svg.getAttribute("aria-label"))).toEqual([
      "Gain against retention",
      "Drop against effective weight",
      "Step divergence against its bound",
    ]);
    const dots = figures.map((svg) => svg.querySelectorAll("circle").length);
    const anchored = recipe.rows.filter(({ method }) => method === "anchored").length;
    const steps = measurements.filter(({ kind }) => kind === "certificate").length;
    expect(dots).toEqual([recipe.rows.length - 1, anchored, steps]);
    for (const { label } of recipe.rows.slice(1)) expect(figures[0]?.textContent).toContain(label);
    expect(html).not.toContain("NaN");
  });

  it("needs nothing from elsewhere", () => {
    expect(document.querySelectorAll("script, link, img, iframe")).toHaveLength(0);
    const urls = html.match(/(?:https?:)?\/\/[^\s"'<)]+/g) ?? [];
    expect(urls.filter((url) => url !== "http://www.w3.org/2000/svg")).toEqual([]);
    expect(html).toContain("prefers-color-scheme: dark");
    expect(html).toContain("@media print");
  });
});

describe("the report of a run that has just begun", () => {
  it("says that the main row is not there yet", () => {
    const html = reportPage(configOf(smokeRecipe, [0]), []);
    expect(html).toContain("has not come to its main row yet");
    expect(html).not.toContain("NaN");
    const base = measure(smokeRecipe, 0).slice(0, 1);
    expect(reportPage(configOf(smokeRecipe, [0]), base)).not.toContain("NaN");
  });

  it("writes labels as text, not as markup", () => {
    const rows = smokeRecipe.rows.map((row) => ({ ...row, label: `<b>${row.label}&` }));
    const recipe = { ...smokeRecipe, rows };
    const html = reportPage(configOf(recipe, [0]), measure(recipe, 0));
    expect(html).not.toContain("<b>");
    expect(html).toContain("&lt;b&gt;Base&amp;");
  });
});

describe("placeLabels", () => {
  it("keeps labels apart and within the frame while there is room", () => {
    const frame = { left: 0, right: 700, top: 0, bottom: 400 };
    const points: Labelled[] = [100, 100, 101, 300, 690].map((x, i) => ({
      x,
      y: 200,
      text: `row ${i}`,
    }));
    const boxes = placeLabels(points, frame).map(({ dx, dy, anchor }, i) => {
      const { x, y, text } = points[i] as Labelled;
      const width = text.length * 6.8;
      const left = x + dx - (anchor === "end" ? width : anchor === "middle" ? width / 2 : 0);
      return { left, right: left + width, top: y + dy - 6, bottom: y + dy + 6 };
    });
    for (const [i, a] of boxes.entries()) {
      expect(a.left).toBeGreaterThanOrEqual(frame.left);
      expect(a.right).toBeLessThanOrEqual(frame.right);
      for (const b of boxes.slice(i + 1)) {
        const apart =
          a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
        expect(apart).toBe(true);
      }
    }
  });
});
