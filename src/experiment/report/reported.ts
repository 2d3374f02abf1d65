import type { Certified, Measurement, Planned } from "../measurements.ts";
import { baseOf, type Recipe, type RowRecipe } from "../recipe.ts";
import type { Failure, RunConfig } from "../runs/run.ts";
import { type Choice, chooseRows, completeSeeds } from "../summary/choose.ts";
import { pointsOf } from "../summary/front.ts";
import { paretoFrontier } from "../summary/statistics.ts";
import type { Measured } from "../summary/studies.ts";
import { type RowSummary, summarize } from "../summary/summary.ts";
import type { RowStyle } from "./families.ts";
import { rowStyles } from "./looks.ts";

/** A run as it was read. */
export interface ReportedRun {
  readonly config: RunConfig;
  readonly measurements: readonly Measurement[];
  readonly failures?: readonly Failure[];
}

/** A run as it is reported. */
export interface Reported {
  readonly config: RunConfig;
  readonly recipe: Recipe;
  readonly failures: readonly Failure[];
  /** Of all seeds. */
  readonly measurements: readonly Measurement[];
  /** Of the reported seeds: those of tuning only where there are no others. */
  readonly reported: readonly Measurement[];
  readonly seeds: readonly number[];
  readonly rows: readonly RowSummary[];
  /**
   * The row that the page is about: the recipe's headline; where fewer of the reported seeds have it,
   * since the tuning seeds spoke for another one, the choice of its family.
   */
  readonly main: RowSummary | undefined;
  /** Those on which something was measured so far. */
  readonly tuningSeeds: readonly number[];
  /** Over the tuning seeds. */
  readonly tuning: readonly RowSummary[];
  /** Over those tuning seeds on which every row was run; over all where there is none. */
  readonly settled: readonly RowSummary[];
  /** The seeds of `settled`. */
  readonly settledSeeds: readonly number[];
  /** Each family's row; empty where there are no tuning seeds. */
  readonly choices: readonly Choice[];
  /** Ids of the rows that no other one dominates. */
  readonly frontier: ReadonlySet<string>;
  /** The rows to look at: the base, the reference, the main row and each family's choice; all of
   * them where there are few. */
  readonly shown: readonly RowSummary[];
  readonly certificates: readonly Certified[];
  /** What rows with a risk had planned. */
  readonly planned: readonly Planned[];
  readonly look: (row: RowRecipe) => RowStyle;
  /** The number that stands for a row in figures: its place among those that are shown, from 1;
   * the base has none. */
  readonly numberOf: (row: RowRecipe) => string | undefined;
}

/** A run without what was measured on seeds that are for tuning alone. */
export const reportedPart = ({
  config: { recipe, seeds },
  measurements,
}: Pick<ReportedRun, "config" | "measurements">): Measured => ({
  recipe,
  measurements: measurements.filter(({ seed }) => seeds.includes(seed)),
});

function mainRow(
  recipe: Recipe,
  rows: readonly RowSummary[],
  choices: readonly Choice[],
): RowSummary | undefined {
  const find = (id: string | undefined): RowSummary | undefined =>
    rows.find(({ row }) => row.id === id);
  const named = find(recipe.headline);
  const family = recipe.rows.find(({ id }) => id === recipe.headline)?.family;
  const chosen = find(choices.find((choice) => choice.family === family)?.row.id);
  return chosen && chosen.seeds.length > (named?.seeds.length ?? 0) ? chosen : named;
}

/** So many rows can be looked at one by one. */
const FEW = 25;

export function reportedOf({ config, measurements, failures = [] }: ReportedRun): Reported {
  const { recipe } = config;
  const measured = new Set(measurements.map(({ seed }) => seed));
  const tuningSeeds = (config.tuningSeeds ?? []).filter((seed) => measured.has(seed));
  const seeds = config.seeds.length > 0 ? config.seeds : tuningSeeds;
  const reported = measurements.filter(({ seed }) => seeds.includes(seed));
  const rows = summarize(recipe, measurements, seeds);
  const tuning = summarize(recipe, measurements, tuningSeeds);
  const choices = chooseRows(tuning);
  const complete = completeSeeds(recipe, tuning);
  const settledSeeds = complete.length > 0 ? complete : tuningSeeds;
  const frontier = new Set(paretoFrontier(pointsOf(rows)).map(({ id }) => id));
  const looked = new Set([
    ...[baseOf(recipe).id, recipe.reference, recipe.headline],
    ...choices.map(({ row }) => row.id),
  ]);
  const shown = rows.length <= FEW ? rows : rows.filter(({ row }) => looked.has(row.id));
  const numbered = shown.filter(({ row }) => row.method !== "base").map(({ row }) => row.id);
  return {
    ...{ config, recipe, failures, measurements, reported, seeds, rows, choices },
    ...{ tuningSeeds, tuning, settledSeeds },
    settled:
      settledSeeds.length === tuningSeeds.length
        ? tuning
        : summarize(recipe, measurements, settledSeeds),
    main: mainRow(recipe, rows, choices),
    ...{ frontier, shown, look: rowStyles(recipe) },
    numberOf: ({ id }) => (numbered.includes(id) ? `${numbered.indexOf(id) + 1}` : undefined),
    certificates: reported.filter((m): m is Certified => m.kind === "certificate"),
    planned: reported.filter((m): m is Planned => m.kind === "retention"),
  };
}
