import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import type { Measurement } from "../../src/experiment/measurements.ts";
import { smokeRecipe } from "../../src/experiment/recipes/smoke.ts";
import { toCsv } from "../../src/experiment/report/export/csv.ts";
import { dataTables } from "../../src/experiment/report/export/dataTables.ts";
import { jointPage } from "../../src/experiment/report/joint.ts";
import { jointMarkdownTable, markdownTable } from "../../src/experiment/report/markdown.ts";
import { reportPage } from "../../src/experiment/report/page.ts";
import {
  type ReportedRun,
  reportedOf,
  reportedPart,
} from "../../src/experiment/report/reported.ts";
import {
  escapeHtml,
  escapeMarkdown,
  hasUnseen,
  spoken,
  visible,
  visibleLines,
} from "../../src/report/escape.ts";
import { otherScores } from "./summary/scores.ts";

/** What must nowhere be more than text. */
const MARKUP = `"'><img src=x onerror=alert(1)><script>alert(2)</script></style></title>&amp;`;
const FORMULA = "=HYPERLINK(1)";

/** A run every text of which ends in `text`, as no check would let it through; but for the target's
 * name, by which the page counts what rows cost. */
function runOf(text: string): ReportedRun {
  const t = (name: string): string => `${name}${text}`;
  const skills = { [t("rev")]: 0.9, [t("echo")]: 0.8 };
  const rows = smokeRecipe.rows.map((row) => ({
    ...{ ...row, id: t(row.id), label: t(row.label), family: t(row.family) },
  }));
  const { headline, reference, name } = smokeRecipe;
  const recipe = {
    ...{
      ...smokeRecipe,
      rows,
      name: t(name),
      reference: t(reference),
      headline: t(headline ?? ""),
    },
  };
  const measurements = [0, 1, 100].flatMap((seed) =>
    rows.flatMap(({ id, method }, r): Measurement[] => [
      ...(method === "base"
        ? []
        : [
            {
              ...{ ...otherScores, kind: "probe" as const, seed, row: id, step: 8, steps: 16 },
              ...{ outer: 0, target: 0.5, prior: skills, signOff: 0, klFromBase: 1, klToBase: 1 },
            },
          ]),
      ...(id === recipe.headline
        ? [
            {
              ...{ kind: "distributions" as const, seed, row: id, outer: 0 },
              tokens: [
                {
                  ...{ name: "style" as const, context: t("c"), label: t("l") },
                  ...{ symbols: [t("a"), text], snapshot: [0.5, 0.5], next: [0.5, 0.5] },
                },
              ],
            },
            {
              ...{ kind: "certificate" as const, seed, row: id, outer: 0, measured: 0.1 },
              ...{ bound: 0.2, inexactness: 0, held: true, linear: true, alpha: 0.5, eta: 0 },
              ...{ referenceKl: 0.4, anchorKl: 0.2, leastSlack: 0.1, tokens: 8, withoutDelta: 7 },
            },
          ]
        : []),
      {
        ...{ ...otherScores, kind: "row" as const, seed, row: id, target: r / 20, prior: skills },
        ...{ signOff: 0, klFromBase: r, klToBase: r },
      },
    ]),
  );
  return {
    config: {
      ...{ recipe, seeds: [0, 1], tuningSeeds: [100], backend: t("wasm"), device: t("d") },
      ...{ numerics: { class: t("c"), version: 1 }, machine: t("m") },
      ...{ versions: { [t("v")]: t("1") }, started: t("2026") },
    },
    measurements,
    failures: [{ seed: 0, row: t("x"), error: t("it broke") }],
  };
}

const elementsOf = (html: string): string[] =>
  [...parseHTML(html).document.querySelectorAll("*")].map(({ tagName }) => tagName.toLowerCase());

