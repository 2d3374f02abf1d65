import type { RowCheck, SeedDiagnosis } from "../../experiment/look/diagnose.ts";
import {
  type Diagnosis,
  type Flipped,
  flippedOf,
  type Suggestion,
  suggest,
  type TokenKind,
  tokenKinds,
} from "../../experiment/look/diagnosis.ts";
import { count, percent } from "../../report/format.ts";
import { at } from "../../tensor/shapes.ts";
import { alphasText } from "./featuresText.ts";

/** Bars of the histogram. */
const BINS = 20;
const BAR = 13;

/** Eighths of a character. */
const EIGHTHS: readonly string[] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar of some share of its full width, at least a sliver where there is anything. */
function bar(share: number, width: number): string {
  const eighths = share > 0 ? Math.max(1, Math.round(share * width * 8)) : 0;
  return "█".repeat(eighths >> 3) + at(EIGHTHS, eighths & 7);
}

/** Wide enough for a bar and `100 %`. */
const COLUMN = BAR + 8;
const whole = (share: number | undefined): string =>
  share === undefined ? "–" : `${percent(share, 0)} %`;
const weightText = (weight: number): string => weight.toFixed(2);

const columns = (first: string, cells: readonly string[]): string =>
  `${first.padEnd(12)}${cells.map((cell) => cell.padEnd(COLUMN)).join("")}`.trimEnd();

/** How the thresholds of each kind lie, a line a bin. */
function histogram(diagnosis: Diagnosis): string[] {
  const lines = Array.from({ length: BINS }, (_, bin) => {
    const cells = tokenKinds.map((kind) => {
      const { thresholds } = diagnosis[kind];
      const inBin = thresholds.filter((a) => binOf(a) === bin).length;
      const share = thresholds.length === 0 ? 0 : inBin / thresholds.length;
      return inBin === 0 ? "" : `${bar(share, BAR).padEnd(BAR)} ${whole(share).padStart(5)}`;
    });
    return columns(`${weightText(bin / BINS)}–${weightText((bin + 1) / BINS)}`, cells);
  });
  const titles = tokenKinds.map((kind) => titleOf(kind, diagnosis));
  return [columns("a*", titles), ...lines];
}

const binOf = (weight: number): number =>
  Math.min(BINS - 1, Math.max(0, Math.floor(weight * BINS)));

const titleOf = (kind: TokenKind, diagnosis: Diagnosis): string => {
  const { tokens, thresholds } = diagnosis[kind];
  return `${kind} ${count(thresholds.length)}/${count(tokens)}`;
};

const flippedCells = (flipped: Flipped): string[] => tokenKinds.map((kind) => whole(flipped[kind]));

/** Weights that are looked at beside the suggested one: the paper's T = 5, α = 0.5 is the last. */
const WEIGHTS: readonly number[] = [0.1, 0.25, 0.44, 0.75, 0.97];

const weighed = (diagnosis: Diagnosis, { weight, flipped }: Suggestion): string[] => [
  columns("a_T", ["of target", "of sign-off", "of prior"]),
  ...WEIGHTS.map((a) => columns(weightText(a), flippedCells(flippedOf(diagnosis, a)))),
  columns(`${weightText(weight)} ◂`, flippedCells(flipped)),
];

/** Numbers of outer steps for which the suggestion is said. */
const STEPS: readonly number[] = [1, 2, 5, 10];

const settings = (weight: number): string => alphasText(weight, STEPS);

/** Predicted and trained shares of each anchored row. */
function checked(rows: readonly RowCheck[]): string[] {
  const of = ({ kinds }: RowCheck, kind: TokenKind): string => {
    const { predicted, trained } = kinds[kind];
    return predicted === undefined ? "–" : `${percent(predicted, 0)} → ${whole(trained)}`;
  };
  const agreement = ({ kinds }: RowCheck): string =>
    `${tokenKinds.map((kind) => percent(kinds[kind].agreement, 0)).join("/")} %`;
  const line = (cells: readonly string[]): string =>
    [25, 6, 12, 12, 12, 0]
      .map((width, i) => at(cells, i).padEnd(width))
      .join("")
      .trimEnd();
  return [
    line(["", "a_T", "target", "sign-off", "prior", "same"]),
    ...rows.map((check) =>
      line([
        check.row.label.slice(0, 24),
        weightText(check.weight),
        ...tokenKinds.map((kind) => of(check, kind)),
        agreement(check),
      ]),
    ),
  ];
}

/** A diagnosis for the terminal, in 80 columns. */
export function renderDiagnosis({ diagnosis, rows }: SeedDiagnosis): string {
  const suggestion = suggest(diagnosis);
  const { weight, gap } = suggestion;
  return [
    "Where base and p_sft prefer different tokens (of all), the weight a* of p_sft at",
    "which the anchor's likeliest token goes over: to p_sft's for the target, away",
    "from the base's for what is alien to it.",
    "",
    ...histogram(diagnosis),
    "",
    "What an anchor of weight a_T takes over",
    "",
    ...weighed(diagnosis, suggestion),
    "",
    `◂ suggested: a_T = ${weightText(weight)}, in the gap from ${weightText(gap[0])} to ${weightText(gap[1])}`,
    `  ${settings(weight)}`,
    ...(rows.length === 0
      ? []
      : [
          "",
          "What this run's students took over, predicted → trained; same: share of all",
          "target/sign-off/prior tokens at which the student prefers what its anchor does",
          "",
          ...checked(rows),
        ]),
    "",
    "Prior tokens are measured, not promised: training bounds nothing on them.",
  ].join("\n");
}
