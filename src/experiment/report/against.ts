import { escapeMarkdown } from "../../report/escape.ts";
import { DataError } from "../../tensor/errors.ts";
import { contrastsOf } from "../summary/contrasts.ts";
import { difference, leastP, tableText, withInterval } from "./markdown.ts";
import type { Reported } from "./reported.ts";

/** Which rows are compared, and with which. */
export interface Comparison {
  /** A row's id. */
  readonly against: string;
  /** Families whose rows are compared with it; by default those of all. */
  readonly families?: readonly string[];
}

/**
 * Rows against one of them, paired by seed, in the recipe's order: what an ablation comes to.
 * @throws DataError for a row or a family that was not measured
 */
export function againstMarkdown(
  { recipe, rows }: Reported,
  { against, families }: Comparison,
): string {
  const other = rows.find(({ row }) => row.id === against);
  if (!other)
    throw new DataError(
      `--against: expected a row of ${recipe.name} (${rows.map(({ row }) => row.id).join(", ")}), got ${against}`,
    );
  const all = [...new Set(rows.map(({ row }) => row.family))];
  const unknown = families?.find((family) => !all.includes(family));
  if (unknown !== undefined)
    throw new DataError(
      `--families: expected families of ${recipe.name} (${all.join(", ")}), got ${unknown}`,
    );
  const mine = rows.filter(
    ({ row }) =>
      row.method !== "base" && row.id !== against && (families ?? all).includes(row.family),
  );
  const contrasts = contrastsOf(mine, other);
  const label = escapeMarkdown(other.row.label);
  const head = ["row", "target, %", "gain − its", "prior skills lost, %", "lost − its"];
  const line = (one: typeof other, compared: boolean): string[] => {
    const [gain, drop] = (["gain", "drop"] as const).map((of) =>
      contrasts.find((contrast) => contrast.row.id === one.row.id && contrast.of === of),
    );
    return [
      compared ? escapeMarkdown(one.row.label) : `**${label}**`,
      ...[withInterval(one.target), difference(gain)],
      ...[withInterval(one.drop), difference(drop)],
    ];
  };
  const seeds = other.seeds.length;
  return `${tableText(head, 1, [line(other, false), ...mine.map((one) => line(one, true))])}

Differences from ${label} by seed, in points, over ${seeds} seeds, with 95 % bootstrap intervals; p of the two-sided sign-flip test by Holm over these ${mine.length} rows, at least ${leastP(seeds)} before it. Gain is in % of the reference's.
`;
}
