import type { Recipe, RowRecipe } from "../recipe.ts";
import { isTreatment, treatmentNames } from "../treatments.ts";
import { families, familyOf, type RowStyle } from "./families.ts";

/** So many colours there are for families that have none of their own; the style defines them. */
const PALETTE = 12;

/** What families are called that are no methods, and have no colour of their own. */
const names: Readonly<Record<string, string>> = {
  klForward: "SFT + KL(base‖θ)",
  klReverse: "SFT + KL(θ‖base)",
  anchoredGentle: "Anchored, gentle teacher",
  asftReverse: "ASFT, KL(θ‖base)",
  paper: "Anchored, the paper’s setting",
  budget: "Anchored, KL budget",
  powerMean: "Anchored, power mean",
  certified: "Anchored, certified weight",
  mixed: "Anchored + cross-entropy",
  anchoredRehearsal: "Anchored + the base’s own texts",
  rehearsal: "Replay of the base’s own texts",
  ...{
    paperWith: "The paper’s setting and one thing more",
    paperMixed: "The paper’s + cross-entropy",
  },
  ...{ authors: "The authors’ program", authorsWithout: "The authors’ program but one thing" },
  sftBf16: "SFT in bf16",
  ...{ mofo: "MoFO, largest momentum", sam: "SAM, sharpness-aware" },
  ...{ lora: "LoRA", selfSft: "SFT on the base’s right answers", ties: "TIES", dare: "DARE" },
};

const nameOf = (family: string): string =>
  isTreatment(family) ? treatmentNames[family].label : (names[family] ?? family);

/** Looks of a recipe's rows: families without a colour of their own get the next one. */
export function rowStyles({ rows }: Pick<Recipe, "rows">): (row: RowRecipe) => RowStyle {
  const others = [...new Set(rows.filter(isOther).map(({ family }) => family))];
  return (row) =>
    isOther(row)
      ? {
          name: nameOf(row.family),
          color: `var(--c${others.indexOf(row.family) % PALETTE})`,
        }
      : families[familyOf(row)];
}

const isOther = (row: RowRecipe): boolean => familyOf(row) === "other";
