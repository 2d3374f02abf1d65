import { escapeHtml } from "../../report/escape.ts";
import { percent } from "../../report/format.ts";
import { mean, type Point } from "../summary/statistics.ts";
import type { RowSummary, Spread } from "../summary/summary.ts";
import type { Reported } from "./reported.ts";

const strong = (share: number): string => `<strong>${percent(share)} %</strong>`;
const labelOf = ({ row }: RowSummary): string => escapeHtml(row.label);

/** The study's question and its answer, and who answers it as well. */
export function lead(study: Reported): string {
  const { recipe, rows, main } = study;
  if (recipe.headline === undefined) return "";
  const reference = rows.find(({ row }) => row.id === recipe.reference);
  if (!reference || !main) return '<p class="lead">The run has not come to its main row yet.</p>';
  const gain = main.gain
    ? `and made ${strong(main.gain.mean)} of its gain on the target`
    : "and neither gained anything on the target";
  return `<p class="lead">${labelOf(reference)} lost ${strong(meanOver(main, reference.drop))} of what the base could do; ${labelOf(main)} lost ${strong(main.drop.mean)} ${gain}.</p>
${standIn(study, main)}${asGood(study, main)}`;
}

/** What the row is that stands in the place of the named one. */
function standIn({ recipe, rows, look }: Reported, main: RowSummary): string {
  const named = recipe.rows.find(({ id }) => id === recipe.headline);
  if (!named || named.id === main.row.id) return "";
  const ran = rows.find(({ row }) => row.id === named.id)?.seeds.length ?? 0;
  const where =
    ran === 0 ? "on no reported seed" : `on ${ran} of ${main.seeds.length} reported seeds`;
  return `<p class="muted">The study is named for ${escapeHtml(named.label)}, which was run ${where}. In its place stands what the tuning seeds chose of the same family, ${escapeHtml(look(named).name)}.</p>
`;
}

const chance = ({ seeds }: RowSummary): string =>
  seeds.length > 1
    ? "Whether that is chance, the intervals of the tables say."
    : "Whether that is chance, one seed cannot say.";

/** So many are named. */
const NAMED = 3;

/** Which of the rows that are shown gained as much and kept as much, or more, on the same seeds. */
function asGood({ shown }: Reported, main: RowSummary): string {
  const { gain, drop } = main;
  if (!gain) return "";
  const others = shown.flatMap((one) => {
    const { row, seeds } = one;
    const isOther = row.method !== "base" && row.id !== main.row.id;
    const isThere = main.seeds.every((seed) => seeds.includes(seed));
    if (!isOther || !isThere || !one.gain) return [];
    return [{ one, gain: meanOver(main, one.gain), kept: 1 - meanOver(main, one.drop) }];
  });
  if (others.length === 0) return "";
  const mine: Point = { gain: gain.mean, kept: 1 - drop.mean };
  const better = others
    .filter((other) => other.gain >= mine.gain && other.kept >= mine.kept)
    .toSorted((a, b) => b.kept - a.kept || b.gain - a.gain);
  if (better.length === 0)
    return `<p>By means, no other row in the key below gained and kept as much. ${chance(main)}</p>`;
  const who =
    others.length === 1 ? "the other row" : `${better.length} of the ${others.length} other rows`;
  const named = better
    .slice(0, NAMED)
    .map(
      (other) =>
        `${labelOf(other.one)} (${percent(other.gain)} % gained, ${percent(1 - other.kept)} % lost)`,
    );
  const more = better.length > NAMED ? [`${better.length - NAMED} more`] : [];
  return `<p>By means, ${who} in the key below gained and kept as much or more: ${[...named, ...more].join("; ")}. ${chance(main)}</p>`;
}

/** The mean over the seeds that another row has. */
const meanOver = ({ seeds }: RowSummary, { values }: Spread): number =>
  mean([...values].flatMap(([seed, value]) => (seeds.includes(seed) ? [value] : [])));
