import { bilirubin, cells, creatinine, meanArterialPressure, pressure } from "../measures.ts";
import { graded, reached } from "../points.ts";
import type { Calculator, Facts } from "../types.ts";
import { apache } from "./apache.ts";

/** Points for the eyes, of 4; what cannot be tested counts as normal. */
const eyes = (facts: Facts): number =>
  graded(
    facts.word("Best eye response"),
    [
      ["eye opening to verbal", 3],
      ["eye opening to pain", 2],
      ["no eye opening", 1],
    ],
    4,
  );

/** Points for speech, of 5; what cannot be tested counts as normal, in the benchmark as confused. */
const speech = (facts: Facts): number =>
  graded(
    facts.word("Best verbal response"),
    [
      ["confused", 4],
      ["inappropriate", 3],
      ["incomprehensible", 2],
      ["no verbal", 1],
      ["not testable", facts.variant === "published" ? 5 : 4],
    ],
    5,
  );

/** Points for movement, of 6. */
const movement = (facts: Facts): number =>
  graded(
    facts.word("Best motor response"),
    [
      ["localizes", 5],
      ["withdrawal", 4],
      ["flexion", 3],
      ["extension", 2],
      ["no motor", 1],
    ],
    6,
  );

/** The lungs' points: PaO₂ over the inspired share of oxygen. */
function lungs(facts: Facts): number {
  const ratio = facts.round(pressure(facts, "PaO2") / (facts.number("FiO2") / 100));
  const ventilated =
    facts.flag("On mechanical ventilation") || facts.flag("Continuous positive airway pressure");
  const low = ventilated ? (ratio < 100 ? 4 : 3) : 2;
  return reached(
    ratio,
    [
      [400, 0],
      [300, 1],
      [200, 2],
    ],
    low,
  );
}

/** The circulation's points: vasopressors in µg/kg/min, else the pressure. */
function circulation(facts: Facts): number {
  const dose = (drug: string): number => (facts.has(drug) ? facts.number(drug) : 0);
  const [dopamine, adrenaline, noradrenaline] = [
    dose("DOPamine"),
    dose("EPINEPHrine"),
    dose("norEPINEPHrine"),
  ];
  const dobutamine = facts.variant === "published" ? dose("DOBUTamine") : 0;
  if (dopamine > 15 || adrenaline > 0.1 || noradrenaline > 0.1) return 4;
  if (dopamine > 5 || adrenaline > 0 || noradrenaline > 0) return 3;
  if (dopamine > 0 || dobutamine > 0) return 2;
  const measured = facts.has("Systolic Blood Pressure") && facts.has("Diastolic Blood Pressure");
  return facts.flag("Hypotension") || (measured && meanArterialPressure(facts) < 70) ? 1 : 0;
}

/** The kidneys' points: creatinine in mg/dL, or urine in mL a day. */
function kidneys(facts: Facts): number {
  const urine = facts.has("Urine Output") ? facts.number("Urine Output") : Number.POSITIVE_INFINITY;
  const serum = facts.has("creatinine") ? creatinine(facts) : 0;
  const failed = facts.variant === "published" ? serum >= 5 : serum > 5;
  if (failed || urine < 200) return 4;
  if (urine < 500) return 3;
  return reached(serum, [
    [3.5, 3],
    [2, 2],
    [1.2, 1],
  ]);
}

export const criticalCare: readonly Calculator[] = [
  {
    // Teasdale, Jennett: Assessment of coma and impaired consciousness. Lancet 304 (1974).
    id: 21,
    name: "Glasgow Coma Score (GCS)",
    category: "severity",
    output: "integer",
    compute: (facts) => eyes(facts) + speech(facts) + movement(facts),
  },
  apache,
  {
    // Vincent et al.: The SOFA score to describe organ dysfunction/failure. Intensive Care
    // Medicine 22 (1996).
    id: 43,
    name: "Sequential Organ Failure Assessment (SOFA) Score",
    category: "risk",
    output: "integer",
    compute: (facts) =>
      lungs(facts) +
      reached(
        cells(facts, "Platelet count") / 1e9,
        [
          [150, 0],
          [100, 1],
          [50, 2],
          [20, 3],
        ],
        4,
      ) +
      reached(bilirubin(facts), [
        [12, 4],
        [6, 3],
        [2, 2],
        [1.2, 1],
      ]) +
      circulation(facts) +
      reached(
        facts.number("Glasgow Coma Score"),
        [
          [15, 0],
          [13, 1],
          [10, 2],
          [6, 3],
        ],
        4,
      ) +
      kidneys(facts),
  },
];
