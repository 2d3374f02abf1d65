import {
  heightInCentimetres,
  heightInInches,
  heightInMetres,
  isFemale,
  meanArterialPressure,
  weight,
} from "../measures.ts";
import type { Calculator, Facts } from "../types.ts";

/** kg/m². Quetelet's index. */
export const bodyMassIndex = (facts: Facts): number =>
  weight(facts) / (heightInMetres(facts) * heightInMetres(facts));

/** kg. Devine: Gentamicin therapy. Drug Intelligence and Clinical Pharmacy 8 (1974). */
export const idealWeight = (inches: number, female: boolean): number =>
  (female ? 45.5 : 50) + 2.3 * (inches - 60);

/** kg. Bauer et al.: European Journal of Clinical Pharmacology 24 (1983). */
export const adjustedWeight = (ideal: number, actual: number): number =>
  ideal + 0.4 * (actual - ideal);

export const body: readonly Calculator[] = [
  {
    // mmHg
    id: 5,
    name: "Mean Arterial Pressure (MAP)",
    category: "physical",
    output: "decimal",
    compute: meanArterialPressure,
  },
  {
    id: 6,
    name: "Body Mass Index (BMI)",
    category: "physical",
    output: "decimal",
    compute: bodyMassIndex,
  },
  {
    id: 10,
    name: "Ideal Body Weight",
    category: "physical",
    output: "decimal",
    compute: (facts) => idealWeight(heightInInches(facts), isFemale(facts)),
  },
  {
    // mL/h. Holliday, Segar: The maintenance need for water in parenteral fluid therapy.
    // Pediatrics 19 (1957), the "4-2-1 rule".
    id: 22,
    name: "Maintenance Fluids Calculations",
    category: "physical",
    output: "decimal",
    compute: (facts) => {
      const kg = weight(facts);
      if (kg < 10) return 4 * kg;
      return kg <= 20 ? 40 + 2 * (kg - 10) : 60 + (kg - 20);
    },
  },
  {
    // m². Mosteller: Simplified calculation of body-surface area. NEJM 317 (1987).
    id: 60,
    name: "Body Surface Area Calculator",
    category: "physical",
    output: "decimal",
    compute: (facts) => Math.sqrt((heightInCentimetres(facts) * weight(facts)) / 3600),
  },
  {
    // kg: the weight that has the given body mass index.
    id: 61,
    name: "Target weight",
    category: "physical",
    output: "decimal",
    compute: (facts) => facts.number("Body Mass Index (BMI)") * heightInMetres(facts) ** 2,
  },
  {
    id: 62,
    name: "Adjusted Body Weight",
    category: "physical",
    output: "decimal",
    compute: (facts) =>
      adjustedWeight(
        facts.round(idealWeight(heightInInches(facts), isFemale(facts))),
        weight(facts),
      ),
  },
];
