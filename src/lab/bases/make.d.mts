import type { Engine } from "../../engines/engine.ts";
import type { numericsOf } from "../../engines/numerics.ts";
import type { experiment } from "../../experiment/experiment.ts";
import type { Recipe } from "../../experiment/recipe.ts";
import type { pretrainingName } from "../../experiment/row/pretrainingName.ts";
import type { Checkpoints } from "../../weights/store.ts";

/** Seeds by the names of the studies. */
export const shipped: Readonly<Record<string, readonly number[]>>;

export function makeBases(
  engine: Engine,
  recipe: Recipe,
  seeds: readonly number[],
  checkpoints: Checkpoints,
  study: {
    readonly experiment: typeof experiment;
    readonly pretrainingName: typeof pretrainingName;
    readonly numericsOf: typeof numericsOf;
  },
): Promise<string[]>;
