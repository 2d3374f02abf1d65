import { escapeHtml } from "../../report/escape.ts";
import { percent } from "../../report/format.ts";
import { ledgerSentence } from "../../report/ledger.ts";
import type { Certified, Measurement } from "../measurements.ts";
import type { RunConfig } from "../runs/config.ts";
import { gainNote } from "../summary/gains.ts";
import { measuredSeeds, seedsText } from "../summary/seeds.ts";
import { stepsOf } from "../summary/steps.ts";
import type { RowSummary } from "../summary/summary.ts";
import { analysisSections } from "./analysis/sections.ts";
import { boundFigure } from "./bounds.ts";
import {
  certificateData,
  choiceData,
  differenceData,
  priorData,
  resultData,
  seedData,
} from "./data.ts";
import { distributionData, distributionFigures, sourceLegend } from "./distributions.ts";
import type { DataTable } from "./export/csv.ts";
import { skillFigure, weightFigure } from "./figures.ts";
import { lead } from "./lead.ts";
import { cornerFigure, paretoFigure } from "./pareto.ts";
import type { Reported } from "./reported.ts";
import { retentionSection } from "./retention.ts";
import { csvLink, dataDetails, resultTable } from "./tables.ts";
import { trajectoryData, trajectoryFigures } from "./trajectories.ts";

/** All that the page says of one run. */
export function studySections(study: Reported, titled: boolean): string {
  const { recipe, config, certificates, rows } = study;
  const name = escapeHtml(recipe.name);
  const result = resultData(study);
  return `${titled ? `<h2 id="${name}">${name}</h2>` : '<h2 class="unseen">Results</h2>'}
<p class="muted">${escapeHtml(provenance(study))}</p>
${lead(study)}
${gainText(study)}
${failures(study)}

<div class="figures">
${figure("Gain against retention", paretoFigure(study), paretoText(rows), result, recipe.name, true, key(study))}
${optional(cornerFigure(study), (svg) => figure("The corner", svg, CORNER, undefined, recipe.name, true))}
${figure("Prior skills", skillFigure(study), SKILLS, priorData(study), recipe.name, true)}
${optional(weightFigure(study), (svg) => figure("Drop against effective weight", svg, WEIGHT, undefined, recipe.name))}
${certificates.length > 0 ? boundSection(study) : ""}
</div>
${retentionSection(study)}
${analysisSections(study)}
${trajectories(study)}
${distributions(study)}

<h3>All rows</h3>
<p class="muted">target and skills: exact match, %. gain: (target − base) / (reference − base), %. drop: relative loss of the mean prior skill, %. ${intervalText(rows)} KL: between the base b and the row θ, nats a token of prior responses. sign-off: target answers that go on with a letter${recipe.fineTuning.signOff > 0 ? ", as all fine-tuning data does" : ", which no fine-tuning data does"}, %. KL/bound: how much of its linear bound an outer step went, %; δ/KL: how much of that the inner loop's error is, %. audit: runs whose student passed on retained answers, for rows with a risk. time: training. ●: chosen for its family. ◆: no row has more of both.</p>
${resultTable(study)}
${csvLink(result, recipe.name)}
${csvLink(seedData(study), recipe.name)}
${comparisons(study)}
<details><summary>Configuration: recipe, seeds, versions, machine</summary>
<pre>${escapeHtml(JSON.stringify(config, null, 2))}</pre>
</details>`;
}

function gainText({ recipe, reported }: Reported): string {
  const note = gainNote(recipe, reported);
  return note === undefined ? "" : `<p>${escapeHtml(note)}</p>`;
}

/** One seed has no interval, and is not said to have one. */
function intervalText(rows: readonly RowSummary[]): string {
  const { seeds, fewest } = measuredSeeds(rows);
  if (seeds.length < 2) return "One seed, of which there are no intervals.";
  const partly = fewest < seeds.length ? `, of some rows over ${fewest} of them so far` : "";
  return `Below each mean its 95 % bootstrap interval over ${seeds.length} seeds${partly}.`;
}

