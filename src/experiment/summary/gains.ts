import { percent } from "../../report/format.ts";
import { isRow, type Measurement, type RowResult } from "../measurements.ts";
import { baseOf, type Recipe } from "../recipe.ts";
import { mean } from "./statistics.ts";

/** The share of questions answered as they are to be: with a marker, answer and marker. */
const goalOf = ({ joint, target }: Pick<RowResult, "joint" | "target">): number => joint ?? target;

/** (goal − base) / (reference − base); undefined where the reference gained nothing to have a share of. */
export function gainOf(row: RowResult, base: RowResult, reference: RowResult): number | undefined {
  const whole = goalOf(reference) - goalOf(base);
  return whole > 0 ? (goalOf(row) - goalOf(base)) / whole : undefined;
}

/** A reference that gains less is too little to have shares of: of 200 questions, 20. */
const LITTLE = 0.1;

/**
 * What is wrong with the unit that gains are told in, where the reference learnt little or nothing of
 * the target: a share of 3 points is as good as chance.
 * @param measurements of the seeds that are reported
 */
export function gainNote(
  { reference, rows }: Pick<Recipe, "reference" | "rows">,
  measurements: readonly Measurement[],
): string | undefined {
  const results = measurements.filter(isRow);
  const base = baseOf({ rows }).id;
  const gains = results.flatMap((result): { seed: number; points: number }[] => {
    const { seed } = result;
    const before = results.find((other) => other.seed === seed && other.row === base);
    if (result.row !== reference || !before) return [];
    return [{ seed, points: goalOf(result) - goalOf(before) }];
  });
  if (gains.length === 0) return undefined;
  const nothing = gains.filter(({ points }) => points <= 0).map(({ seed }) => seed);
  if (nothing.length === gains.length)
    return "The reference gained nothing of the target, so that no row has a share of it.";
  const average = mean(gains.map(({ points }) => points));
  const notes = [
    ...(average < LITTLE
      ? [
          `The reference gains ${percent(average)} points of the target, too little to have shares of: gains say nothing here.`,
        ]
      : []),
    ...(nothing.length > 0
      ? [
          `On seeds ${nothing.join(", ")} the reference gained nothing, and no row has a gain there.`,
        ]
      : []),
  ];
  return notes.length > 0 ? notes.join(" ") : undefined;
}
