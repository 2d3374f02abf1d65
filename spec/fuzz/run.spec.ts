import { describe, expect, it } from "vitest";
import { renderNotes, renderTable } from "../../src/cli/study/table.ts";
import { renderJointTable } from "../../src/cli/sweep/jointTable.ts";
import { type Attempt, measurementText, type Result } from "../../src/experiment/measurements.ts";
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
import { metricsIn } from "../../src/experiment/runs/metrics.ts";
import { readConfigIn, readFailuresIn, reopenRunIn } from "../../src/experiment/runs/run.ts";
import { summarize } from "../../src/experiment/summary/summary.ts";
import { samplesIn } from "../../src/lab/runs/samples.ts";
import { hasUnseen } from "../../src/report/escape.ts";
import type { Files } from "../../src/weights/store.ts";
import { otherScores } from "../experiment/summary/scores.ts";
import { attack, mutants, mutateText } from "./mutants.ts";

const ids = ["base", "sft-5e-3", "anchored-0.1-T5-K2"];
const recipe = {
  ...smokeRecipe,
  rows: smokeRecipe.rows.filter(({ id }) => ids.includes(id)),
  headline: "anchored-0.1-T5-K2",
};
const config = {
  ...{ recipe, seeds: [0, 1], tuningSeeds: [100], backend: "wasm", device: "2 threads" },
  ...{ numerics: { class: "wasm-fma", version: 1 }, machine: "a" },
  ...{ versions: { node: "20.0.0" }, started: "2026-01-02T03:04:05.000Z" },
};
const scores = {
  ...{ ...otherScores, target: 0.5, prior: { rev: 0.5, echo: 0.25 }, signOff: 0 },
  ...{ klFromBase: 0.5, klToBase: 0.5, klToReference: 0.25 },
};
/** All that a row may say; of the others less, so that as many mutants as can be are read. */
const said = (seed: number, row: string): readonly Result[] => [
  {
    ...{ kind: "progress", stage: { kind: "row", id: row }, seed },
    ...{ step: 8, steps: 8, loss: 1, tokens: 9 },
  },
  { ...scores, kind: "probe", seed, row, step: 4, steps: 8, outer: 0, alpha: 0.5 },
  {
    ...{ kind: "distributions", seed, row, outer: 0 },
    tokens: [
      {
        ...{ name: "style", context: "x", label: "8", symbols: ["8", "#"] },
        ...{ snapshot: [0.2, 0.7], anchor: [0.4, 0.5], reference: [0.9, 0.05], next: [0.4, 0.5] },
      },
    ],
  },
  {
    ...{ kind: "certificate", seed, row, outer: 0, measured: 0.1, bound: 0.2, inexactness: 0 },
    ...{ held: true, linear: true, alpha: 0.5, referenceKl: 0.4, anchorKl: 0.2, eta: 0 },
    ...{ tokens: 8, withoutDelta: 7 },
    ...{ leastSlack: 0.1, psi: -0.1, cumulative: { weight: 0.5, measured: 0.1, bound: 0.2 } },
  },
];
const measured = [0, 1, 100].flatMap((seed) =>
  ids.flatMap((row, i): Result[] => [
    ...(seed === 0 && i > 0 ? said(seed, row) : []),
    { ...scores, kind: "row", seed, row, target: i / 4 },
  ]),
);

const attempts = [0, 1, 100].flatMap((seed) =>
  ids.map(
    (row): Attempt => ({
      ...{ kind: "attempt", seed, row, seconds: 2, backend: "wasm", device: "2 threads" },
      ...{ numerics: config.numerics, machine: "a", versions: { node: "20.0.0" } },
    }),
  ),
);

type Texts = Readonly<Record<string, string>>;
const texts: Texts = {
  "run/config.json": JSON.stringify(config),
  "run/metrics.jsonl": measured.map((m) => `${measurementText(m)}\n`).join(""),
  "run/attempts.jsonl": attempts.map((m) => `${JSON.stringify(m)}\n`).join(""),
  "run/failures.json": JSON.stringify([{ seed: 0, row: "base", error: "it broke" }]),
  "run/samples.json": JSON.stringify({
    base: [{ skill: "rev", prompt: ["a"], expected: ["b"], said: ["c"] }],
  }),
};

const extremes: readonly unknown[] = [
  ...[null, true, 0, -1, 0.5, 1e308, -1e308, 1e-308, 2 ** 53, 1e21, "", "x", "\u001b[2J", [], {}],
  ...["../../up", "a".repeat(300), [[]], { toString: null }, { __proto__: null }, "constructor"],
  ...["__proto__", "pre-training", [1e9], Array.from({ length: 40 }, (_, i) => i / 2)],
];

