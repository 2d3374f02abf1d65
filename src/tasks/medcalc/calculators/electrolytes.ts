import {
  age,
  albumin,
  concentration,
  glucose,
  isFemale,
  sodium,
  ureaNitrogen,
  weight,
} from "../measures.ts";
import type { Calculator, Facts } from "../types.ts";
import { substances } from "../units.ts";

const bicarbonate = (facts: Facts): number =>
  concentration(facts, "Bicarbonate", "mEq/L", substances.bicarbonate);

/** mEq/L. Emmett, Narins: Clinical use of the anion gap. Medicine 56 (1977). */
const anionGap = (facts: Facts): number =>
  facts.round(
    sodium(facts) -
      (concentration(facts, "Chloride", "mEq/L", substances.chloride) + bicarbonate(facts)),
  );

/** mEq/L. Figge et al.: Anion gap and hypoalbuminemia. Critical Care Medicine 26 (1998). */
const correctedGap = (facts: Facts): number =>
  facts.round(anionGap(facts) + 2.5 * (4 - albumin(facts)));

/**
 * What the gap exceeds 12 by, over what bicarbonate lacks to 24: Wrenn, Annals of Emergency
 * Medicine 19 (1990).
 */
const deltaRatio = (facts: Facts, gap: number): number => (gap - 12) / (24 - bicarbonate(facts));

/** Litres of body water a kg of weight. */
function waterShare(facts: Facts): number {
  const years = age(facts);
  if (years < 18) return 0.6;
  if (isFemale(facts)) return years < 65 ? 0.5 : 0.45;
  return years < 65 ? 0.6 : 0.5;
}

export const electrolytes: readonly Calculator[] = [
  {
    // mg/dL. Payne et al.: Interpretation of serum calcium in patients with abnormal serum
    // proteins. BMJ 4 (1973).
    id: 7,
    name: "Calcium Correction for Hypoalbuminemia",
    category: "lab test",
    output: "decimal",
    compute: (facts) =>
      0.8 * (4 - albumin(facts)) + concentration(facts, "Calcium", "mg/dL", substances.calcium),
  },
  {
    // mEq/L. Hillier et al.: Hyponatremia: evaluating the correction factor for hyperglycemia.
    // American Journal of Medicine 106 (1999).
    id: 26,
    name: "Sodium Correction for Hyperglycemia",
    category: "lab test",
    output: "decimal",
    compute: (facts) => sodium(facts) + 0.024 * (glucose(facts) - 100),
  },
  {
    // mOsm/kg. Purssell et al.: Derivation and validation of a formula to calculate the
    // contribution of ethanol to serum osmolality. Annals of Emergency Medicine 38 (2001).
    id: 30,
    name: "Serum Osmolality",
    category: "lab test",
    output: "decimal",
    compute: (facts) => 2 * sodium(facts) + ureaNitrogen(facts) / 2.8 + glucose(facts) / 18,
  },
  {
    // Litres. Adrogué, Madias: Hypernatremia. NEJM 342 (2000).
    id: 38,
    name: "Free Water Deficit",
    category: "lab test",
    output: "decimal",
    compute: (facts) => waterShare(facts) * weight(facts) * (sodium(facts) / 140 - 1),
  },
  {
    id: 39,
    name: "Anion Gap",
    category: "lab test",
    output: "decimal",
    compute: anionGap,
  },
  {
    id: 63,
    name: "Delta Gap",
    category: "lab test",
    output: "decimal",
    compute: (facts) => anionGap(facts) - 12,
  },
  {
    id: 64,
    name: "Delta Ratio",
    category: "lab test",
    output: "decimal",
    compute: (facts) => deltaRatio(facts, anionGap(facts)),
  },
  {
    id: 65,
    name: "Albumin Corrected Anion Gap",
    category: "lab test",
    output: "decimal",
    compute: correctedGap,
  },
  {
    id: 66,
    name: "Albumin Corrected Delta Gap",
    category: "lab test",
    output: "decimal",
    compute: (facts) => correctedGap(facts) - 12,
  },
  {
    id: 67,
    name: "Albumin Corrected Delta Ratio",
    category: "lab test",
    output: "decimal",
    compute: (facts) => deltaRatio(facts, correctedGap(facts)),
  },
];
