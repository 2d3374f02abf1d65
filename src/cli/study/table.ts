import { styleText } from "node:util";
import type { Recipe } from "../../experiment/recipe.ts";
import { measuredSeeds, seedsText } from "../../experiment/summary/seeds.ts";
import type { RowSummary } from "../../experiment/summary/summary.ts";
import { duration, nats, percent, range } from "../../report/format.ts";
import { reflow } from "../terminal/reflow.ts";
import { foldedTable } from "../terminal/table.ts";

interface Column {
  readonly title: string;
  readonly value: (row: RowSummary) => string;
  /** The range over seeds, where the column has room for it. */
  readonly range?: (row: RowSummary) => string;
  /** Whether it begins a table of its own. */
  readonly apart?: boolean;
}

const none = "–";
const whole = (share: number): string => percent(share, 0);
const shareText = (share: number | undefined): string =>
  share === undefined || !Number.isFinite(share) ? none : whole(share);

const skillColumn = (skill: string, i: number): Column => ({
  title: skill,
  apart: i === 0,
  value: ({ prior }) => (prior[skill] ? whole(prior[skill].mean) : none),
});

/** What a study is about first: a terminal of 80 columns shows the rest below. */
const columnsOf = (skills: readonly string[]): readonly Column[] => [
  {
    title: "target",
    value: ({ target }) => percent(target.mean),
    range: ({ target }) => range(target, whole),
  },
  {
    title: "gain",
    value: ({ gain, row }) => (gain && row.method !== "base" ? percent(gain.mean) : none),
    range: ({ gain, row }) => (gain && row.method !== "base" ? range(gain, whole) : ""),
  },
  {
    title: "drop",
    value: ({ drop, row }) => (row.method === "base" ? none : percent(drop.mean)),
    range: ({ drop, row }) => (row.method === "base" ? "" : range(drop, percent)),
  },
  {
    title: "KL(b‖θ)",
    value: ({ klFromBase }) => nats(klFromBase.mean),
    range: ({ klFromBase }) => range(klFromBase, (x) => x.toFixed(2)),
  },
  { title: "bound", value: ({ steps }) => shareText(steps?.ofBound) },
  { title: "time", value: ({ seconds }) => (seconds ? duration(seconds.mean) : none) },
  ...skills.map(skillColumn),
  {
    title: "KL(θ‖b)",
    value: ({ klToBase }) => nats(klToBase.mean),
    range: ({ klToBase }) => range(klToBase, (x) => x.toFixed(2)),
  },
  { title: "δ", value: ({ steps }) => shareText(steps?.deltaOfStep) },
];

export interface TableOptions {
  /** Whether to write ANSI styles. */
  readonly styled: boolean;
}

/**
 * The result in at most 80 columns: one line a row, and where there are several seeds a second one
 * with ranges; below it the skills, one by one.
 */
export function renderTable(
  recipe: Recipe,
  rows: readonly RowSummary[],
  { styled }: TableOptions,
): string {
  const styleOf = (name: "bold" | "dim", text: string): string =>
    styled ? styleText(name, text, { validateStream: false }) : text;
  const ranged = rows.some(({ seeds }) => seeds.length > 1);
  const isMain = ({ row }: RowSummary): boolean => row.id === recipe.headline;
  const labels = rows.flatMap((row) => {
    const label = isMain(row) ? `${row.row.label} ◂` : row.row.label;
    return ranged ? [label, ""] : [label];
  });
  const groups = columnsOf(Object.keys(rows[0]?.prior ?? {})).map(
    ({ title, value, range: rangeOf, apart = false }) => ({
      apart,
      columns: [
        [
          title,
          ...rows.flatMap((row) => (ranged ? [value(row), rangeOf?.(row) ?? ""] : [value(row)])),
        ],
      ],
    }),
  );
  const main = new Set(rows.flatMap((row, r) => (isMain(row) ? [1 + r * (ranged ? 2 : 1)] : [])));
  return foldedTable(["", ...labels], groups, {
    style: (text, line) => {
      if (line === 0 || main.has(line)) return styleOf("bold", text);
      return ranged && line % 2 === 0 ? styleOf("dim", text) : text;
    },
    rule: (text) => styleOf("dim", text),
  });
}

/** What the columns mean, and the headline in words. */
export function renderNotes(recipe: Recipe, rows: readonly RowSummary[]): string {
  const labelOf = (id: string): string => recipe.rows.find((row) => row.id === id)?.label ?? id;
  return [
    "target and skills: exact match, %.",
    `gain: share of ${labelOf(recipe.reference)}'s way from the base's target to its own, %.`,
    "drop: relative loss of the mean prior skill, %.",
    "KL: base b against row θ, nats a token of prior responses. time: training.",
    "bound: how much of its linear bound an outer step went, %.",
    "δ: how much of that way the inner loop's error is, %.",
    ...rows.flatMap(stepNotes),
    ...(rows.some(({ row }) => row.id === recipe.headline)
      ? ["◂ the row that the study is about."]
      : []),
    ...(measuredSeeds(rows).seeds.length > 1
      ? [reflow(`Means over ${seedsText(rows)}, and below them ranges.`)]
      : []),
  ].join("\n");
}

/** What rows' outer steps say beyond the table. */
function stepNotes({ row: { label }, steps }: RowSummary): string[] {
  const { audit } = steps ?? {};
  return [
    ...(steps && steps.broken > 0
      ? [
          `${label}: ${steps.broken} of ${steps.steps} steps break a theorem: the numbers are wrong.`,
        ]
      : []),
    ...(audit
      ? [
          `${label}: ${audit.passed} of ${audit.runs} runs passed the audit,`,
          `  and had lost ${percent(audit.lost)} % of the audited answers.`,
        ]
      : []),
  ];
}