function paretoText(rows: readonly RowSummary[]): string {
  const dots =
    measuredSeeds(rows).seeds.length > 1
      ? "Filled dots are means with 95 % bootstrap intervals, the small ones behind them single seeds,"
      : "Filled dots are rows of one seed,";
  return `Up is more of the new task, right is more of the old skills; the upper right corner has both. ${dots} the hollow ones rows that were not chosen; the dashed line is the frontier: below and left of it some row has more of both. Dots that lie on one another share a label.`;
}

const CORNER = "The same, where most of both is.";
const SKILLS =
  "Exact match of each prior skill, %, with its 95 % interval; the ticks are the base's.";
const WEIGHT =
  "If every outer step were exact, T steps of weight α would end at weight 1 − (1 − α)ᵀ of the fine-tuned reference. Does forgetting follow that weight, whatever α and T are? Lines join the logit rows of one learning rate.";

const optional = (svg: string | undefined, section: (svg: string) => string): string =>
  svg === undefined ? "" : section(svg);

function provenance({ config, measurements, rows, choices, tuningSeeds }: Reported): string {
  return [
    ...(rows.length > 0 ? [seedsText(rows)] : []),
    ...(choices.length > 0 ? [`rows chosen on seeds ${tuningSeeds.join(", ")}`] : []),
    ...placesOf(config, measurements),
    ...Object.entries(config.versions).map(([name, version]) => `${name} ${version}`),
    config.started.slice(0, 10),
  ].join(" · ");
}

/** On what the rows ran, each once; what the run was begun on, where they do not say. */
function placesOf(config: RunConfig, measurements: readonly Measurement[]): string[] {
  const attempts = measurements.filter((m) => m.kind === "attempt");
  const places = (attempts.length > 0 ? attempts : [config]).map(({ backend, device, machine }) =>
    [`${backend} (${device})`, ...(machine === undefined ? [] : [machine])].join(" · "),
  );
  return [...new Set(places)];
}

function failures({ failures: list, recipe }: Reported): string {
  if (list.length === 0) return "";
  const items = list.map(({ seed, row, error }) => {
    const label = recipe.rows.find(({ id }) => id === row)?.label ?? row;
    return `<li>seed ${seed}, ${escapeHtml(label)}: ${escapeHtml(error.split("\n")[0] ?? "")}</li>`;
  });
  return `<p><strong>Not finished</strong></p><ul class="failures">${items.join("")}</ul>`;
}

/** The rows that have a number in the figures. */
function key({ shown, look, numberOf, choices }: Reported): string {
  const items = shown.flatMap(({ row, gain, drop }) => {
    const number = numberOf(row);
    if (number === undefined) return [];
    const { name, color } = look(row);
    const figures = `${gain ? `gain ${percent(gain.mean)} %, ` : ""}kept ${percent(1 - drop.mean)} %`;
    const tried = choices.find((choice) => choice.row.id === row.id)?.tried;
    const of = tried === undefined || tried < 2 ? "" : `, best of ${tried}`;
    return `<li><i style="background:${color}"></i><strong>${number}</strong> ${escapeHtml(row.label)} <span class="muted">${escapeHtml(name)}${of}: ${figures}</span></li>`;
  });
  return `<ul class="key">${items.join("")}</ul>`;
}

const legend = (items: readonly { readonly name: string; readonly color: string }[]): string =>
  `<ul class="legend">${items.map(({ name, color }) => `<li><i style="background:${color}"></i>${escapeHtml(name)}</li>`).join("")}</ul>`;

/** What happened while rows were trained. */
function trajectories(study: Reported): string {
  const figures = trajectoryFigures(study).map(
    ({ title, svg }) => `<figure tabindex="0"><h4>${escapeHtml(title)}</h4>${svg}</figure>`,
  );
  if (figures.length === 0) return "";
  return `<h3>While rows were trained</h3>
<p class="muted">Means over seeds, at the first of the prompts on which rows are judged; at step 0 the base, at all of them. Thick: the reference and the main row.</p>
<div class="small">${figures.join("")}</div>
${dataDetails(trajectoryData(study), study.recipe.name)}`;
}

