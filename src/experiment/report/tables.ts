import { duration, nats, percent, range } from "../format.ts";
import type { Certified } from "../measurements.ts";
import type { Recipe } from "../recipe.ts";
import { type RowSummary, type Spread, weightOf } from "../summary.ts";

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** Text as it may stand in HTML. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => escapes[character] as string);

type Format = (value: number) => string;

/** The mean, and below it the range where there are several seeds. */
function cell(spread: Spread | undefined, seeds: number, format: Format): string {
  if (!spread) return "–";
  const small = `<small>${range(spread, format)}</small>`;
  return seeds > 1 ? format(spread.mean) + small : format(spread.mean);
}

const table = (head: readonly string[], rows: readonly string[]): string =>
  `<div class="scroll"><table><thead><tr>${head.map((title) => `<th>${title}</th>`).join("")}</tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table></div>`;

const line = (cells: readonly string[], headline = false): string =>
  `<tr${headline ? ' class="headline"' : ""}>${cells.map((text) => `<td>${text}</td>`).join("")}</tr>`;

/** All rows with all figures. */
export function resultTable(recipe: Recipe, rows: readonly RowSummary[]): string {
  const skills = Object.keys(rows[0]?.prior ?? {});
  const head = [
    ...["row", "target", "gain", ...skills, "drop"],
    ...["sign-off", "KL(b‖θ)", "KL(θ‖b)", "1−(1−α)ᵀ", "certificates", "time"],
  ];
  const lines = rows.map((summary) => {
    const { row, seeds, target, gain, prior, drop, certificates, signOff } = summary;
    const of = (spread: Spread | undefined, format: Format): string =>
      cell(spread, seeds.length, format);
    const weight = weightOf(row);
    const { held, total } = certificates;
    const isBase = row.method === "base";
    const cells = [
      escapeHtml(row.label),
      of(target, percent),
      isBase ? "–" : of(gain, percent),
      ...skills.map((skill) => of(prior[skill], (x) => percent(x, 0))),
      isBase ? "–" : of(drop, percent),
      of(signOff, (x) => percent(x, 0)),
      of(summary.klFromBase, nats),
      of(summary.klToBase, nats),
      weight === undefined ? "–" : weight.toFixed(3),
      total > 0 ? `${held} / ${total}` : "–",
      of(summary.seconds, duration),
    ];
    return line(cells, row.id === recipe.headline);
  });
  return table(head, lines);
}

/** Every outer step with its bound, nats a token. */
export function certificateTable(recipe: Recipe, certificates: readonly Certified[]): string {
  const labelOf = (id: string): string => recipe.rows.find((row) => row.id === id)?.label ?? id;
  const head = [
    ...["row", "seed", "outer step", "KL(p<sub>t</sub>‖p<sub>t+1</sub>)"],
    ...["α·KL(p<sub>t</sub>‖p<sub>sft</sub>)", "δ", "bound + δ − measured", "held on every token"],
  ];
  const lines = certificates.map(({ row, seed, outer, measured, bound, inexactness, held }) =>
    line([
      escapeHtml(labelOf(row)),
      `${seed}`,
      `${outer + 1}`,
      ...[measured, bound, inexactness, bound + inexactness - measured].map((x) => x.toFixed(4)),
      held ? "yes" : "no",
    ]),
  );
  return table(head, lines);
}
