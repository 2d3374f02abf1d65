import type { Numerics } from "../../engines/numerics.ts";
import type { Recipe } from "../recipe.ts";

/** How a study's rows become fewer from one stage to the next. */
export interface Staging {
  /** Whether the worse half of each family's rows is left behind as the tuning seeds go on. */
  readonly halving?: boolean;
  /** What the reported seeds are run with: all rows; each family's chosen one and all rows of the
   * families on the front; or the chosen ones alone. */
  readonly report?: (typeof REPORTED)[number];
}

export const REPORTED = ["all", "front", "chosen"] as const;

/** What decides a run's numbers, and what it was begun on. */
export interface RunConfig {
  readonly recipe: Recipe;
  /** Those that are reported. */
  readonly seeds: readonly number[];
  /** Those on which rows are chosen; none of them is reported. */
  readonly tuningSeeds?: readonly number[];
  /** How rows become fewer on the way; all are run where it is absent. */
  readonly staging?: Staging;
  /** The engine's backend. */
  readonly backend: string;
  /** What every row is computed with: results of others are none of this run's. */
  readonly numerics: Numerics;
  /** The engine's own description, e.g. the number of threads. What a row ran on its attempt says. */
  readonly device: string;
  /** Processor, cores, memory, system. */
  readonly machine?: string;
  /** Versions of what computed: anchorgrad, node. */
  readonly versions: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly started: string;
}

/** All seeds of a run, those of tuning last. */
export const allSeeds = ({ seeds, tuningSeeds = [] }: RunConfig): readonly number[] => [
  ...seeds,
  ...tuningSeeds,
];