/** What outer steps did to the distribution at a few tokens. */
function distributions(study: Reported): string {
  const figures = distributionFigures(study).map(
    ({ title, context, svg }) =>
      `<figure tabindex="0"><h4>${escapeHtml(title)}</h4><p class="muted">after <code>${escapeHtml(context)}</code></p>${svg}</figure>`,
  );
  if (figures.length === 0) return "";
  const main = mainLabel(study);
  return `<h3>Distributions at chosen tokens</h3>
<p class="muted">${escapeHtml(main)}, one seed: in each outer step the snapshot p<sub>t</sub>, the anchor between it and p<sub>sft</sub>, and the student after the step, p<sub>t+1</sub>. The likeliest symbols of any of them.</p>
${legend(sourceLegend)}
<div class="small">${figures.join("")}</div>
${dataDetails(distributionData(study), study.recipe.name)}`;
}

function figure(
  title: string,
  svg: string,
  caption: string,
  data: DataTable | undefined,
  prefix: string,
  wide = false,
  below = "",
): string {
  return `<section${wide ? ' class="wide"' : ""}><h3>${title}</h3>
<figure><div class="figure" tabindex="0">${svg}</div><figcaption>${caption}</figcaption></figure>
${below}
${data ? dataDetails(data, prefix) : ""}</section>`;
}

/** Of the row that the study is about. */
const mainLabel = ({ main }: Reported): string => main?.row.label ?? "";

function boundSection(study: Reported): string {
  const { certificates, recipe } = study;
  const main = stepsOf(certificates.filter(({ row }) => row === study.main?.row.id));
  const ledger =
    main?.path === undefined || main.inexactness === undefined
      ? ""
      : ` Of ${mainLabel(study)}: ${ledgerSentence({ path: main.path, inexactness: main.inexactness })}`;
  const broken = certificates.filter((certificate) => !certificate.held).length;
  const check =
    broken === 0
      ? ""
      : ` <strong>In ${broken} of ${certificates.length} steps the numbers break a theorem: they are wrong.</strong>`;
  return figure(
    "Each step against its bound",
    boundFigure(study),
    `Dots: how far the outer step went, KL(p<sub>t</sub>‖p<sub>t+1</sub>). Ticks: α·KL(p<sub>t</sub>‖p<sub>sft</sub>), which an exact step cannot exceed; an anchor in weight space has no such bound. Means over the response tokens of the training data. ${escapeHtml(`${stepWords(certificates)}${ledger}`)} No bound speaks of prompts where it was not evaluated: what was kept is measured on the prior skills.${check}`,
    certificateData(study),
    recipe.name,
    true,
  );
}

/** How the steps lie below their bounds, in words. */
function stepWords(certificates: readonly Certified[]): string {
  const steps = stepsOf(certificates);
  if (!steps) return "";
  const { ofBound, exactOfBound, withoutDelta, deltaOfStep } = steps;
  const share = (x: number): string => `${percent(x, 0)} %`;
  const bounded =
    ofBound === undefined || exactOfBound === undefined || withoutDelta === undefined
      ? ""
      : `In all the steps went ${share(ofBound)} of their bounds; exact ones would have gone ${share(exactOfBound)}: the rest the linear law gives away. Without the inner loop’s error δ ${share(withoutDelta)} of the tokens stay below, which nothing promises. `;
  return `${bounded}δ is ${share(deltaOfStep)} of the way.`;
}

/** Rows against the main one, and how they were chosen. */
function comparisons(study: Reported): string {
  const { recipe } = study;
  const main = mainLabel(study);
  const [differences, choices] = [differenceData(study), choiceData(study)];
  const parts = [
    differences.rows.length > 0
      ? `<h3>Against ${escapeHtml(main)}</h3>
<p class="muted">Differences on the same seeds, row − ${escapeHtml(main)}, with their 95 % bootstrap intervals: shares of the reference's gain, and of the prior skills lost.</p>
${dataDetails(differences, recipe.name)}`
      : "",
    choices.rows.length > 0
      ? `<h3>How rows were chosen</h3>
<p class="muted">On tuning seeds alone: of a family's rows with at least 95 % of the reference's gain the one that keeps most of the prior skills; where there is none, the one with the largest sum of gain and retention.</p>
${dataDetails(choices, recipe.name)}`
      : "",
  ];
  return parts.join("\n");
}
