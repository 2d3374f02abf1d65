import {
  age,
  cells,
  concentration,
  creatinine,
  heartRate,
  meanArterialPressure,
  pressure,
  respiratoryRate,
  sodium,
  temperature,
} from "../measures.ts";
import { exceeded, reached } from "../points.ts";
import type { Calculator, Facts, Variant } from "../types.ts";
import { substances } from "../units.ts";

/** The benchmark's rows end at 349 and 499, so that 349.5 is in none and 499.5 in the highest. */
function gradient(difference: number, variant: Variant): number {
  if (variant === "medcalc-bench") {
    if (difference > 349 && difference < 350) return 0;
    if (difference > 499) return 4;
  }
  return reached(difference, [
    [500, 4],
    [350, 3],
    [200, 2],
  ]);
}

/** The alveolar–arterial gradient when half of the air or more is oxygen, else PaO₂, in mmHg. */
function oxygenation(facts: Facts): number {
  if (facts.number("FiO2") >= 50) return gradient(facts.number("A-a gradient"), facts.variant);
  const oxygen = pressure(facts, "PaO2");
  // The benchmark has no row between 60 and 61 mmHg and falls through to the last one.
  if (facts.variant === "medcalc-bench" && oxygen > 60 && oxygen < 61) return 4;
  if (oxygen > 70) return 0;
  return exceeded(oxygen, [[60, 1]], oxygen >= 55 ? 3 : 4);
}

/**
 * Points for the mean arterial pressure; the benchmark gives those of 110 to all above 109, and so
 * with every row.
 */
function arterialPressure(facts: Facts): number {
  const exact = meanArterialPressure(facts);
  const mean = facts.variant === "published" ? exact : Math.ceil(exact);
  return reached(
    mean,
    [
      [160, 4],
      [130, 3],
      [110, 2],
      [70, 0],
      [50, 2],
    ],
    4,
  );
}

/**
 * Points for creatinine: acute failure doubles them. In the benchmark failure, acute or chronic,
 * excuses a low value: only without one does its code look at values below 1.5 mg/dL.
 */
function kidneys(facts: Facts): number {
  const acute = facts.flag("Acute renal failure");
  const failing = acute || facts.flag("Chronic renal failure");
  const low = failing && facts.variant === "medcalc-bench" ? 0 : 2;
  const points = reached(
    creatinine(facts), // mg/dL
    [
      [3.5, 4],
      [2, 3],
      [1.5, 2],
      [0.6, 0],
    ],
    low,
  );
  return acute ? 2 * points : points;
}

/** Chronic health: the benchmark's code asks for it under a name that its entities do not have. */
function chronic(facts: Facts): number {
  if (facts.variant === "medcalc-bench") return 0;
  if (!facts.flag("History of severe organ failure or immunocompromise")) return 0;
  return facts.word("Surgery Type") === "elective" ? 2 : 5;
}

/**
 * Knaus et al.: APACHE II: a severity of disease classification system. Critical Care Medicine 13
 * (1985).
 */
export const apache: Calculator = {
  id: 28,
  name: "APACHE II Score",
  category: "risk",
  output: "integer",
  compute: (facts) =>
    reached(age(facts), [
      [75, 6],
      [65, 5],
      [55, 3],
      [45, 2],
    ]) +
    reached(
      temperature(facts),
      [
        [41, 4],
        [39, 3],
        [38.5, 1],
        [36, 0],
        [34, 1],
        [32, 2],
        [30, 3],
      ],
      4,
    ) +
    arterialPressure(facts) +
    reached(
      heartRate(facts),
      [
        [180, 4],
        [140, 3],
        [110, 2],
        [70, 0],
        [55, 2],
        [40, 3],
      ],
      4,
    ) +
    reached(
      respiratoryRate(facts),
      [
        [50, 4],
        [35, 3],
        [25, 1],
        [12, 0],
        [10, 1],
        [6, 2],
      ],
      4,
    ) +
    oxygenation(facts) +
    reached(
      facts.number("pH"),
      [
        [7.7, 4],
        [7.6, 3],
        [7.5, 1],
        [7.33, 0],
        [7.25, 2],
        [7.15, 3],
      ],
      4,
    ) +
    reached(
      sodium(facts),
      [
        [180, 4],
        [160, 3],
        [155, 2],
        [150, 1],
        [130, 0],
        [120, 2],
        [111, 3],
      ],
      4,
    ) +
    reached(
      concentration(facts, "Potassium", "mEq/L", substances.potassium),
      [
        [7, 4],
        [6, 3],
        [5.5, 1],
        [3.5, 0],
        [3, 1],
        [2.5, 2],
      ],
      4,
    ) +
    kidneys(facts) +
    reached(
      facts.number("Hematocrit"),
      [
        [60, 4],
        [50, 2],
        [46, 1],
        [30, 0],
        [20, 2],
      ],
      4,
    ) +
    reached(
      cells(facts, "White blood cell count") / 1e9,
      [
        [40, 4],
        [20, 2],
        [15, 1],
        [3, 0],
        [1, 2],
      ],
      4,
    ) +
    15 -
    facts.number("Glasgow Coma Score") +
    chronic(facts),
};