describe("a text of a run directory that is markup", () => {
  const hostile = runOf(MARKUP);
  const plain = runOf("");
  /** As long, and broken at the same places. */
  const harmless = runOf(MARKUP.replace(/\S/g, "x"));

  it.each([
    ["the report of one run", (run: ReportedRun) => reportPage([run], "one")],
    ["the report of several", (run: ReportedRun) => reportPage([run, run], run.config.backend)],
    [
      "the table of targets",
      (run: ReportedRun) => jointPage(run.config.backend, run.config, [reportedPart(run)]),
    ],
  ])("makes no element in %s, and is there as text", (_, page) => {
    const html = page(hostile);
    expect(elementsOf(html)).toEqual(elementsOf(page(harmless)));
    expect(html).not.toMatch(/<(img|script)/);
    expect(parseHTML(html).document.body.textContent).toContain("<img src=x onerror=alert(1)>");
    for (const element of parseHTML(html).document.querySelectorAll("*"))
      for (const { name } of element.attributes) expect(name).not.toMatch(/^(on|src$)/);
  });

  it("may do nothing even so: the pages have a policy that runs and loads nothing", () => {
    for (const html of [reportPage([plain]), jointPage("a", plain.config, [reportedPart(plain)])]) {
      const policy = parseHTML(html).document.querySelector("head > meta[http-equiv]");
      expect(policy?.getAttribute("http-equiv")).toBe("Content-Security-Policy");
      const content = policy?.getAttribute("content") ?? "";
      expect(content).toContain("default-src 'none'");
      expect(content).not.toContain("script-src");
    }
  });

  it("is neither markup nor a cell, a link or emphasis in Markdown", () => {
    const text = "|a](http://b) `c` *d* _e_ <img src=x> [f\n| g | www.h.example @i";
    const run = runOf(text);
    const tables = [
      markdownTable(reportedOf(run)),
      jointMarkdownTable([run, run].map(reportedPart)),
    ];
    const same = [
      markdownTable(reportedOf(plain)),
      jointMarkdownTable([plain, plain].map(reportedPart)),
    ];
    const cellsOf = (table: string | undefined) =>
      table?.split("\n").map((line) => line.split(/(?<!\\)\|/).length);
    expect(tables.map(cellsOf)).toEqual(same.map(cellsOf));
    for (const table of tables) {
      expect(table).not.toMatch(/<|(?<!\\)[`_[\]]|:\/\/|www\.|@/);
      expect(table).toContain("&lt;img src=x&gt;");
    }
  });

  it("is no formula in any CSV, whatever it begins with", () => {
    for (const start of ["=", "+", "-", "@", "\t", "\r"]) {
      const run = runOf("");
      const named = JSON.parse(
        JSON.stringify(run).replaceAll(
          /"(label|family|context)":"/g,
          `$&${JSON.stringify(start).slice(1, -1)}`,
        ),
      ) as ReportedRun;
      for (const table of dataTables({ ...named, measurements: run.measurements }))
        for (const cell of toCsv(table).split(/,|\r\n/))
          if (!/^-?\d/.test(cell)) expect(cell).not.toMatch(/^"?[=+\-@\t\r]/);
    }
    expect(toCsv({ name: "t", columns: [FORMULA], rows: [[FORMULA], [-1]] })).toBe(
      `'${FORMULA}\r\n'${FORMULA}\r\n-1\r\n`,
    );
  });
});

describe("escapes", () => {
  it("show what a terminal would obey", () => {
    expect(visible("a\x1b[2J\rb\u202ec\x9bd")).toBe("a\\u{1b}[2J\\u{d}b\\u{202e}c\\u{9b}d");
    expect(visibleLines("a\nb\x07")).toBe("a\nb\\u{7}");
    expect(spoken("a\n\tb\x1b]0;t\x07\r\u202ec")).toBe("a\n\tb\\u{1b}]0;t\\u{7}\\u{d}\\u{202e}c");
    // What joins letters is no command: a family, a Persian word.
    for (const text of ["👩\u200d👧", "می\u200cخواهم"]) expect(spoken(text)).toBe(text);
    expect(visible("Anchored α=0.25 — KL(b‖θ) 1−(1−α)ᵀ 日本")).toBe(
      "Anchored α=0.25 — KL(b‖θ) 1−(1−α)ᵀ 日本",
    );
    expect(hasUnseen("plain")).toBe(false);
    expect(hasUnseen("a\x00")).toBe(true);
  });

  it("leave plain texts as they are", () => {
    for (const escaped of [escapeHtml, escapeMarkdown])
      expect(escaped("Anchored α=0.25 T=2 K=5, KL(b‖θ): 3 %")).toBe(
        "Anchored α=0.25 T=2 K=5, KL(b‖θ): 3 %",
      );
  });
});
