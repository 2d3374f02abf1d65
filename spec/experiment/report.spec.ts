import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import type { Measurement } from "../../src/experiment/measurements.ts";
import { fullRecipe } from "../../src/experiment/recipes/full.ts";
import { smokeRecipe } from "../../src/experiment/recipes/smoke.ts";
import { toCsv } from "../../src/experiment/report/export/csv.ts";
import { markdownTable } from "../../src/experiment/report/markdown.ts";
import { reportPage } from "../../src/experiment/report/page.ts";
import { reportedOf } from "../../src/experiment/report/reported.ts";
import { suiteOf } from "../../src/tasks/study/suite.ts";
import { configOf, measure } from "./measured.ts";

const cellsOf = (table: Element): string[][] =>
  [...table.querySelectorAll("tbody tr")].map((line) =>
    [...line.querySelectorAll("td")].map((cell) => cell.textContent ?? ""),
  );

const tableOf = (document: Document, heading: string): string[][] => {
  const found = [...document.querySelectorAll("h3")].find((h3) => h3.textContent === heading);
  let next = found?.nextElementSibling;
  while (next && !next.querySelector("table")) next = next.nextElementSibling;
  return cellsOf(next as Element);
};

const dataOf = (document: Document, name: string): string[][] =>
  cellsOf(document.querySelector(`details[data-table=${name}]`) as Element);

/** The rows of a file that a link holds. */
function fileOf(document: Document, name: string): Record<string, string>[] {
  const href = document.querySelector(`a[download="${name}"]`)?.getAttribute("href") ?? "";
  const text = Buffer.from(href.split("base64,")[1] ?? "", "base64")
    .toString()
    .replace("\ufeff", "");
  const [head, ...lines] = text
    .trimEnd()
    .split("\r\n")
    .map((line) => line.split(","));
  return lines.map((line) => Object.fromEntries(line.map((cell, i) => [head?.[i], cell])));
}

