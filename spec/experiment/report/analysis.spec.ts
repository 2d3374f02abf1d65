import fc from "fast-check";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import type { Measurement, RowResult } from "../../../src/experiment/measurements.ts";
import type { Recipe } from "../../../src/experiment/recipe.ts";
import { studyRecipe } from "../../../src/experiment/recipes/study.ts";
import { acrossData } from "../../../src/experiment/report/analysis/across.ts";
import { lawData } from "../../../src/experiment/report/analysis/divergence.ts";
import {
  contrastData,
  familyData,
  familyLines,
} from "../../../src/experiment/report/analysis/lines.ts";
import { familyMarkdown } from "../../../src/experiment/report/analysis/markdown.ts";
import { phaseData } from "../../../src/experiment/report/analysis/phase.ts";
import { sideBySideMarkdown } from "../../../src/experiment/report/analysis/sideBySide.ts";
import {
  conditionOf,
  sizeData,
  sizeFigures,
  sizeText,
} from "../../../src/experiment/report/analysis/size.ts";
import type { DataTable } from "../../../src/experiment/report/export/csv.ts";
import { spreadOut } from "../../../src/experiment/report/figure/spread.ts";
import { reportMarkdown } from "../../../src/experiment/report/index.ts";
import { reportPage } from "../../../src/experiment/report/page.ts";
import { type ReportedRun, reportedOf } from "../../../src/experiment/report/reported.ts";
import { contrastsWith } from "../../../src/experiment/summary/contrasts.ts";
import { mean } from "../../../src/experiment/summary/statistics.ts";
import { at } from "../../../src/tensor/shapes.ts";
import { otherScores, unmoved } from "../summary/scores.ts";

const seeds = [20, 21, 22];
const tuningSeeds = [100, 101];

/** Anchored loses 1 %, each other family more the later it stands, each with a seed's own share. */
function resultsOf({ rows }: Recipe, worse: number): Measurement[] {
  const families = [...new Set(rows.map(({ family }) => family))];
  return [...seeds, ...tuningSeeds].flatMap((seed) =>
    rows.map((row, i): RowResult => {
      const rank = families.indexOf(row.family);
      const isBase = row.method === "base";
      const setting = i % 9;
      const lost = isBase ? 0 : row.family === "anchored" ? 0.01 : (rank + worse) / 100;
      const kl = rank / 10 + setting / 50;
      return {
        ...{ kind: "row", seed, row: row.id, ...otherScores },
        ...{ target: isBase ? 0 : 0.99 - setting / 1000, signOff: 0, klFromBase: kl, klToBase: kl },
        prior: { rev: 1 - lost - setting / 500 - (isBase ? 0 : (seed % 10) / 1000) },
        onTarget: { ...unmoved, klFromBase: kl, klToBase: 2 * kl },
        ...{ kept: 1 - lost, rarest: -2, priorBare: { rev: 1 }, seconds: 1 },
        ...(row.method === "anchored" && {
          anchorKept: {
            ...{ weight: 0.4, kept: 0.98, certified: 0.9 },
            slack: { least: -0.1, tenth: 0.1, median: 0.5 },
          },
        }),
      };
    }),
  );
}

const runOf = (name: string, worse: number): ReportedRun => {
  const recipe = studyRecipe(name);
  return {
    config: {
      ...{ recipe, seeds, tuningSeeds, backend: "wasm", device: "", versions: {} },
      ...{ started: "2026-01-02T03:04:05.000Z", numerics: { class: "wasm", version: 1 } },
    },
    measurements: resultsOf(recipe, worse),
  };
};

const run = runOf("C1", 0);
const study = reportedOf(run);
const families = [...new Set(study.recipe.rows.map(({ family }) => family))].slice(1);

const cell = ({ columns, rows }: DataTable, line: number, column: string) =>
  rows[line]?.[columns.indexOf(column)];

