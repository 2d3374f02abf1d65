import { percent } from "../format.ts";
import type { Certified, Measurement } from "../measurements.ts";
import type { RunConfig } from "../run.ts";
import { type RowSummary, summarize } from "../summary.ts";
import { families, familyOf } from "./families.ts";
import { boundFigure, paretoFigure, weightFigure } from "./figures.ts";
import { style } from "./style.ts";
import { certificateTable, escapeHtml, resultTable } from "./tables.ts";

/**
 * The report of a run, one HTML page that needs nothing else: figures, every number, and what the
 * run was made with. An unfinished run gives a report of the rows that it has.
 */
export function reportPage(config: RunConfig, measurements: readonly Measurement[]): string {
  const { recipe } = config;
  const rows = summarize(recipe, measurements);
  const certificates = measurements.filter((m): m is Certified => m.kind === "certificate");
  const seeds = [...new Set(measurements.map(({ seed }) => seed))];
  const title = `Anchored Learning, the ${recipe.name} study`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p class="muted">${escapeHtml(provenance(config, seeds))}</p>
${lead(config, rows)}
${legend(rows)}

<div class="figures">
${figure("Gain against retention", paretoFigure(rows), "Up is more of the new task, right is more of the old skills; the upper right corner has both. Whiskers are ranges over seeds.")}
${figure("Drop against effective weight", weightFigure(rows), "If every outer step were exact, T steps of weight α would end at weight 1 − (1 − α)ᵀ of the fine-tuned reference. Does forgetting follow that weight, whatever α and T are? The line joins the logit rows.")}
${certificates.length > 0 ? boundSection(config, certificates) : ""}
</div>

<h2>All rows</h2>
<p class="muted">target and skills: exact match, %. gain: (target − base) / (reference − base), %. drop: relative loss of the mean prior skill, %. KL: between the base b and the row θ, nats a token of prior responses. sign-off: target answers that go on with a letter, as all fine-tuning data does, %. time: training.</p>
${resultTable(recipe, rows)}
${certificates.length > 0 ? `<h2>All certificates</h2>\n${certificateTable(recipe, certificates)}` : ""}

<details><summary>Configuration</summary>
<pre>${escapeHtml(JSON.stringify(config, null, 2))}</pre>
</details>
</body>
</html>
`;
}

const provenance = (config: RunConfig, seeds: readonly number[]): string =>
  [
    `${seeds.length === 1 ? "seed" : "seeds"} ${seeds.join(", ")}`,
    `${config.backend} (${config.device})`,
    ...Object.entries(config.versions).map(([name, version]) => `${name} ${version}`),
    config.started.slice(0, 10),
  ].join(" · ");

/** The study's question and its answer, in one paragraph. */
function lead({ recipe }: RunConfig, rows: readonly RowSummary[]): string {
  const find = (id: string): RowSummary | undefined => rows.find(({ row }) => row.id === id);
  const [reference, headline] = [find(recipe.reference), find(recipe.headline)];
  if (!reference || !headline?.gain)
    return '<p class="lead">The run has not come to its main row yet.</p>';
  const strong = (share: number): string => `<strong>${percent(share)} %</strong>`;
  return `<p class="lead">${escapeHtml(reference.row.label)} lost ${strong(reference.drop.mean)} of what the base could do; ${escapeHtml(headline.row.label)}, at the same learning rate and with as many epochs, lost ${strong(headline.drop.mean)} and made ${strong(headline.gain.mean)} of its gain on the target.</p>`;
}

function legend(rows: readonly RowSummary[]): string {
  const shown = [...new Set(rows.map(({ row }) => familyOf(row)))];
  const items = shown.map(
    (family) =>
      `<li><i style="background:${families[family].color}"></i>${families[family].name}</li>`,
  );
  return `<ul class="legend">${items.join("")}</ul>`;
}

const figure = (title: string, svg: string, caption: string): string =>
  `<section><h2>${title}</h2>\n<figure>${svg}<figcaption>${caption}</figcaption></figure></section>`;

function boundSection({ recipe }: RunConfig, certificates: readonly Certified[]): string {
  const held = certificates.filter((certificate) => certificate.held).length;
  return figure(
    "Each step against its bound",
    boundFigure(recipe, certificates),
    `Dots: how far the outer step went, KL(p<sub>t</sub>‖p<sub>t+1</sub>). Ticks: α·KL(p<sub>t</sub>‖p<sub>sft</sub>), which an exact step cannot exceed. Means over the response tokens of the training data. With the inner loop's error δ added, the bound held on every token in ${held} of ${certificates.length} steps.`,
  );
}
