import type { RowSummary } from "./summary.ts";

/** On which seeds rows were measured. */
export interface MeasuredSeeds {
  /** All of them, ascending. */
  readonly seeds: readonly number[];
  /** Of the row that was measured on the fewest, how many. */
  readonly fewest: number;
}

/** Of a sweep that has not ended rows have fewer seeds than it asks for, and not all as many. */
export function measuredSeeds(rows: readonly Pick<RowSummary, "seeds">[]): MeasuredSeeds {
  const seeds = [...new Set(rows.flatMap((row) => row.seeds))].toSorted((a, b) => a - b);
  return { seeds, fewest: rows.length > 0 ? Math.min(...rows.map((row) => row.seeds.length)) : 0 };
}

/** `seeds 20, 21, 22, of some rows over 2 of them so far` */
export function seedsText(rows: readonly Pick<RowSummary, "seeds">[]): string {
  const { seeds, fewest } = measuredSeeds(rows);
  const partly = fewest < seeds.length ? `, of some rows over ${fewest} of them so far` : "";
  return `${seeds.length === 1 ? "seed" : "seeds"} ${seeds.join(", ")}${partly}`;
}
