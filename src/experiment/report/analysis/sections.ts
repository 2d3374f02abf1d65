import { escapeHtml } from "../../../report/escape.ts";
import { percent } from "../../../report/format.ts";
import { table } from "../../../report/table.ts";
import type { Contrast } from "../../summary/contrasts.ts";
import { details } from "../../summary/details.ts";
import type { RowSummary, Spread } from "../../summary/summary.ts";
import { leastP } from "../markdown.ts";
import type { Reported } from "../reported.ts";
import { dataDetails, line } from "../tables.ts";
import { acrossData } from "./across.ts";
import { divergenceFigure, lawData } from "./divergence.ts";
import { frontFigure } from "./fronts.ts";
import { keptFigure } from "./kept.ts";
import { contrastData, type FamilyLine, familyData, familyLines } from "./lines.ts";
import { phaseData, phaseFigure } from "./phase.ts";
import { sideBySideSection } from "./sideBySide.ts";
import { sizeData, sizeFigures } from "./size.ts";

/** Of how many seeds the figures are. */
function seedsOf({ seeds, rows }: Reported): string {
  const n = mostSeeds(rows);
  const few = n < seeds.length ? `, of ${seeds.length} that are to be` : "";
  return `${n} ${n === 1 ? "seed" : "seeds"}${few}${n < 2 ? ": no intervals" : ""}`;
}

/** How much so many seeds can say at all in a test. */
function testLimit({ rows }: Reported): string {
  const n = mostSeeds(rows);
  return n > 0 ? `; with so many no sign-flip test can give less than ${leastP(n)}` : "";
}

const mostSeeds = (rows: readonly RowSummary[]): number =>
  Math.max(0, ...rows.map((row) => row.seeds.length));

/** What families do, and why, in one study; nothing where no rows were chosen. */
export function analysisSections(study: Reported): string {
  const lines = familyLines(study);
  const { name } = study.recipe;
  const [front, divergence, kept] = [frontFigure, divergenceFigure, keptFigure].map((draw) =>
    lines.length > 0 ? draw(study) : undefined,
  );
  if (lines.length === 0) return "";
  return `<h3>Families</h3>
<p class="muted">Each family's row was chosen on tuning seeds; “chosen” says in what share of resamples of those it would be again. Differences: row − Anchored's chosen row on the same seeds, with 95 % bootstrap intervals; p: two-sided sign-flip test, by Holm over the families. Area: what the family's means dominate beyond 80 % of gain and retention, of 1. Cost: floating-point operations in trainings of SFT, without and with the p_sft that a row looks at; counted, not measured. ${seedsOf(study)}${testLimit(study)}. It compares settings of one grid on one kind of task and model; a family that is best outside of the grid is not seen.</p>
${familyTable(study, lines)}
${dataDetails(familyData(study), name)}
${dataDetails(contrastData(study), name)}
<div class="figures">
${figure("Fronts", front, `Lines: what each family's settings reach together, in the corner whose area is counted; numbers as above. Means, ${seedsOf(study)}. A front is the best of all its settings and so looks better than any one of them would on new seeds.`)}
${figure("Forgetting against divergence", divergence, `Each dot a row, numbers the chosen ones, as above; dashed: a parabola through SFT's rows, no further than these go. Whether one law holds depends on which rows there are: the table leaves some out. Intervals resample rows, not bases. ${seedsOf(study)}.`, dataDetails(lawData(study), name))}
${figure("Kept and certified answers", kept, `For rows with an anchor between distributions: the base's right answers that the student kept, against those that the exact anchor of the row's whole weight keeps (filled) and those that κ certifies of it (hollow). On the line the student kept just what the anchor does; the certificate is about the anchor and not about the student, and is vacuous where hollow dots stand far left. ${seedsOf(study)}.`)}
</div>`;
}

/** What several studies say together. */
export function acrossSections(studies: readonly Reported[]): string {
  if (studies.length < 2) return "";
  const [phase, across] = [phaseFigure(studies), acrossData(studies)];
  const sizes = sizeFigures(studies);
  const name = "all";
  return `<h2>Across studies</h2>
${sideBySideSection(studies)}
<div class="figures">
${figure("Which family where", phase, "For each study and learning rate the family whose best row has the largest sum of gain and retention, by means over seeds, how many are within half a point of it (with so few seeds those cannot be told apart), and that row's gain and loss, %: where nothing is gained whoever learns nothing is best. Studies stand in the order of how rare the rarest wanted token is to their bases, written below them. It says nothing between the studies that were run.", dataDetails(phaseData(studies), name))}
${sizes.map(({ condition, svg }) => figure(`Forgetting against size, ${condition}`, svg, "What each family's chosen row loses: means, whose intervals stand in the studies' own tables. Two or three sizes are no law of scale. Rates were chosen for each size, but for a checkpoint of which nothing was chosen: it has the rows that another size chose.")).join("\n")}
${dataDetails(sizeData(studies), name)}
</div>
${
  across.rows.length > 0
    ? `<h3>Against Anchored, all studies</h3><p class="muted">Prior skills lost, row − Anchored's, each as chosen for its study: mean over studies, with intervals for which bases are resampled first and then the studies that share one.</p>${dataDetails(across, name)}`
    : ""
}`;
}

const figure = (title: string, svg: string | undefined, caption: string, below = ""): string =>
  svg === undefined
    ? ""
    : `<section class="wide"><h3>${title}</h3>
<figure><div class="figure" tabindex="0">${svg}</div><figcaption>${escapeHtml(caption)}</figcaption></figure>
${below}</section>`;

const signed = (x: number): string => `${x > 0 ? "+" : ""}${percent(x)}`;

function differenceCell(contrast: Contrast | undefined): string {
  if (!contrast) return "–";
  const { difference, adjusted, seeds } = contrast;
  if (!difference) return "–";
  const { mean, low, high } = difference;
  return `${signed(mean)}<small>${signed(low)} to ${signed(high)}, p ${adjusted.toPrecision(2)}, n ${seeds}</small>`;
}

const meanCell = (spread: Spread | undefined): string => (spread ? percent(spread.mean) : "–");

/** Shares that stand in the table where any row has them. */
const shown = ["rare", "worstDrop", "bareDrop", "kept"] as const;

/** The headline: a line a family, by falling area. */
function familyTable(study: Reported, lines: readonly FamilyLine[]): string {
  const there = shown.filter((name) => lines.some(({ summary }) => summary.details[name]));
  const head = [
    ...["family and row", "chosen, %", "gain, %", "gain − Anchored", "lost, %"],
    ...["lost − Anchored", ...there.map((name) => `${details[name].title}, %`)],
    ...["area", "cost", "with p_sft"],
  ];
  const rows = lines.map(({ summary, frequency, gainedEnough, ...found }) => {
    const { row } = summary;
    const { name, color } = study.look(row);
    const cells = [
      `<i style="background:${color}"></i>${study.numberOf(row) ?? ""} ${escapeHtml(name)}<small>${escapeHtml(row.label)}${gainedEnough ? "" : " (no row gains enough)"}</small>`,
      frequency === undefined ? "–" : percent(frequency, 0),
      ...[meanCell(summary.gain), differenceCell(found.gain)],
      ...[meanCell(summary.drop), differenceCell(found.drop)],
      ...there.map((detail) => meanCell(summary.details[detail])),
      found.hypervolume.toFixed(3),
      ...[found.cost.own, found.cost.total].map((cost) => cost.toFixed(2)),
    ];
    return line(cells, row.family === "anchored" ? "headline" : undefined);
  });
  return table(head, rows);
}