describe("forgetting against size", () => {
  it("has a field for each condition, whatever its name holds", () => {
    const names = [
      "study-C1",
      "study-19k-C1",
      "study-19k-C4-0.05",
      "study-C2a-0.05",
      "study-C5-mini-igsm",
    ];
    expect(names.map(conditionOf)).toEqual(["C1", "C1", "C4-0.05", "C2a-0.05", "C5-mini-igsm"]);
    expect(conditionOf("study-base-0.9m-C2a")).toBe("C2a");
    expect(conditionOf("mine-C1")).toBe("mine-C1");
  });

  it("says how large a model is", () => {
    expect([18_944, 113_408, 918_656, 11_408_256].map(sizeText)).toEqual([
      "19k",
      "113k",
      "919k",
      "11m",
    ]);
  });

  it("is drawn of conditions with two sizes, every family with its name and what it loses", () => {
    const small = { ...run, config: { ...run.config, recipe: studyRecipe("C1", "19k") } };
    const both = [run, { ...small, measurements: resultsOf(small.config.recipe, 0) }].map(
      reportedOf,
    );
    const other = reportedOf(runOf("C2a", 1));
    const [figure, ...more] = sizeFigures([...both, other]);
    expect(more).toEqual([]);
    expect(figure?.condition).toBe("C1");
    expect(figure?.svg).toContain("Forgetting against size, C1");
    expect(figure?.svg).toContain("Anchored Learning, logit 1.1");
    expect(sizeData([...both, other]).rows).toHaveLength(2 * families.length);
    expect(sizeFigures([...both.slice(1), other])).toEqual([]);
    // Of a larger one nothing was chosen: it has two of the rows that were chosen above.
    const { rows, model, reference } = studyRecipe("C1");
    const chosen = at(both, 0).choices.slice(1, 3);
    const ids = ["base", reference, ...chosen.map(({ row }) => row.id)];
    const recipe = {
      ...run.config.recipe,
      rows: rows.filter(({ id }) => ids.includes(id)),
      model: { ...model, layers: 9 },
    } as Recipe;
    const larger = reportedOf({
      config: { ...run.config, recipe, tuningSeeds: [] },
      measurements: run.measurements.filter((m) => "row" in m && ids.includes(m.row)),
    });
    expect(larger.choices).toEqual([]);
    expect(sizeData([...both, other, larger]).rows).toHaveLength(2 * families.length + 2);
  });

  it("has no name over another, and dots joined with what they are called", () => {
    const places = fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { maxLength: 40 });
    fc.assert(
      fc.property(places, (ys) => {
        const moved = spreadOut(ys, { gap: 13, from: 0, to: 400 });
        const step = Math.min(13, 400 / Math.max(1, ys.length - 1));
        const order = ys.map((_, i) => i).sort((a, b) => at(ys, a) - at(ys, b) || a - b);
        order.forEach((i, rank) => {
          expect(at(moved, i)).toBeGreaterThanOrEqual(-1e-9);
          expect(at(moved, i)).toBeLessThan(400 + 1e-9);
          if (rank > 0)
            expect(at(moved, i) - at(moved, at(order, rank - 1))).toBeGreaterThan(step - 1e-9);
        });
        // Whoever has room stays.
        const apart = order.every(
          (i, rank) => rank === 0 || at(ys, i) - at(ys, at(order, rank - 1)) >= step,
        );
        if (apart) for (const [i, y] of moved.entries()) expect(y).toBeCloseTo(at(ys, i), 9);
      }),
    );
    expect(spreadOut([10, 10, 90], { gap: 12, from: 0, to: 100 })).toEqual([4, 16, 90]);
  });
});

describe("the families of a study", () => {
  const lines = familyLines(study);

  it("have a line each, with the row that tuning seeds chose and how sure that is", () => {
    expect(lines.map(({ family }) => family).toSorted()).toEqual(families.toSorted());
    for (const { tried, frequency, summary } of lines) {
      expect(tried).toBe(9);
      expect(frequency).toBeCloseTo(1, 9);
      expect(summary.seeds).toEqual(seeds);
    }
    expect(lines.map(({ hypervolume }) => hypervolume)).toEqual(
      lines.map(({ hypervolume }) => hypervolume).toSorted((a, b) => b - a),
    );
    const table = familyData(study);
    expect(table.rows).toHaveLength(families.length);
    expect(cell(table, 0, "anchorKept") ?? cell(table, 1, "anchorKept")).toBe(0.98);
  });

  it("are compared by seed with Anchored, ASFT and SFT, with tests and Holm's adjustment", () => {
    const contrasts = contrastsWith(study.rows, study.choices, "anchored");
    expect(contrasts).toHaveLength(2 * (families.length - 1));
    for (const { family, of, difference, p, adjusted, seeds: n } of contrasts) {
      expect(n).toBe(seeds.length);
      expect(p).toBeGreaterThanOrEqual(0.25);
      expect(adjusted).toBeGreaterThanOrEqual(p);
      if (of === "gain") continue;
      const [mine, other] = [family, "anchored"].map((name) => {
        const chosen = study.choices.find((choice) => choice.family === name)?.row.id;
        const { values } = study.rows.find(({ row }) => row.id === chosen)?.drop ?? {
          values: new Map(),
        };
        return mean(seeds.map((seed) => values.get(seed) ?? NaN));
      });
      expect(difference?.mean).toBeCloseTo((mine ?? NaN) - (other ?? NaN), 12);
    }
    expect(contrastData(study).rows).toHaveLength(3 * 2 * (families.length - 1));
    expect(contrastsWith(study.rows, study.choices, "nobody")).toEqual([]);
  });

  it("stand in a table of Markdown, with their cost", () => {
    const [head, , ...body] = (familyMarkdown(study) ?? "").split("\n\n")[0]?.split("\n") ?? [];
    expect(head).toContain("| lost − Anchored | area | cost | with p_sft |");
    expect(body).toHaveLength(families.length);
    expect(body.find((line) => line.startsWith("| WiSE-FT"))).toMatch(/\| 0\.00 \| 1\.00 \|$/);
    expect(familyMarkdown(reportedOf({ ...run, measurements: [] }))).toBeUndefined();
  });

  it("tell how forgetting follows the divergence, with and without some of them", () => {
    const laws = lawData(study);
    expect(laws.rows).toHaveLength(4);
    expect(cell(laws, 0, "count")).toBe(9 * families.length);
    expect(cell(laws, 0, "spearman")).toBeGreaterThan(0.5);
    expect(cell(laws, 2, "R² of SFT's parabola")).toBeTypeOf("number");
  });
});

