import { escapeHtml } from "../../report/escape.ts";
import { duration, nats, percent, range } from "../../report/format.ts";
import { table } from "../../report/table.ts";
import { estimate } from "../summary/statistics.ts";
import type { StepsSummary } from "../summary/steps.ts";
import { type Spread, weightOf } from "../summary/summary.ts";
import { type DataTable, type Datum, dataUrl, toCsv } from "./export/csv.ts";
import type { Reported } from "./reported.ts";

type Format = (value: number) => string;

/** The mean, and below it the 95 % interval where there are several seeds. */
function cell(spread: Spread | undefined, format: Format): string {
  if (!spread) return "–";
  const interval = estimate([...spread.values.values()]);
  if (!interval) return format(spread.mean);
  const ends = { ...spread, min: interval.low, max: interval.high };
  return `${format(spread.mean)}<small>${range(ends, format)}</small>`;
}

/** @param cells HTML */
export const line = (cells: readonly string[], kind?: string): string =>
  `<tr${kind ? ` class="${kind}"` : ""}>${cells.map((text) => `<td>${text}</td>`).join("")}</tr>`;

const shareText = (share: number | undefined): string =>
  share === undefined || !Number.isFinite(share) ? "–" : percent(share, 0);

/** Runs that passed, and what they had lost at their end. */
const auditText = (steps: StepsSummary | undefined): string =>
  steps?.audit
    ? `${steps.audit.passed} of ${steps.audit.runs}<small>lost ${percent(steps.audit.lost)}</small>`
    : "–";

/** All rows with all figures. */
export function resultTable({ main, rows, choices, frontier, look }: Reported): string {
  const skills = Object.keys(rows[0]?.prior ?? {});
  const chosen = new Set(choices.map(({ row }) => row.id));
  const head = [
    ...["row", "target", "gain", ...skills, "drop"],
    ...["sign-off", "KL(b‖θ)", "KL(θ‖b)", "1−(1−α)ᵀ", "KL/bound", "δ/KL", "audit", "time"],
  ];
  const lines = rows.map((summary) => {
    const { row, target, gain, prior, drop, steps, signOff } = summary;
    const weight = weightOf(row);
    const isBase = row.method === "base";
    const marks = `${chosen.has(row.id) ? " ●" : ""}${frontier.has(row.id) ? " ◆" : ""}`;
    const cells = [
      `<i style="background:${look(row).color}"></i>${escapeHtml(row.label)}${marks}`,
      cell(target, percent),
      isBase ? "–" : cell(gain, percent),
      ...skills.map((skill) => cell(prior[skill], (x) => percent(x, 0))),
      isBase ? "–" : cell(drop, percent),
      cell(signOff, (x) => percent(x, 0)),
      cell(summary.klFromBase, nats),
      cell(summary.klToBase, nats),
      weight === undefined ? "–" : weight.toFixed(3),
      ...[steps?.ofBound, steps?.deltaOfStep].map(shareText),
      auditText(steps),
      summary.seconds ? duration(summary.seconds.mean) : "–",
    ];
    return line(cells, row.id === main?.row.id ? "headline" : undefined);
  });
  return table(head, lines);
}

/** Numbers as a reader wants them: four digits; whole numbers whole. */
function shown(datum: Datum): string {
  if (datum === undefined || datum === "") return "–";
  if (typeof datum === "boolean") return datum ? "yes" : "no";
  if (typeof datum === "string") return escapeHtml(datum);
  return Number.isInteger(datum) ? `${datum}` : `${Number(datum.toPrecision(4))}`;
}

/** So many lines stand in the page; all of them are in the file. */
const LINES = 400;

/** The numbers behind a figure, folded up, with their file. */
export function dataDetails(data: DataTable, prefix: string): string {
  const { columns, rows } = data;
  if (rows.length === 0) return "";
  const lines = rows.slice(0, LINES).map((row) => line(row.map(shown)));
  const more = rows.length > LINES ? ` (the first ${LINES} of ${rows.length} lines)` : "";
  return `<details class="data" data-table="${escapeHtml(data.name)}"><summary>The numbers${more}</summary>
${csvLink(data, prefix)}
${table(columns, lines)}</details>`;
}

/** A link that holds a table as a file. */
export function csvLink(data: DataTable, prefix: string): string {
  const name = `${prefix}-${data.name}.csv`;
  return `<p class="file"><a download="${escapeHtml(name)}" href="${dataUrl(toCsv(data))}">${escapeHtml(name)}</a> <span class="muted">${data.rows.length} lines</span></p>`;
}
