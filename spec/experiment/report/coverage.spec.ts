import { expect, test } from "vitest";
import type {
  Certified,
  Measurement,
  Planned,
  RowResult,
} from "../../../src/experiment/measurements.ts";
import { studyRecipe } from "../../../src/experiment/recipes/study.ts";
import { coverageData, coverageOf } from "../../../src/experiment/report/coverage.ts";
import { reportMarkdown, reportPage } from "../../../src/experiment/report/index.ts";
import { type ReportedRun, reportedOf } from "../../../src/experiment/report/reported.ts";
import { otherScores } from "../summary/scores.ts";

const recipe = studyRecipe("C1", "19k");
const rowsOf = (risk: number) =>
  recipe.rows.filter(
    (row) =>
      "alpha" in row &&
      typeof row.alpha === "object" &&
      "risk" in row.alpha &&
      row.alpha.risk === risk,
  );

/** What one student planned, audited and lost. */
interface Told {
  readonly risk: number;
  readonly seed: number;
  /** Which of the risk's three rates. */
  readonly rate: number;
  readonly certified: number;
  readonly leastSlack: number;
  readonly audited: number;
  readonly lost: number;
  readonly anchorLost: number;
}

function measured(told: Told): Measurement[] {
  const { risk, seed, certified, leastSlack, audited, lost, anchorLost } = told;
  const row = rowsOf(risk)[told.rate]?.id;
  if (row === undefined) throw new Error("expected three rates");
  const slack = { least: leastSlack, tenth: 0.1, median: 0.5 };
  const planned = { weight: certified, prompts: 200, lost: 4, covered: 150, slack };
  const common = { risk, confidence: 0.95 };
  const plan: Planned = {
    ...{ kind: "retention", seed, row, ...common, alpha: 0.3, certified, allowed: 4 },
    ...{ planned, audited: 200 },
  };
  // The first outer step always passes.
  const steps = [0, audited].map(
    (n, outer): Certified => ({
      ...{ kind: "certificate", seed, row, outer, measured: 0.1, bound: 0.2, inexactness: 0 },
      ...{ tokens: 10, withoutDelta: 10, held: true, linear: true, alpha: 0.3 },
      ...{ referenceKl: 1, anchorKl: 0.1, eta: 0, psi: 0, leastSlack: 0 },
      retention: {
        ...{ ...common, prompts: 200, lost: n, allowed: 4, upper: 0.05, passed: n <= 4, steps: 1 },
        planned,
      },
    }),
  );
  const result: RowResult = {
    ...{
      kind: "row",
      seed,
      row,
      ...otherScores,
      target: 1,
      signOff: 0,
      klFromBase: 0,
      klToBase: 0,
    },
    ...{ prior: { rev: 1 }, kept: 1 - lost, seconds: 1 },
    anchorKept: { weight: certified, kept: 1 - anchorLost, certified: 0.9, slack },
  };
  return [plan, ...steps, result];
}

const usual = { risk: 0.05, leastSlack: 0.1, audited: 0, lost: 0, anchorLost: 0 };
const all: readonly Told[] = [
  { ...usual, seed: 20, rate: 0, certified: 0.5 },
  // The same anchor, another student: it fails its audit, and loses what it may not.
  { ...usual, seed: 20, rate: 1, certified: 0.5, audited: 5, lost: 0.2 },
  // Its audit passed, and yet it lost too much; so did its anchor. Tuning seeds count.
  {
    ...usual,
    seed: 100,
    rate: 0,
    certified: 0.7,
    leastSlack: 0,
    audited: 4,
    lost: 0.06,
    anchorLost: 0.1,
  },
  // 5 % are not above 5 %.
  { ...usual, seed: 21, rate: 2, certified: 1, lost: 1 - 0.95, anchorLost: 1 - 0.95 },
  { ...usual, seed: 22, rate: 0, certified: 0 },
  { ...usual, risk: 0.1, seed: 20, rate: 0, certified: 0.6, lost: 0.06 },
];
const run: ReportedRun = {
  config: {
    ...{
      recipe,
      seeds: [20, 21, 22],
      tuningSeeds: [100],
      backend: "wasm",
      device: "",
      versions: {},
    },
    ...{ started: "2026-01-02T03:04:05.000Z", numerics: { class: "wasm", version: 1 } },
  },
  measurements: all.flatMap(measured),
};

test("certified weights are held against what was measured, of each risk and on all seeds", () => {
  const found = coverageOf(reportedOf(run));
  expect(found).toEqual([
    {
      ...{ risk: 0.05, confidence: 0.95, prompts: 200, allowed: 4, weights: 4 },
      ...{ least: 0, median: 0.7, largest: 1, whole: 1, none: 1, withoutSlack: 1, anchorOver: 1 },
      ...{ students: 5, passed: 4, over: 2, passedOver: 1 },
    },
    {
      ...{ risk: 0.1, confidence: 0.95, prompts: 200, allowed: 4, weights: 1 },
      ...{ least: 0.6, median: 0.6, largest: 0.6, whole: 0, none: 0, withoutSlack: 0 },
      ...{ anchorOver: 0, students: 1, passed: 1, over: 0, passedOver: 0 },
    },
  ]);
  expect(coverageData(reportedOf(run)).rows).toHaveLength(2);
  const lines = reportMarkdown([run]).split("\n");
  const at = lines.indexOf("### Certified weights, and their audits");
  expect(lines.slice(at + 2, at + 6)).toEqual([
    "| study | risk, % | weights | weight, median (range) | vacuous | without slack | anchor above | students | above | audit passed | of these above |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    "| study-19k-C1 | 5 | 4 | 0.70 (0.00–1.00) | 2 | 1 | 1 | 5 | 2 | 4 | 1 |",
    "| study-19k-C1 | 10 | 1 | 0.60 (0.60–0.60) | 0 | 0 | 0 | 1 | 0 | 1 | 0 |",
  ]);
});

test("a run that is not so far has none, and the page shows the table where there is one", () => {
  const some = run.measurements.filter(({ kind }) => kind !== "row");
  expect(coverageOf(reportedOf({ ...run, measurements: some }))).toEqual([]);
  expect(reportMarkdown([{ ...run, measurements: some }])).not.toContain("Certified weights");
  expect(reportPage([run])).toContain("anchor above the risk");
});
