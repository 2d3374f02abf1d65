import { baseOf } from "../../experiment/recipe.ts";
import { type JointRow, joinStudies, type Measured } from "../../experiment/summary/studies.ts";
import type { RowSummary, Spread } from "../../experiment/summary/summary.ts";
import { percent } from "../../report/format.ts";

const none = "–";

const share = (spread: Spread | undefined): string => (spread ? percent(spread.mean) : none);

/** Target, gain and drop of a row in one study. */
function cellsOf(row: RowSummary | undefined, isBase: boolean): string[] {
  if (!row) return [none, none, none];
  return [share(row.target), ...(isBase ? [none, none] : [share(row.gain), share(row.drop)])];
}

const padded = (cells: readonly string[], widths: readonly number[]): string =>
  cells
    .map((cell, c) => (c === 0 ? cell.padEnd(widths[c] ?? 0) : cell.padStart(widths[c] ?? 0)))
    .join("  ");

/**
 * Several studies of the same rows side by side: target, gain and drop in each, then the means of
 * gain and drop. At most 120 columns for three studies.
 */
export function renderJointTable(studies: readonly Measured[]): string {
  const rows = joinStudies(studies);
  const base = studies[0] && baseOf(studies[0].recipe).id;
  const head = ["", ...studies.flatMap(() => ["target", "gain", "drop"]), "gain", "drop"];
  const bodyOf = ({ id, label, studies, gain, drop }: JointRow): string[] => {
    const isBase = id === base;
    const means = isBase ? [none, none] : [share(gain), share(drop)];
    return [label, ...studies.flatMap((row) => cellsOf(row, isBase)), ...means];
  };
  const lines = [head, ...rows.map(bodyOf)];
  const widths = head.map((_, c) => Math.max(...lines.map((cells) => cells[c]?.length ?? 0)));
  const groups = studies.map(({ recipe }, i) => {
    const own = widths.slice(1 + 3 * i, 4 + 3 * i);
    return recipe.name.padStart(own.reduce((sum, width) => sum + width + 2, 0));
  });
  const title = " ".repeat(widths[0] ?? 0) + groups.join("") + "mean".padStart(14);
  const [titles = "", ...body] = lines.map((cells) => padded(cells, widths));
  const rule = "─".repeat(titles.length);
  const seeds = rows[0]?.studies[0]?.seeds ?? [];
  const notes = [
    "target: answered rightly, %, whatever signs the answer off. gain: share of the reference's way, %.",
    `drop: relative loss of the mean prior skill, %. Means over seeds ${seeds.join(", ")}.`,
  ];
  return [title.trimEnd(), titles, rule, ...body, rule, ...notes].join("\n");
}
