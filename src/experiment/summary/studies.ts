import type { Measurement } from "../measurements.ts";
import type { Recipe } from "../recipe.ts";
import { type RowSummary, type Spread, spread, summarize } from "./summary.ts";

/** A recipe and what was measured of it. */
export interface Measured {
  readonly recipe: Recipe;
  readonly measurements: readonly Measurement[];
}

/** A row that several studies have in common. */
export interface JointRow {
  readonly id: string;
  readonly label: string;
  /** In the order of the studies; undefined where nobody has finished it yet. */
  readonly studies: readonly (RowSummary | undefined)[];
  /** Of the gains and drops of those that have finished it: mean and range over studies. */
  readonly gain: Spread | undefined;
  readonly drop: Spread | undefined;
}

/** Rows side by side, in the order of the first study's recipe. */
export function joinStudies(studies: readonly Measured[]): readonly JointRow[] {
  const summaries = studies.map(({ recipe, measurements }) => summarize(recipe, measurements));
  const [first] = studies;
  const rows = first?.recipe.rows ?? [];
  return rows.flatMap(({ id, label }) => {
    const found = summaries.map((rows) => rows.find(({ row }) => row.id === id));
    const there = found.filter((row) => row !== undefined);
    if (there.length === 0) return [];
    const gains = there.flatMap(({ gain }) => (gain ? [gain.mean] : []));
    return [
      {
        id,
        label,
        studies: found,
        gain: gains.length > 0 ? overStudies(gains) : undefined,
        drop: overStudies(there.map(({ drop }) => drop.mean)),
      },
    ];
  });
}

const overStudies = (means: readonly number[]): Spread => spread(new Map(means.entries()));
