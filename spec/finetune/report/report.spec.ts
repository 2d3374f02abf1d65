import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { reportOf, writeReport } from "../../../src/finetune/report/index.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { at } from "../../../src/tensor/shapes.ts";
import { type Line, recipe, recipeText, textOf, tunedLines } from "./fixture.ts";

const lines = tunedLines();
const metrics = textOf(lines);
const pageOf = (text: string | Uint8Array): string =>
  reportOf({ recipe: recipeText, metrics: text });
const documentOf = (page: string) => parseHTML(page).document;
/** One of each kind and a few more: a report of them takes little time. */
const few = lines.filter(({ kind, step }) => kind !== "step" || step === 1 || step === 300);

describe("the report of a fine-tune", () => {
  const page = pageOf(metrics);
  const document = documentOf(page);
  const headings = [...document.querySelectorAll("h2")].map(({ textContent }) => textContent);

  test("has all parts", () => {
    expect(headings).toEqual([
      ...["Before and after", "Loss", "Forgetting on the retained prompts"],
      ...["The task on held-out prompts", "Outer steps against their bounds"],
      "Retained prompts: answers side by side",
      "The task on held-out prompts: answers side by side",
      ...["Data and cost"],
      ...["What was left out, and why", "Recipe and versions"],
    ]);
    expect(document.querySelector(".verdict")?.textContent).toContain("Learned and kept.");
    expect(document.querySelectorAll("svg").length).toBe(2 + 4 + 4 + 3 + 1);
  });

  test("needs nothing else and may do nothing else", () => {
    expect(page).toContain("default-src 'none'");
    expect(document.querySelectorAll("script, link, img, iframe, object").length).toBe(0);
    const names = /http:\/\/www\.w3\.org\/(2000\/svg|1999\/xlink)/g;
    expect(/https?:/.exec(page.replaceAll(names, ""))).toBeNull();
  });

  test("shows the last looks as they were measured", () => {
    const cells = [...document.querySelectorAll("tr.headline td")].map((cell) => cell.textContent);
    const last = (set: string) =>
      lines.findLast((m) => m["kind"] === "look" && m["stage"] === "anchored" && m["set"] === set);
    const [task, kept] = [last("eval"), last("retain")];
    const fixed = (x: unknown, digits: number, times = 1): string =>
      (times * Number(x)).toFixed(digits);
    expect(cells).toEqual([
      "Anchored",
      ...[fixed(task?.["logLoss"], 3), fixed(task?.["perplexity"], 3)],
      ...[fixed(task?.["exact"], 1, 100), fixed(task?.["kl"], 3)],
      ...[fixed(kept?.["logLoss"], 3), fixed(kept?.["perplexity"], 3)],
      ...[fixed(kept?.["exact"], 1, 100), fixed(kept?.["kl"], 3), fixed(kept?.["changed"], 1, 100)],
    ]);
  });

  test("shows no certificate that holds as evidence, and says where one does not", () => {
    const wrong = "On 220 of 76,220 tokens the numbers break a theorem";
    expect(page).not.toContain("break a theorem");
    expect(page).toContain("no bound here speaks");
    const broken = lines.map((m) => (m["kind"] === "certificate" ? { ...m, held: 38_000 } : m));
    expect(pageOf(textOf(broken))).toContain(wrong);
  });

  test("puts changed answers first and marks what changed in them", () => {
    const [first] = document.querySelectorAll(".sample");
    expect(first?.querySelector(".prompt .said")?.textContent).toContain("toy boat");
    expect(first?.querySelector("mark")?.textContent?.trim()).toBe("every");
    expect(first?.querySelector("del")?.textContent?.trim()).toBe("all");
  });

  test("says so where the task was looked at on what was trained on", () => {
    const own = few.map((m) => (m["kind"] === "plan" ? { ...m, evalIsData: true } : m));
    const page = pageOf(textOf(own));
    expect(page).toContain("of SFT’s gain on prompts that were trained on");
    expect(page).not.toContain("held-out prompts");
  });

  test("tells of cut rows, notes and what was saved", () => {
    const more = few.map((m) =>
      m["kind"] === "plan" ? { ...m, truncated: 7, notes: ["no <stop> is learnt"] } : m,
    );
    const page = pageOf(textOf([...more, { kind: "saved", what: "adapter", path: "adapter" }]));
    for (const told of ["7 rows were cut", "no &lt;stop&gt; is learnt", "adapter in adapter"])
      expect(page).toContain(told);
  });

  test("names what was left out by its reason", () => {
    expect(page).toContain("mine.jsonl:17");
    expect(page).toContain("3 of 512 rows");
  });

  test("is made of what there is, wherever the run stopped", () => {
    fc.assert(
      fc.property(fc.nat(textOf(few).length), (end) => {
        const cut = new TextEncoder().encode(textOf(few)).subarray(0, end);
        const document = documentOf(pageOf(cut));
        expect(document.querySelector(".verdict")?.textContent).toContain("Unfinished.");
      }),
      { numRuns: 12 },
    );
    expect(reportOf({ recipe: recipeText })).toContain("Unfinished.");
  });

  test("takes the last word of a run that was resumed", () => {
    const again = [...few.slice(0, -1), ...few.slice(1)];
    expect(pageOf(textOf(again))).toBe(pageOf(textOf(few)));
  });

  test("tells of lines that it has no place for", () => {
    const more = [...few, { kind: "weather", rain: true }, { kind: "weather" }];
    expect(pageOf(textOf(more))).toContain("other kinds: weather (2).");
  });

  test("draws numbers that are none as gaps", () => {
    const broken = few.map((m) => (m["kind"] === "look" ? { ...m, kl: null, logLoss: null } : m));
    expect(/NaN|undefined|Infinity/.exec(pageOf(textOf(broken)))).toBeNull();
  });
});

