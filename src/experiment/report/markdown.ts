import { escapeMarkdown } from "../../report/escape.ts";
import { nats, percent } from "../../report/format.ts";
import { baseOf } from "../recipe.ts";
import type { Contrast } from "../summary/contrasts.ts";
import { gainNote } from "../summary/gains.ts";
import { measuredSeeds, seedsText } from "../summary/seeds.ts";
import { estimate } from "../summary/statistics.ts";
import { joinStudies, type Measured } from "../summary/studies.ts";
import type { RowSummary, Spread } from "../summary/summary.ts";
import type { Reported } from "./reported.ts";

/** A line of a table. */
const lineText = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** A table in Markdown. @param words how many columns stand to the left; numbers stand to the right */
export const tableText = (
  head: readonly string[],
  words: number,
  rows: readonly (readonly string[])[],
): string => {
  const rule = head.map((_, i) => (i < words ? "---" : "---:"));
  return [lineText(head), `|${rule.join("|")}|`, ...rows.map(lineText)].join("\n");
};

const signed = (x: number): string => `${x > 0 ? "+" : ""}${percent(x)}`;

/** `+1.2 (-0.3 to +2.1), p 0.04`: a row less another. */
export function difference(contrast: Contrast | undefined): string {
  if (!contrast) return "";
  const { difference: found, adjusted } = contrast;
  return found
    ? `${signed(found.mean)} (${signed(found.low)} to ${signed(found.high)}), p ${adjusted.toPrecision(2)}`
    : "–";
}

/** The least that a two-sided sign-flip test over so many seeds can come to. */
export const leastP = (seeds: number): number => Number((2 ** (1 - seeds)).toPrecision(2));

/** `1.8 (1.2–2.2)`: the mean, and its 95 % interval where there are several seeds. */
export function withInterval(spread: Spread | undefined, digits = 1): string {
  if (!spread) return "–";
  const interval = estimate([...spread.values.values()]);
  const mean = percent(spread.mean, digits);
  return interval
    ? `${mean} (${percent(interval.low, digits)}–${percent(interval.high, digits)})`
    : mean;
}

/** The README's table: a line for each row that is shown, in the recipe's order. */
export function markdownTable(reported: Reported): string {
  const { recipe, choices, shown, look, tuningSeeds } = reported;
  if (shown.length === 0) return "No row has finished on a seed that is reported.\n";
  const triedOf = new Map(choices.map(({ row, tried }) => [row.id, tried]));
  const line = (summary: RowSummary): string[] => {
    const { row, target, gain, drop, klFromBase, steps } = summary;
    const isBase = row.method === "base";
    const isMain = row.id === recipe.headline;
    const bold = (text: string): string => (isMain ? `**${text}**` : text);
    const tried = triedOf.get(row.id);
    return [
      bold(escapeMarkdown(look(row).name)),
      bold(escapeMarkdown(row.label)),
      ...(choices.length > 0 ? [tried === undefined ? "" : `${tried}`] : []),
      withInterval(target),
      isBase ? "–" : withInterval(gain),
      isBase ? "–" : bold(withInterval(drop)),
      nats(klFromBase.mean),
      ...[steps?.ofBound, steps?.deltaOfStep].map((share) =>
        share === undefined || !Number.isFinite(share) ? "" : percent(share, 0),
      ),
    ];
  };
  const tried = choices.length > 0 ? ["rows tried"] : [];
  const head = [
    ...["method", "row", ...tried, "target, %", "gain, % of the reference's"],
    ...[
      "prior skills lost, %",
      "KL(base‖θ), nats a token",
      "step, % of its bound",
      "δ, % of the step",
    ],
  ];
  const how =
    choices.length > 0
      ? ` Each family's row was chosen on seeds ${tuningSeeds.join(", ")}: of those with at least 95 % of the reference's gain the one that lost least.`
      : "";
  const note = gainNote(recipe, reported.reported);
  return `${tableText(head, 2, shown.map(line))}

${meansOver(shown)}${how}${note === undefined ? "" : ` ${note}`}
`;
}

/**
 * What rows reach under the conditions of several studies, side by side: the target, and what is
 * lost of the prior skills.
 * @param studies what was measured on the seeds that are reported
 * @returns undefined where no row is in all of them
 */
export function jointMarkdownTable(studies: readonly Measured[]): string | undefined {
  const [first] = studies;
  const rows = joinStudies(studies).filter((row) => row.studies.every((one) => one !== undefined));
  if (!first || rows.length === 0) return undefined;
  const base = baseOf(first.recipe).id;
  const lines = rows.map(({ id, label, studies: found }) => {
    const bold = (text: string): string => (id === first.recipe.headline ? `**${text}**` : text);
    const both = found.map((one) =>
      id === base
        ? withInterval(one?.target)
        : `${withInterval(one?.target)} / ${withInterval(one?.drop)}`,
    );
    return [bold(escapeMarkdown(label)), ...both];
  });
  const head = ["", ...studies.map(({ recipe }) => escapeMarkdown(recipe.name))];
  const measured = rows.flatMap((row) => row.studies.flatMap((one) => one ?? []));
  return `${tableText(head, 1, lines)}

Target, % / prior skills lost, %. ${meansOver(measured)}
`;
}

/** Of which seeds the means are. */
function meansOver(rows: readonly Pick<RowSummary, "seeds">[]): string {
  const ranges =
    measuredSeeds(rows).seeds.length > 1 ? ", and in brackets their 95 % bootstrap intervals" : "";
  return `Means over ${seedsText(rows)}${ranges}.`;
}
