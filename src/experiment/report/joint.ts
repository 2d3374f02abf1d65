import { escapeHtml } from "../../report/escape.ts";
import { percent, range } from "../../report/format.ts";
import { pageOf } from "../../report/page.ts";
import { baseOf } from "../recipe.ts";
import type { RunConfig } from "../runs/run.ts";
import { seedsText } from "../summary/seeds.ts";
import { joinStudies, type Measured } from "../summary/studies.ts";
import type { RowSummary, Spread } from "../summary/summary.ts";

const head = "<th>target</th><th>gain</th><th>drop</th>";

const cell = (spread: Spread | undefined, seeds: number): string =>
  spread === undefined
    ? "<td>–</td>"
    : `<td>${percent(spread.mean)}${seeds > 1 ? `<small>${range(spread, percent)}</small>` : ""}</td>`;

function cells(row: RowSummary | undefined, isBase: boolean): string {
  const seeds = row?.seeds.length ?? 0;
  const shown = [row?.target, ...(isBase ? [undefined, undefined] : [row?.gain, row?.drop])];
  return shown.map((spread) => cell(spread, seeds)).join("");
}

/**
 * Several studies of the same rows in one table, one HTML page that needs nothing else.
 * @param config what all of them were made with; the first study's
 */
export function jointPage(name: string, config: RunConfig, studies: readonly Measured[]): string {
  const base = baseOf(config.recipe).id;
  const joined = joinStudies(studies);
  const measured = joined.flatMap((row) => row.studies.flatMap((one) => one ?? []));
  const rows = joined.map(({ id, label, studies: found, gain, drop }) => {
    const isBase = id === base;
    const means = isBase ? "<td>–</td><td>–</td>" : cell(gain, 2) + cell(drop, 2);
    const own = found.map((row) => cells(row, isBase)).join("");
    const mark = id === config.recipe.headline ? ' class="headline"' : "";
    return `<tr${mark}><td>${escapeHtml(label)}</td>${own}${means}</tr>`;
  });
  const groups = studies.map(
    ({ recipe }) =>
      `<th colspan="3"><a href="${encodeURIComponent(recipe.name)}/metrics.jsonl">${escapeHtml(recipe.name)}</a></th>`,
  );
  const { backend, device, versions } = config;
  const made = Object.entries(versions).map(([what, version]) => `${what} ${version}`);
  const provenance = [seedsText(measured), `${backend} (${device})`, ...made].join(" · ");
  const body = `<p class="muted">${escapeHtml(provenance)}</p>
<p>One base a seed; from it each target is taught on its own. target: answered rightly, %, whatever signs the answer off. gain: share of the reference's way, %. drop: relative loss of the mean prior skill, %. Small: ranges over seeds; in the last two columns over targets.</p>
<div class="scroll" tabindex="0"><table><thead>
<tr><th></th>${groups.join("")}<th colspan="2">mean</th></tr>
<tr><th>row</th>${studies.map(() => head).join("")}<th>gain</th><th>drop</th></tr>
</thead><tbody>
${rows.join("\n")}
</tbody></table></div>`;
  return pageOf({ title: name, body });
}