describe("texts of strangers", () => {
  const attack = `</p><script>alert(1)</script><img src=x onerror="alert(2)">'"&`;
  /** Names and choices stay, for they are checked. */
  const free = ["model", "place", "reason", "prompt", "answer", "wanted", "anchorgrad", "node"];
  const attacked = (value: unknown, key = ""): unknown => {
    if (typeof value === "string") return free.includes(key) ? `${value} ${attack}` : value;
    if (Array.isArray(value)) return value.map((item) => attacked(item, key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, attacked(v, k)]));
  };

  test("are shown and never obeyed", () => {
    const page = reportOf({
      recipe: JSON.stringify({ ...recipe, [attack]: attack, model: attack }),
      metrics: textOf(few.map((m) => attacked(m) as Line)),
    });
    const document = documentOf(page);
    expect(document.querySelectorAll("script, img").length).toBe(0);
    expect(document.querySelector(".prompt .said")?.textContent).toContain(attack);
    expect(document.querySelector("pre")?.textContent).toContain("onerror");
  });
});

describe("a damaged metrics.jsonl", () => {
  const values: fc.Arbitrary<unknown> = fc.oneof(
    fc.constantFrom(null, true, [], {}, "", "x", -1, 0.5, 1e308, "__proto__"),
    fc.jsonValue({ maxDepth: 1 }),
  );

  test("is refused by line and field, or read", () => {
    const places = few.flatMap((m, i) => Object.keys(m).map((name) => [i, name] as const));
    fc.assert(
      fc.property(fc.constantFrom(...places), values, ([i, name], value) => {
        const changed = few.map((m, k) => (k === i ? { ...m, [name]: value } : m));
        try {
          pageOf(textOf(changed));
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
          expect(`${error}`).toContain(`metrics.jsonl:${i + 1}: ${name}`);
        }
      }),
      { numRuns: 80 },
    );
  });

  test("is refused by line where its bytes are others", () => {
    const bytes = new TextEncoder().encode(textOf(few));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (place, byte) => {
        const changed = bytes.slice();
        changed[place] = byte;
        try {
          pageOf(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
          const line = bytes.subarray(0, place).filter((b) => b === 0x0a).length + 1;
          // A line that is cut in two is wrong in its first or second part.
          expect(`${error}`).toMatch(new RegExp(`metrics\\.jsonl:(${line}|${line + 1}):`));
        }
      }),
      { numRuns: 40 },
    );
  });

  test.each([
    [
      { kind: "step", stage: "sft", step: 1, steps: "9", loss: 1 },
      'metrics.jsonl:2: steps: expected an integer ≥ 0, got "9"',
    ],
    [{ kind: "look", stage: "<b>", step: 1 }, "metrics.jsonl:2: stage: expected a name"],
    [
      { kind: "look", stage: "sft", step: 1, set: "x" },
      "metrics.jsonl:2: set: expected one of retain, eval",
    ],
    [[1], "metrics.jsonl:2: line: expected an object, got [1]"],
  ])("such as %j has its message", (line, message) => {
    const text = `${JSON.stringify(at(lines, 0))}\n${JSON.stringify(line)}\n`;
    expect(() => pageOf(text)).toThrow(message);
  });
});

describe("writeReport", () => {
  test("reads a folder and writes report.html into it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "anchorgrad-"));
    try {
      await expect(writeReport(folder)).rejects.toThrow("no recipe.json in it");
      await writeFile(join(folder, "recipe.json"), recipeText);
      await writeFile(join(folder, "metrics.jsonl"), metrics);
      expect(await writeReport(folder)).toBe(join(folder, "report.html"));
      expect(await readFile(join(folder, "report.html"), "utf8")).toBe(pageOf(metrics));
      await writeFile(join(folder, "metrics.jsonl"), "{}\n");
      await expect(writeReport(folder)).rejects.toThrow(`${folder}/metrics.jsonl:1: kind`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
