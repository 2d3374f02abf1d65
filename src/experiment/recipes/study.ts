import { checkRecipe } from "../checkRecipe.ts";
import type { PretrainedRecipe } from "../recipe.ts";
import { type Condition, conditions } from "./conditions.ts";
import { nineRows, plainRows, type Rates } from "./families.ts";
import { fullRecipe } from "./full.ts";
import type { Json } from "./grid.ts";
import { miniRecipe } from "./minis.ts";
import { gridsNamed } from "./namedFamilies.ts";
import { base } from "./rows.ts";
import { smokeRecipe } from "./smoke.ts";

/** How large the study's model is. */
interface Size {
  /** Between the words of a recipe's name. */
  readonly infix: string;
  readonly recipe: PretrainedRecipe;
  readonly rates: Rates;
}

export type SizeName = "19k" | "113k";

/** By name: the smoke study's 19 thousand parameters, and the full study's 113 thousand. */
export const sizes: Readonly<Record<SizeName, Size>> = {
  "19k": { infix: "-19k", recipe: smokeRecipe, rates: [5e-3, 2e-3, 5e-4] },
  "113k": { infix: "", recipe: fullRecipe, rates: [3e-3, 1e-3, 3e-4] },
};

/** Rows are chosen on the first, one of each family, and reported on the second. */
export const tuningSeeds: readonly number[] = [100, 101, 102, 103, 104];
export const reportedSeeds: readonly number[] = [
  ...[20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31],
];

/** Rows of a condition: nine a family, and the base. */
export const rowCount = ({ families }: Condition): number =>
  1 + 9 * (1 + gridsNamed([families], sizes["113k"].rates).length);

/** Measured: processor seconds of a row of 113 thousand parameters with its evaluation. */
const ROW_SECONDS = 6.2;

/** Taken to be on the front, all of whose rows are reported; of the others the chosen one is. */
const FRONT_FAMILIES = 6;

/** Runs that a condition takes: all rows on the tuning seeds, those that are reported on the others. */
function runCount(condition: Condition): number {
  const rows = rowCount(condition);
  const reported = 1 + (rows - 1) / 9 + 8 * FRONT_FAMILIES;
  return rows * tuningSeeds.length + reported * reportedSeeds.length;
}

/** Hours that a condition takes with all its seeds at 113 thousand parameters on two cores. */
export const hoursOf = (condition: Condition): number =>
  (runCount(condition) * ROW_SECONDS) / 3600 / 2;

/** Under which name a condition's run stands: `study-C1`, `study-19k-C2a`. */
const studyName = (condition: string, size: SizeName = "113k"): string =>
  `study${sizes[size].infix}-${condition}`;

/**
 * The study under a condition: every family with nine settings, three rates by three strengths or by
 * what fills that axis, all for the same number of epochs.
 * @param families names, or `all`, `short`, `extra` for several; the condition's own by default. Plain
 *   fine-tuning, which makes the teachers, is always there
 * @throws RangeError for a condition or a family that there is not
 */
export function studyRecipe(
  name: string,
  size: SizeName = "113k",
  families?: readonly string[],
): PretrainedRecipe {
  const condition = conditions[name];
  if (!condition)
    throw new RangeError(
      `studyRecipe: expected one of ${Object.keys(conditions).join(", ")}, got ${name}`,
    );
  if (condition.mini && size !== "113k")
    throw new RangeError(`studyRecipe: expected ${name} at its own size, 113k, got ${size}`);
  const { recipe, rates } = sizes[size];
  // What its own table is about is none of these rows.
  const { headline: _, ...parent } = condition.mini ? miniRecipe(condition.mini) : recipe;
  const grids = gridsNamed(families ?? [condition.families], rates);
  const rows: readonly Json[] = [{ ...base }, ...plainRows(rates), ...grids.flatMap(nineRows)];
  const headline = `anchored-alpha-0.25-outer-2-inner-5-learningRate-${rates[1]}`;
  return checkRecipe({
    ...parent,
    name: studyName(name, size),
    pretraining: { ...parent.pretraining, ...condition.pretraining },
    fineTuning: { ...parent.fineTuning, ...condition.fineTuning },
    // Two thousand rows: what happens between their steps would be most of their files.
    evaluation: { ...parent.evaluation, every: 0 },
    rows,
    reference: rows[1]?.["id"],
    ...(rows.some(({ id }) => id === headline) && { headline }),
    fair: true,
  }) as PretrainedRecipe;
}
