import { nats, percent } from "../format.ts";
import { estimate } from "../statistics.ts";
import type { RowSummary, Spread } from "../summary.ts";
import type { Reported } from "./reported.ts";

const cells = (list: readonly string[]): string => `| ${list.join(" | ")} |`;

/** `1.8 (1.2–2.2)`: the mean, and its 95 % interval where there are several seeds. */
function withInterval(spread: Spread | undefined, digits = 1): string {
  if (!spread) return "–";
  const interval = estimate([...spread.values.values()]);
  const mean = percent(spread.mean, digits);
  return interval
    ? `${mean} (${percent(interval.low, digits)}–${percent(interval.high, digits)})`
    : mean;
}

/** Text that may stand in a cell. */
const cellText = (text: string): string => text.replaceAll("|", "\\|");

/** The README's table: a line for each row that is shown, in the recipe's order. */
export function markdownTable(reported: Reported): string {
  const { recipe, seeds, choices, config, shown, look } = reported;
  const triedOf = new Map(choices.map(({ row, tried }) => [row.id, tried]));
  const line = (summary: RowSummary): string => {
    const { row, target, gain, drop, klFromBase, certificates } = summary;
    const isBase = row.method === "base";
    const isMain = row.id === recipe.headline;
    const bold = (text: string): string => (isMain ? `**${text}**` : text);
    const tried = triedOf.get(row.id);
    return cells([
      bold(cellText(look(row).name)),
      bold(cellText(row.label)),
      ...(choices.length > 0 ? [tried === undefined ? "" : `${tried}`] : []),
      withInterval(target),
      isBase ? "–" : withInterval(gain),
      isBase ? "–" : bold(withInterval(drop)),
      nats(klFromBase.mean),
      certificates.total > 0 ? `${certificates.held}/${certificates.total}` : "",
    ]);
  };
  const tried = choices.length > 0 ? ["rows tried"] : [];
  const head = [
    ...["method", "row", ...tried, "target, %", "gain, % of the reference's"],
    ...["prior skills lost, %", "KL(base‖θ), nats a token", "certificates"],
  ];
  const rule = head.map((_, i) => (i < 2 ? "---" : "---:"));
  const tuning = config.tuningSeeds ?? [];
  const how =
    choices.length > 0
      ? ` Each family's row was chosen on seeds ${tuning.join(", ")}: of those with at least 95 % of the reference's gain the one that lost least.`
      : "";
  return `${[cells(head), `|${rule.join("|")}|`, ...shown.map(line)].join("\n")}

Means over seeds ${seeds.join(", ")}${seeds.length > 1 ? ", and in brackets their 95 % bootstrap intervals" : ""}.${how}
`;
}