describe.each([smokeRecipe, fullRecipe])("the report of the $name study", (recipe) => {
  const seeds = [0, 1];
  const measurements = seeds.flatMap((seed) => measure(recipe, seed));
  const html = reportPage([{ config: configOf(recipe, seeds), measurements }]);
  const document = parseHTML(html).document as unknown as Document;

  it("has every row with its numbers", () => {
    const results = tableOf(document, "All rows");
    expect(results.map(([label]) => label?.replace(/ [●◆]/g, ""))).toEqual(
      recipe.rows.map(({ label }) => label),
    );
    recipe.rows.forEach((_, r) => {
      const text = results[r]?.join(" ") ?? "";
      expect(text).toContain((r + 0.123).toFixed(Math.abs(r + 0.123) < 10 ? 3 : 1));
      if (r > 0) expect(text).toContain(((0.9 + r / 200 - 0.005) * 100).toFixed(1));
    });
    const base = (1 + 0.99) / 2;
    expect(results[0]?.[3]).toContain((base * 100).toFixed(0));
  });

  it("has every number in its files, with all digits", () => {
    const results = fileOf(document, `${recipe.name}-results.csv`);
    expect(results.map(({ row }) => row)).toEqual(recipe.rows.map(({ id }) => id));
    expect(Number(results[2]?.["klFromBase"])).toBeCloseTo(2.123, 12);
    expect(Number(results[2]?.["target.low"])).toBeLessThan(Number(results[2]?.["target"]));
    const bySeed = fileOf(document, `${recipe.name}-seeds.csv`);
    expect(bySeed).toHaveLength(2 * recipe.rows.length);
    expect(Number(bySeed.at(-1)?.["klToBase"])).toBeCloseTo(recipe.rows.length - 1 + 0.456, 12);
    expect(bySeed.every(({ use }) => use === "reported")).toBe(true);
  });

  it("has every certificate with its numbers", () => {
    const expected = measurements.filter(({ kind }) => kind === "certificate");
    const certificates = dataOf(document, "certificates");
    expect(certificates).toHaveLength(expected.length);
    expect(certificates[0]?.slice(2, 7)).toEqual(["0", "0.0123", "0.0456", "-0.0078", "yes"]);
    expect(html).not.toContain("break a theorem");
    expect(html).not.toContain(`in ${expected.length} of ${expected.length} steps`);
  });

  it("draws its figures, with a dot for every row that has one", () => {
    const figures = [...document.querySelectorAll("figure svg")];
    const titled = (title: string): Element =>
      figures.find((svg) => svg.getAttribute("aria-label") === title) as Element;
    const large = (title: string): number =>
      titled(title).querySelectorAll("circle[r='5'], circle[r='3.2']").length;
    const anchored = recipe.rows.filter(({ method }) => method === "anchored");
    const steps = measurements.filter(({ kind }) => kind === "certificate").length;
    expect(large("Gain against retention")).toBe(recipe.rows.length - 1);
    expect(large("Drop against effective weight")).toBe(anchored.length);
    expect(large("Step divergence against its bound")).toBe(steps);
    const pareto = titled("Gain against retention").textContent ?? "";
    for (const { label } of recipe.rows.slice(1)) expect(pareto).toContain(label);
    const skills = Object.keys(suiteOf(recipe.suite).skills);
    for (const skill of skills) expect(titled("Prior skills").textContent).toContain(skill);
    expect(titled("KL(base‖θ)").querySelectorAll("path").length).toBeGreaterThan(1);
    expect(html).not.toContain("NaN");
  });

  it("shows what outer steps did to a token, with what stands before it", () => {
    const isMain = recipe.rows.find(({ id }) => id === recipe.headline)?.method === "anchored";
    expect(isMain).toBe(true);
    expect(html).toContain("<code>&lt;bos&gt; x &amp; =</code>");
    const bars = dataOf(document, "distributions");
    expect(bars).toHaveLength(8);
    expect(bars[0]?.slice(2)).toEqual(["style", "1", "8", "before the step", "0.2"]);
  });

  it("needs nothing from elsewhere", () => {
    expect(document.querySelectorAll("script, link, img, iframe")).toHaveLength(0);
    const urls = html.replaceAll(/base64,[^"]*/g, "").match(/(?:https?:)?\/\/[^\s"'<)]+/g) ?? [];
    expect(urls.filter((url) => url !== "http://www.w3.org/2000/svg")).toEqual([]);
    expect(html).toContain("prefers-color-scheme: dark");
    expect(html).toContain("@media print");
  });
});

describe("the report of a study with tuning seeds", () => {
  const config = { ...configOf(fullRecipe, [0, 1]), tuningSeeds: [100, 101] };
  const measurements = [0, 1, 100, 101].flatMap((seed) => measure(fullRecipe, seed));
  const run = { config, measurements };

  it("chooses on them, and reports on the others alone", () => {
    const { choices, rows } = reportedOf(run);
    const [first] = choices.filter(({ family }) => family === "sft");
    // Of the three SFT rows the one that keeps most; by `measure` that is the first.
    expect(first?.row.id).toBe("sft-3e-3");
    expect(first?.tried).toBe(3);
    expect(rows.every(({ seeds }) => seeds.join() === "0,1")).toBe(true);
    const moved = measurements.map((m) => (m.seed >= 100 ? m : { ...m, target: 0.1 }));
    const again = reportedOf({ config, measurements: moved as Measurement[] });
    expect(again.choices).toEqual(choices);
  });

  it("speaks of the family's choice where its main row went no further than tuning", () => {
    const { headline } = fullRecipe;
    const label = (id: string | undefined): string =>
      fullRecipe.rows.find((row) => row.id === id)?.label ?? "";
    const left = (seed: number): Measurement[] =>
      measurements.filter((m) => !("row" in m && m.row === headline && m.seed <= seed));
    // By `measure` the rows lose more the later they stand: the next of the family loses more.
    const worse = (some: readonly Measurement[]): Measurement[] =>
      some.map((m) =>
        m.kind === "row" && m.row === headline && m.seed >= 100 ? { ...m, target: 0.5 } : m,
      );
    const pageOf = (some: readonly Measurement[]): string =>
      reportPage([{ config, measurements: worse(some) }]);
    const chosen = "anchored-0.25-T1-K10";

    const whole = pageOf(measurements);
    expect(whole).not.toContain("In its place");
    for (const [seed, where] of [
      [1, "on no reported seed."],
      [0, "on 1 of 2 reported seeds."],
    ] as const) {
      const page = pageOf(left(seed));
      const lead = parseHTML(page).document.querySelector(".lead")?.textContent ?? "";
      expect(lead).toContain(`${label(chosen)} lost`);
      expect(page).toContain(`The study is named for ${label(headline)}, which was run ${where}`);
      expect(page).toContain(`<h3>Against ${label(chosen)}</h3>`);
      expect(page).not.toContain("has not come");
    }
  });

  it("says which rows gained and kept as much, by means over the main row's seeds", () => {
    const at = (gained: number, lost: number) => (m: Measurement) =>
      m.kind === "row" ? { ...m, target: gained, prior: { rev: 1 - lost } } : m;
    const of = (id: string, change: (m: Measurement) => Measurement, seeds: readonly number[]) =>
      fullRecipe.rows
        .filter((row) => row.id === id)
        .flatMap((row) =>
          seeds.flatMap((seed) =>
            measure({ ...fullRecipe, rows: [row] }, seed).map((m) => change(m)),
          ),
        );
    const pageOf = (...rows: (readonly Measurement[])[]): string =>
      reportPage([{ config: configOf(fullRecipe, [0, 1]), measurements: rows.flat() }]);
    const rows = [
      of("base", at(0, 0), [0, 1]),
      of("sft-3e-3", at(0.8, 0.5), [0, 1]),
      of(fullRecipe.headline ?? "", at(0.6, 0.1), [0, 1]),
    ];
    const none = "By means, no other row in the key below gained and kept as much.";
    expect(pageOf(...rows)).toContain(none);
    const worse = of("sft-1e-3", at(0.6, 0.2), [0, 1]);
    expect(pageOf(...rows, worse)).toContain(none);
    const equal = of("sft-3e-4", at(0.6, 0.1), [0, 1]);
    // Of another row with one seed nothing can be said.
    const fewer = of("merge-0.3", at(0.7, 0), [0]);
    expect(pageOf(...rows, worse, equal, fewer)).toContain(
      "By means, 1 of the 3 other rows in the key below gained and kept as much or more: SFT 3e-4 (75.0 % gained, 10.0 % lost).",
    );
    const single = pageOf(
      of("base", at(0, 0), [0]),
      of("sft-3e-3", at(0.8, 0.5), [0]),
      of(fullRecipe.headline ?? "", at(0.6, 0.1), [0]),
      of("sft-3e-4", at(0.6, 0.1), [0]),
    );
    expect(single).toContain("Whether that is chance, one seed cannot say.");
    expect(single).not.toContain("the intervals of the tables say");
  });

  it("names the tuning seeds that were run, not those that are planned", () => {
    const planned = { ...config, tuningSeeds: [100, 101, 102] };
    const reported = reportedOf({ config: planned, measurements });
    expect(markdownTable(reported)).toContain("chosen on seeds 100, 101:");
    expect(reportPage([{ config: planned, measurements }])).toContain("chosen on seeds 100, 101 ");
    const tuning = measurements.filter((m) => "seed" in m && config.tuningSeeds.includes(m.seed));
    const none = markdownTable(reportedOf({ config, measurements: tuning }));
    expect(none).toBe("No row has finished on a seed that is reported.\n");
  });

  it("names the seeds that were measured, and says where they are not those of all rows", () => {
    const waiting = { ...config, seeds: [0, 1, 2] };
    const textOf = (some: readonly Measurement[]): string =>
      markdownTable(reportedOf({ config: waiting, measurements: some }));
    expect(textOf(measurements)).toContain("Means over seeds 0, 1, and in brackets");
    const [first] = fullRecipe.rows.filter(({ id }) => id === fullRecipe.headline);
    const without = measurements.filter(
      (m) => !("row" in m && m.row === first?.id && m.seed === 1),
    );
    expect(without.length).toBeLessThan(measurements.length);
    expect(textOf(without)).toContain("Means over seeds 0, 1, of some rows over 1 of them so far");
    const page = reportPage([{ config: waiting, measurements: without }]);
    expect(page).toContain("interval over 2 seeds, of some rows over 1 of them so far.");
    expect(page).toContain('<p class="muted">seeds 0, 1, of some rows over 1 of them so far ·');
  });

  it("writes the README's table from the same numbers", () => {
    const reported = reportedOf(run);
    const lines = markdownTable(reported).split("\n");
    const cells = (line: string | undefined) => line?.split("|").map((cell) => cell.trim()) ?? [];
    expect(lines.filter((line) => line.startsWith("|"))).toHaveLength(2 + reported.shown.length);
    const main = lines.find((line) => line.includes("**Anchored α=0.25 T=2 K=5**"));
    const summary = reported.rows.find(({ row }) => row.id === fullRecipe.headline);
    expect(cells(main)[4]).toContain((100 * (summary?.target.mean ?? 0)).toFixed(1));
    // 0.0123 and half of it of 0.0456 each, with δ −0.0078 in both.
    expect(cells(main).slice(8, 10)).toEqual(["20", "-85"]);
    expect(lines.at(-2)).toContain("chosen on seeds 100, 101");
  });
});

describe("the report of several runs", () => {
  it("has a part for each, with links to them, and says what failed", () => {
    const other = { ...smokeRecipe, name: "other" };
    const html = reportPage(
      [smokeRecipe, other].map((recipe) => ({
        config: configOf(recipe, [0]),
        measurements: measure(recipe, 0),
        failures: [{ seed: 0, row: "base", error: "it <broke>\n  at somewhere" }],
      })),
      "both",
    );
    const { document } = parseHTML(html);
    const links = [...document.querySelectorAll("nav a")].map((a) => a.getAttribute("href"));
    expect(links).toEqual(["#smoke", "#other"]);
    for (const link of links) expect(document.querySelector(link as string)).not.toBeNull();
    expect(html).toContain("seed 0, Base: it &lt;broke&gt;</li>");
  });
});

describe("toCsv(table)", () => {
  it("quotes what has to be quoted", () => {
    const rows = [['a "b", c', undefined, true, 0.1 + 0.2]];
    expect(toCsv({ name: "t", columns: ["x,y", "b", "c", "d"], rows })).toBe(
      '"x,y",b,c,d\r\n"a ""b"", c",,true,0.30000000000000004\r\n',
    );
  });
});

describe("the report of one seed", () => {
  it("says of no interval that it is one", () => {
    const config = configOf(smokeRecipe, [0]);
    const one = reportPage([{ config, measurements: measure(smokeRecipe, 0) }]);
    expect(one).toContain("One seed, of which there are no intervals.");
    expect(one).not.toContain("bootstrap interval over");
    expect(one).not.toContain("means with 95 %");
  });
});

describe("the report of a run that has just begun", () => {
  it("says that the main row is not there yet", () => {
    const html = reportPage([{ config: configOf(smokeRecipe, [0]), measurements: [] }]);
    expect(html).toContain("has not come to its main row yet");
    expect(html).not.toContain("NaN");
    const base = measure(smokeRecipe, 0).slice(0, 1);
    expect(reportPage([{ config: configOf(smokeRecipe, [0]), measurements: base }])).not.toContain(
      "NaN",
    );
  });

  it("writes labels as text, not as markup", () => {
    const rows = smokeRecipe.rows.map((row) => ({ ...row, label: `<b>${row.label}&` }));
    const recipe = { ...smokeRecipe, rows };
    const html = reportPage([{ config: configOf(recipe, [0]), measurements: measure(recipe, 0) }]);
    expect(html).not.toContain("<b>");
    expect(html).toContain("&lt;b&gt;Base&amp;");
  });
});
