import type { Measurement } from "../measurements.ts";
import { baseOf, type Recipe } from "../recipe.ts";
import type { RunConfig } from "../runs/config.ts";
import { chooseRows, familiesOf, furthest, rankedRows } from "../summary/choose.ts";
import { frontFamilies } from "../summary/front.ts";
import { type RowSummary, summarize } from "../summary/summary.ts";
import { jobId, rowsBefore } from "./plan.ts";

/** A recipe with its seeds, as it is run in stages. */
export type StagedStudy = Pick<RunConfig, "recipe" | "seeds" | "tuningSeeds" | "staging">;

/** Seeds that are run together, on rows that are known when the stages before have ended. */
export interface Stage {
  readonly about: string;
  readonly seeds: readonly number[];
  /** Ids of its jobs, given what the stages before came to. */
  jobs(measurements: readonly Measurement[]): ReadonlySet<string>;
}

/**
 * The stages of a study. Without tuning seeds, or with neither halving nor chosen rows, it is one:
 * all rows with all seeds. With halving the tuning seeds come in rounds, so that the seeds up to
 * the end of each are twice as many as before: 1, 2, 4, …, and the last takes what is over. At the
 * end of a round the better half of each family stays, by the rule of `chooseRows`, and one row at
 * least: of nine rows on five seeds 19 of 45 runs are left.
 * @see https://arxiv.org/abs/1502.07943 (Jamieson and Talwalkar, 2016) for successive halving
 */
export function stagesOf(study: StagedStudy): Stage[] {
  const { recipe, seeds, tuningSeeds = [], staging = {} } = study;
  const { halving = false, report = "all" } = staging;
  const everything = recipe.rows.map(({ id }) => id);
  if (tuningSeeds.length === 0 || (!halving && report === "all")) {
    const all = [...seeds, ...tuningSeeds];
    return [stage(recipe, "all rows", all, () => everything)];
  }
  const rounds = halving ? doubling(tuningSeeds) : [tuningSeeds];
  const tuning = rounds.map((round, i) =>
    stage(recipe, `tuning, round ${i + 1} of ${rounds.length}`, round, (measurements) => {
      const before = rounds.slice(0, i).flat();
      return before.length === 0
        ? everything
        : [...shared(recipe), ...betterHalves(summarize(recipe, measurements, before))];
    }),
  );
  const reported = stage(recipe, "reported seeds", seeds, (measurements) =>
    report === "all"
      ? everything
      : [...shared(recipe), ...chosenRows(summarize(recipe, measurements, tuningSeeds), report)],
  );
  return seeds.length > 0 ? [...tuning, reported] : tuning;
}

const stage = (
  recipe: Recipe,
  about: string,
  seeds: readonly number[],
  rowsOf: (measurements: readonly Measurement[]) => readonly string[],
): Stage => ({
  ...{ about, seeds },
  jobs: (measurements) => {
    const rows = withNeeds(recipe, rowsOf(measurements));
    return new Set(seeds.flatMap((seed) => rows.map((row) => jobId(recipe.name, seed, row))));
  },
});

/** Parts of a list so that 1, 2, 4, … of it are in the parts so far; the last has what is over. */
function doubling<T>(list: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let [from, to] = [0, 1]; to <= list.length; [from, to] = [to, 2 * to])
    parts.push(list.slice(from, 2 * to <= list.length ? to : undefined));
  return parts;
}

/** What every stage runs: gains are measured from the base to the reference. */
const shared = (recipe: Recipe): string[] => [baseOf(recipe).id, recipe.reference];

const betterHalves = (tuning: readonly RowSummary[]): string[] =>
  [...rankedRows(tuning).values()].flatMap((rows) =>
    rows.slice(0, Math.max(1, Math.floor(rows.length / 2))).map(({ id }) => id),
  );

/** Each family's chosen row, and with the front all rows of the families on it, of those that stayed. */
function chosenRows(tuning: readonly RowSummary[], report: "front" | "chosen"): string[] {
  const chosen = chooseRows(tuning).map(({ row }) => row.id);
  if (report === "chosen") return chosen;
  const front = frontFamilies([...familiesOf(tuning).values()].flatMap(furthest));
  const all = tuning.filter(({ row }) => front.has(row.family)).map(({ row }) => row.id);
  return [...chosen, ...all];
}

/** Rows with those whose weights they begin with, in the recipe's order. */
function withNeeds(recipe: Recipe, rows: readonly string[]): string[] {
  const wanted = new Set(
    rows.flatMap((row) => [...rowsBefore(recipe, row).map(({ id }) => id), row]),
  );
  return recipe.rows.flatMap(({ id }) => (wanted.has(id) ? [id] : []));
}
