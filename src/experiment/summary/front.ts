import { CORNER } from "./hypervolume.ts";
import { type Point, paretoFrontier } from "./statistics.ts";
import type { RowSummary } from "./summary.ts";

/** Means of what rows gain and keep; the base, which is the origin, is none of them. */
export const pointsOf = (rows: readonly RowSummary[]): (Point & { readonly id: string })[] =>
  rows.flatMap(({ row, gain, drop }) =>
    gain && row.method !== "base" ? [{ id: row.id, gain: gain.mean, kept: 1 - drop.mean }] : [],
  );

/**
 * Families of which some row is dominated by no other row, beyond the corner where hypervolumes
 * begin: many rows that learn nothing lose nothing, and none of these dominates another.
 */
export function frontFamilies(rows: readonly RowSummary[]): Set<string> {
  const front = new Set(
    paretoFrontier(pointsOf(rows))
      .filter(({ gain, kept }) => gain > CORNER.gain && kept > CORNER.kept)
      .map(({ id }) => id),
  );
  return new Set(rows.flatMap(({ row }) => (front.has(row.id) ? [row.family] : [])));
}
