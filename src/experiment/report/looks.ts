import type { Recipe, RowRecipe } from "../recipe.ts";
import { families, familyOf } from "./families.ts";

/** How rows of a family are drawn and named. */
export interface Look {
  readonly name: string;
  /** A CSS colour. */
  readonly color: string;
}

/** So many colours there are for families that have none of their own; the style defines them. */
export const PALETTE = 12;

/** What families are called that have no colour of their own. */
const names: Readonly<Record<string, string>> = {
  replay: "Replay of base data",
  klForward: "SFT + KL(base‖θ)",
  klReverse: "SFT + KL(θ‖base)",
  l2sp: "L2-SP",
  dft: "DFT",
  distillation: "Self-distillation",
  jsd: "GKD, generalised JSD",
  paper: "Anchored, the paper’s setting",
  budget: "Anchored, KL budget",
  power: "Anchored, power mean",
  anchoredWeights: "Anchored in weight space",
  onPolicy: "Anchored, on-policy",
  mixed: "Anchored + cross-entropy",
};

/** Looks of a recipe's rows: families without a colour of their own get the next one. */
export function looksOf({ rows }: Pick<Recipe, "rows">): (row: RowRecipe) => Look {
  const others = [...new Set(rows.filter(isOther).map(({ family }) => family))];
  return (row) =>
    isOther(row)
      ? {
          name: names[row.family] ?? row.family,
          color: `var(--c${others.indexOf(row.family) % PALETTE})`,
        }
      : families[familyOf(row)];
}

const isOther = (row: RowRecipe): boolean => familyOf(row) === "other";
