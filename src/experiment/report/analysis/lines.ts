import { costOf } from "../../row/cost.ts";
import { type Contrast, contrastsWith } from "../../summary/contrasts.ts";
import { choiceFrequency } from "../../summary/frequency.ts";
import { pointsOf } from "../../summary/front.ts";
import { hypervolume } from "../../summary/hypervolume.ts";
import { estimate } from "../../summary/statistics.ts";
import type { RowSummary, Spread } from "../../summary/summary.ts";
import { type DataTable, type Datum, tableOf } from "../export/csv.ts";
import type { Reported } from "../reported.ts";

/** A family in a study whose rows were chosen: its chosen row, and what all of its rows make. */
export interface FamilyLine {
  readonly family: string;
  /** The chosen row over the reported seeds. */
  readonly summary: RowSummary;
  /** Share of the resamples of the tuning seeds in which it would be chosen; one seed has none. */
  readonly frequency: number | undefined;
  readonly gainedEnough: boolean;
  readonly tried: number;
  /** Of the means of all rows of the family, on the seeds on which all were run. */
  readonly hypervolume: number;
  /** In trainings of the reference; without p_sft, and with it. */
  readonly cost: { readonly own: number; readonly total: number };
  /** Against the chosen row of the family that the study is about. */
  readonly gain: Contrast | undefined;
  readonly drop: Contrast | undefined;
}

/** The families that chosen rows are compared with. */
export const opponents = ["anchored", "asft", "sft"] as const;

/** A line for each family that a row was chosen of and reported; by falling hypervolume. */
export function familyLines(study: Reported): FamilyLine[] {
  const { recipe, rows, tuning, settled, choices, tuningSeeds } = study;
  if (choices.length === 0) return [];
  const frequency = tuningSeeds.length > 1 ? choiceFrequency(tuning) : undefined;
  const against = contrastsWith(rows, choices, opponents[0]);
  const reference = recipe.rows.find(({ id }) => id === recipe.reference);
  const unit = reference ? costOf(recipe, reference).own : 1;
  return choices
    .flatMap(({ family, row, gainedEnough, tried }): FamilyLine[] => {
      const summary = rows.find((one) => one.row.id === row.id);
      if (!summary) return [];
      const { own, total } = costOf(recipe, row);
      const mine = settled.filter((one) => one.row.family === family);
      const contrast = (of: Contrast["of"]): Contrast | undefined =>
        against.find((one) => one.family === family && one.of === of);
      return [
        {
          ...{ family, summary, gainedEnough, tried },
          frequency: frequency?.get(row.id),
          hypervolume: hypervolume(pointsOf(mine)),
          cost: { own: own / unit, total: total / unit },
          ...{ gain: contrast("gain"), drop: contrast("drop") },
        },
      ];
    })
    .toSorted((a, b) => b.hypervolume - a.hypervolume);
}

const between = (name: string, spread: Spread | undefined): Record<string, Datum> => {
  const interval = spread && estimate([...spread.values.values()]);
  return { [name]: spread?.mean, [`${name}.low`]: interval?.low, [`${name}.high`]: interval?.high };
};

/** The families as a table. */
export const familyData = (study: Reported): DataTable =>
  tableOf(
    "families",
    familyLines(study).map(({ family, summary, frequency, tried, gainedEnough, ...line }) => ({
      ...{ family, row: summary.row.id, label: summary.row.label, tried, frequency, gainedEnough },
      ...{ seeds: summary.seeds.length, hypervolume: line.hypervolume },
      ...between("gain", summary.gain),
      ...between("drop", summary.drop),
      ...Object.fromEntries(
        Object.entries(summary.details).map(([name, spread]) => [name, spread.mean]),
      ),
      ...{ "cost.own": line.cost.own, "cost.total": line.cost.total },
    })),
  );

/** Chosen rows against those of the opponents, each figure with its interval and tests. */
export const contrastData = ({ rows, choices }: Reported): DataTable =>
  tableOf(
    "contrasts",
    opponents
      .flatMap((against) => contrastsWith(rows, choices, against))
      .map(({ family, row, against, of, seeds, difference, p, adjusted }) => ({
        ...{ family, row: row.id, against: against.id, figure: of, seeds },
        ...{ difference: difference?.mean, low: difference?.low, high: difference?.high },
        ...{ p, holm: adjusted },
      })),
  );
