import { age, concentration, heartRate, isFemale, systolic, ureaNitrogen } from "../measures.ts";
import { flagged, graded, reached } from "../points.ts";
import type { Calculator, Facts } from "../types.ts";
import { substances } from "../units.ts";

function hemoglobinPoints(facts: Facts): number {
  const hemoglobin = concentration(facts, "Hemoglobin", "g/dL", substances.hemoglobin);
  const steps: [number, number][] = isFemale(facts)
    ? [
        [12, 0],
        [10, 1],
      ]
    : [
        [13, 0],
        [12, 1],
        [10, 3],
      ];
  return reached(hemoglobin, steps, 6);
}

/** Exactly 70 mg/dL is 6 points, 4 in the benchmark, which converts with 28.08 g/mol. */
function ureaPoints(facts: Facts): number {
  const published = facts.variant === "published";
  const urea = ureaNitrogen(facts, published ? substances.ureaNitrogen : { molarMass: 28.08 });
  if (published ? urea >= 70 : urea > 70) return 6;
  return reached(urea, [
    [28, 4],
    [22.4, 3],
    [18.2, 2],
  ]);
}

/** A tumour: 2, or 6 with metastases. */
const tumour = (facts: Facts): number =>
  facts.flag("Solid tumor") ? graded(facts.word("Solid tumor"), [["metastatic", 6]], 2) : 0;

export const comorbidity: readonly Calculator[] = [
  {
    // Blatchford, Murray, Blatchford: A risk score to predict need for treatment for
    // upper-gastrointestinal haemorrhage. Lancet 356 (2000).
    id: 27,
    name: "Glasgow-Blatchford Bleeding Score (GBS)",
    category: "risk",
    output: "integer",
    compute: (facts) =>
      ureaPoints(facts) +
      hemoglobinPoints(facts) +
      reached(
        systolic(facts),
        [
          [110, 0],
          [100, 1],
          [90, 2],
        ],
        3,
      ) +
      (heartRate(facts) >= 100 ? 1 : 0) +
      flagged(facts, {
        "Melena Present": 1,
        "Recent Syncope": 2,
        "Hepatic disease history": 2,
        "Cardiac Failure Present": 2,
      }),
  },
  {
    // Charlson et al.: Journal of Chronic Diseases 40 (1987), with the points for age of Charlson
    // et al.: Journal of Clinical Epidemiology 47 (1994).
    id: 32,
    name: "Charlson Comorbidity Index (CCI)",
    category: "risk",
    output: "integer",
    compute: (facts) =>
      reached(age(facts), [
        [80, 4],
        [70, 3],
        [60, 2],
        [50, 1],
      ]) +
      flagged(facts, {
        "Myocardial infarction": 1,
        "Congestive Heart Failure": 1,
        "Peripheral vascular disease": 1,
        Dementia: 1,
        "Chronic Pulmonary Disease": 1,
        "Connective tissue disease": 1,
        "Peptic ulcer disease": 1,
        Hemiplegia: 2,
        "Moderate to severe Chronic Kidney Disease": 2,
        Leukemia: 2,
        Lymphoma: 2,
        AIDS: 6,
      }) +
      (facts.flag("Cerebrovascular Accident") || facts.flag("Transient Ischemic Attacks History")
        ? 1
        : 0) +
      graded(
        facts.word("Liver disease"),
        [
          ["mild", 1],
          ["moderate", 3],
          ["severe", 3],
        ],
        0,
      ) +
      graded(
        facts.word("Diabetes mellitus"),
        [
          ["uncomplicated", 1],
          ["end-organ", 2],
        ],
        0,
      ) +
      tumour(facts),
  },
];
