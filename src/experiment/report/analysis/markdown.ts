import { escapeMarkdown } from "../../../report/escape.ts";
import { percent } from "../../../report/format.ts";
import { difference, leastP, tableText } from "../markdown.ts";
import type { Reported } from "../reported.ts";
import { familyLines } from "./lines.ts";

/** The families' chosen rows against Anchored's, by falling area; undefined where none was chosen. */
export function familyMarkdown(study: Reported): string | undefined {
  const lines = familyLines(study);
  if (lines.length === 0) return undefined;
  const head = [
    ...["family", "chosen row", "chosen, %", "gain, %", "gain − Anchored", "lost, %"],
    ...["lost − Anchored", "area", "cost", "with p_sft"],
  ];
  const body = lines.map(({ summary, frequency, gain, drop, hypervolume, cost }) => [
    escapeMarkdown(study.look(summary.row).name),
    escapeMarkdown(summary.row.label),
    frequency === undefined ? "–" : percent(frequency, 0),
    ...[summary.gain ? percent(summary.gain.mean) : "–", difference(gain)],
    ...[percent(summary.drop.mean), difference(drop)],
    hypervolume.toFixed(3),
    ...[cost.own, cost.total].map((x) => x.toFixed(2)),
  ]);
  const seeds = Math.max(...lines.map(({ summary }) => summary.seeds.length));
  return `${tableText(head, 2, body)}

Chosen on seeds ${study.tuningSeeds.join(", ")}, reported on ${seeds} others. Differences by seed with 95 % bootstrap intervals; p of the two-sided sign-flip test by Holm, at least ${leastP(seeds)} before it. Area: dominated by the means of all rows of the family on seeds ${study.settledSeeds.join(", ")} beyond 80 % of gain and retention. Cost in trainings of SFT, counted.
`;
}