describe("the page of several studies", () => {
  const runs = [run, runOf("C2a", 1)];
  const page = reportPage(runs, "both");
  const document = parseHTML(page).document as unknown as Document;

  it("has every family's line and every figure, and says what the seeds do not allow", () => {
    const figures = [...document.querySelectorAll("figure svg")].map((svg) =>
      svg.getAttribute("aria-label"),
    );
    for (const title of [
      "Fronts of the families",
      "Forgetting against divergence on the target",
      "Kept answers against certified ones",
    ])
      expect(figures.filter((one) => one === title)).toHaveLength(2);
    expect(figures).toContain("The best family by rarity and rate");
    // One size is no figure over sizes.
    expect(figures.filter((one) => one?.startsWith("Forgetting against size"))).toEqual([]);
    // Columns say which study they are, how large its model and how rare what is wanted.
    const [phase] = [...document.querySelectorAll("figure svg")].filter(
      (svg) => svg.getAttribute("aria-label") === "The best family by rarity and rate",
    );
    for (const text of ["C1", "C2a", "113k", "−2.0"]) expect(phase?.textContent).toContain(text);
    expect(page).toContain("3 seeds; with so many no sign-flip test can give less than 0.25.");
    const tables = [...document.querySelectorAll("details[data-table=families] tbody")];
    expect(tables.map((body) => body.querySelectorAll("tr").length)).toEqual([
      families.length,
      families.length,
    ]);
  });

  it("compares with Anchored over all of them, bases first, and says who is best where", () => {
    const studies = runs.map(reportedOf);
    const across = acrossData(studies);
    expect(across.rows).toHaveLength(families.length - 1);
    expect(cell(across, 0, "studies")).toBe(2);
    expect(cell(across, 0, "bases")).toBe(3);
    const phases = phaseData(studies);
    expect(phases.rows).toHaveLength(6);
    expect(cell(phases, 0, "best")).toBe("sft");
  });

  it("has every family beside itself under the other condition, in Markdown too", () => {
    const studies = runs.map(reportedOf);
    const [head, , ...body] =
      (sideBySideMarkdown(studies) ?? "").split("\n\n")[0]?.split("\n") ?? [];
    expect(head).toBe("| family | study-C1 | study-C2a |");
    expect(body).toHaveLength(families.length);
    // Anchored gains what it does, and loses 1 % and what a seed adds, in both.
    const anchored = body.find((line) => line.startsWith("| Anchored Learning, logit |"));
    const [line] = familyLines(study).filter(({ family }) => family === "anchored");
    const [gain, lost] = [line?.summary.gain?.mean, line?.summary.drop.mean].map((x = 0) =>
      (100 * x).toFixed(1),
    );
    expect(anchored).toContain(`| ${gain} / ${lost} / ${line?.hypervolume.toFixed(3)} |`);
    expect(page).toContain("<h3>Families side by side</h3>");
    expect(reportMarkdown(runs)).toContain("### Families side by side");
    expect(sideBySideMarkdown(studies.slice(1))).toBeUndefined();
  });

  it("has none of it where no rows were chosen", () => {
    const alone = { ...run, config: { ...run.config, tuningSeeds: [] } };
    expect(reportPage([alone])).not.toContain("<h3>Families</h3>");
  });
});