/** Puts something else, or nothing, at a place in a JSON value, or doubles what is there. */
function mutateJson(json: unknown, roll: (n: number) => number): unknown {
  if (typeof json !== "object" || json === null || roll(6) === 0)
    return extremes[roll(extremes.length)];
  const entries = Object.entries(json);
  const which = roll(entries.length || 1);
  const change = roll(8);
  const changed = entries.flatMap(([name, value], i): [string, unknown][] => {
    if (i !== which) return [[name, value]];
    if (change === 0) return [];
    if (change === 1)
      return [
        [`${extremes[roll(6)]}`, value],
        [name, value],
      ];
    return [[name, mutateJson(value, roll)]];
  });
  return Array.isArray(json) ? changed.map(([, value]) => value) : Object.fromEntries(changed);
}

const names = Object.keys(texts);
const lines = new Map(
  Object.entries(texts).map(([name, text]) => [name, text.split("\n").filter(Boolean)]),
);

/** Some of a file's lines, in order: a mutant of few is read as many times as fast as one of all. */
function some(name: string, roll: (n: number) => number): readonly string[] {
  const all = lines.get(name) ?? [];
  const most = roll(16) === 0 ? all.length : 3;
  if (all.length <= most) return all;
  const first = roll(all.length);
  const step = 1 + roll(all.length - 1);
  const taken = Array.from({ length: most }, (_, i) => (first + i * step) % all.length);
  return all.filter((_, i) => taken.includes(i));
}

/** The files of a run that is on its way, of which one is changed. */
function mutant(roll: (n: number) => number): Texts {
  // Most of what is read stands in the first three.
  const which = names[roll(4) === 0 ? roll(names.length) : roll(3)] ?? "";
  const entries = names.map((name): [string, string] => {
    const of = some(name, roll);
    if (name !== which) return [name, of.join("\n")];
    if (roll(4) === 0) return [name, mutateText(of.join("\n"), roll)];
    const changed = [...of];
    for (let changes = 1 + roll(2); changes > 0; changes--) {
      const i = roll(changed.length);
      changed[i] = JSON.stringify(mutateJson(JSON.parse(changed[i] ?? "0"), roll)) ?? "null";
    }
    return [name, changed.join("\n")];
  });
  return Object.fromEntries(entries);
}

const utf8 = new TextEncoder();
const valid = new Map(Object.values(texts).map((text) => [text, utf8.encode(text)]));

const filesOf = (all: Texts): Files => ({
  read: async (path) => {
    const text = all[path];
    return text === undefined ? undefined : (valid.get(text) ?? utf8.encode(text));
  },
  write: () => Promise.reject(new Error("expected no writing")),
  remove: () => Promise.reject(new Error("expected no removal")),
  removeFolder: () => Promise.reject(new Error("expected no removal")),
});

const configFile = "run/config.json";
const asItWas = await readConfigIn(filesOf(texts), "run");

/** Opens a run as `reopenRunIn` does: its configuration, which is read anew where it was changed, then the rest. */
async function opened(files: Files, all: Texts): Promise<ReportedRun> {
  const config = all[configFile] === texts[configFile] ? asItWas : await readConfigIn(files, "run");
  const metrics = await metricsIn(files, "run", config);
  return { config, measurements: metrics.measurements() };
}

/** Opens a run; each that is `drawn` is shown in every way there is. @returns whether it shows nothing strange */
async function show(all: Texts, drawn = true): Promise<boolean> {
  const files = filesOf(all);
  const run = await opened(files, all);
  const failures = await readFailuresIn(files, "run");
  samplesIn(utf8.encode(all["run/samples.json"]), "run/samples.json");
  if (!drawn) return true;
  const one = { ...run, failures };
  const page = reportPage([one]);
  const tables = dataTables(one).map(toCsv).join("");
  const part = reportedPart(one);
  const joint = part.measurements.length > 0 ? jointPage("a", one.config, [part, part]) : "";
  const rows = summarize(run.config.recipe, run.measurements);
  const terminal = [
    renderTable(run.config.recipe, rows, { styled: false }),
    renderNotes(run.config.recipe, rows),
    renderJointTable([part, part]),
  ].join("\n");
  const markdown = markdownTable(reportedOf(one)) + jointMarkdownTable([part, part]);
  return (
    !/<script|<img/.test(page + joint) &&
    !terminal.split("\n").some(hasUnseen) &&
    !/^[=+@]/m.test(tables) &&
    markdown !== ""
  );
}

describe("a run's directory that somebody changed", () => {
  it("is shown as it is", async () => {
    expect(await show(texts)).toBe(true);
    const run = await reopenRunIn(filesOf(texts), "run");
    expect(await opened(filesOf(texts), texts)).toEqual({
      ...{ config: run.config, measurements: run.measurements },
    });
    expect(run.measurements.filter(({ kind }) => kind === "row")).toHaveLength(9);
  });

  it("is opened and shown, or refused by a DataError", async () => {
    // Drawing takes many times as long as reading: of very many mutants it is done for one in 256.
    const count = mutants(200);
    const every = count > 10_000 ? 256 : 1;
    let tried = 0;
    const { refused, accepted, fault } = await attack(count, mutant, (all) =>
      show(all, tried++ % every === 0),
    );
    expect(fault).toBeUndefined();
    expect(refused).toBeGreaterThan(0);
    expect(accepted).toBeGreaterThan(0);
  });
});
