import { styleText } from "node:util";
import type { Recipe } from "../../experiment/recipe.ts";
import type { RowSummary } from "../../experiment/summary/summary.ts";
import { duration, nats, percent, range } from "../../report/format.ts";
import { at } from "../../tensor/shapes.ts";

interface Column {
  readonly title: string;
  readonly value: (row: RowSummary) => string;
  /** The range over seeds, where the column has room for it. */
  readonly range?: (row: RowSummary) => string;
  readonly align: "left" | "right";
}

const none = "–";
const whole = (share: number): string => percent(share, 0);

const skillColumn = (skill: string): Column => ({
  title: skill,
  value: ({ prior }) => (prior[skill] ? whole(prior[skill].mean) : none),
  align: "right",
});

function columnsOf(recipe: Recipe, skills: readonly string[]): Column[] {
  return [
    {
      title: "",
      value: ({ row }) => (row.id === recipe.headline ? `${row.label} ◂` : row.label),
      align: "left",
    },
    {
      title: "target",
      value: ({ target }) => percent(target.mean),
      range: ({ target }) => range(target, whole),
      align: "right",
    },
    {
      title: "gain",
      value: ({ gain, row }) => (gain && row.method !== "base" ? percent(gain.mean) : none),
      range: ({ gain, row }) => (gain && row.method !== "base" ? range(gain, whole) : ""),
      align: "right",
    },
    ...skills.map(skillColumn),
    {
      title: "drop",
      value: ({ drop, row }) => (row.method === "base" ? none : percent(drop.mean)),
      range: ({ drop, row }) => (row.method === "base" ? "" : range(drop, percent)),
      align: "right",
    },
    {
      title: "KL(b‖θ)",
      value: ({ klFromBase }) => nats(klFromBase.mean),
      range: ({ klFromBase }) => range(klFromBase, (x) => x.toFixed(2)),
      align: "right",
    },
    {
      title: "KL(θ‖b)",
      value: ({ klToBase }) => nats(klToBase.mean),
      range: ({ klToBase }) => range(klToBase, (x) => x.toFixed(2)),
      align: "right",
    },
    {
      title: "cert.",
      value: ({ certificates: { held, total } }) => (total > 0 ? `${held}/${total}` : none),
      align: "right",
    },
    { title: "time", value: ({ seconds }) => duration(seconds.mean), align: "right" },
  ];
}

export interface TableOptions {
  /** Whether to write ANSI styles. */
  readonly styled: boolean;
}

/**
 * The result in at most 120 columns: one line a row, and where there are several seeds a second
 * one with ranges.
 */
export function renderTable(
  recipe: Recipe,
  rows: readonly RowSummary[],
  { styled }: TableOptions,
): string {
  const style = (name: "bold" | "dim", text: string): string =>
    styled ? styleText(name, text, { validateStream: false }) : text;
  const columns = columnsOf(recipe, Object.keys(rows[0]?.prior ?? {}));
  const ranged = rows.some(({ seeds }) => seeds.length > 1);
  const values = rows.map((row) => columns.map(({ value }) => value(row)));
  const ranges = rows.map((row) => columns.map((column) => column.range?.(row) ?? ""));
  const widths = columns.map(({ title }, c) =>
    Math.max(
      title.length,
      ...[...values, ...(ranged ? ranges : [])].map((cells) => cells[c]?.length ?? 0),
    ),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, c) => {
        const [cell, width] = [at(cells, c), at(widths, c)];
        return align === "left" ? cell.padEnd(width) : cell.padStart(width);
      })
      .join(" ")
      .trimEnd();
  const header = line(columns.map(({ title }) => title));
  const rule = "─".repeat(widths.reduce((sum, width) => sum + width + 1, -1));
  const body = rows.flatMap((row, r) => {
    const text = line(at(values, r));
    const main = row.row.id === recipe.headline ? style("bold", text) : text;
    return ranged ? [main, style("dim", line(at(ranges, r)))] : [main];
  });
  return [style("bold", header), style("dim", rule), ...body, style("dim", rule)].join("\n");
}

/** What the columns mean, and the headline in words. */
export function renderNotes(recipe: Recipe, rows: readonly RowSummary[]): string {
  const labelOf = (id: string): string => recipe.rows.find((row) => row.id === id)?.label ?? id;
  const seeds = rows[0]?.seeds ?? [];
  return [
    `target and skills: exact match, %. gain: share of ${labelOf(recipe.reference)}'s way from the base's target to its own, %.`,
    "drop: relative loss of the mean prior skill, %. KL: base b against row θ, nats a token of prior responses.",
    "cert.: outer steps whose certificate held on every token. time: training. ◂ the row that the study is about.",
    ...(seeds.length > 1 ? [`Means over seeds ${seeds.join(", ")}, and below them ranges.`] : []),
  ].join("\n");
}
