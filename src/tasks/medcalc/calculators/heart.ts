import { age, creatinine, isFemale } from "../measures.ts";
import { count, flagged, graded, reached } from "../points.ts";
import type { Calculator, Facts } from "../types.ts";

/** HEART: how many risk factors, and whether atherosclerosis is known (always 2 when published). */
function heartRiskFactors(facts: Facts): number {
  const factors = flagged(facts, {
    "Hypertension history": 1,
    hypercholesterolemia: 1,
    "Diabetes mellitus": 1,
    obesity: 1,
    smoking: 1,
    "parent or sibling with Cardiovascular disease before age 65": 1,
    "atherosclerotic disease": 1,
  });
  if (facts.variant === "published" && facts.flag("atherosclerotic disease")) return 2;
  return reached(factors, [
    [3, 2],
    [1, 1],
  ]);
}

export const heart: readonly Calculator[] = [
  {
    // Lip et al.: Refining clinical risk stratification for predicting stroke and thromboembolism
    // in atrial fibrillation. Chest 137 (2010).
    id: 4,
    name: "CHA2DS2-VASc Score for Atrial Fibrillation Stroke Risk",
    category: "risk",
    output: "integer",
    compute: (facts) => {
      const emboli = ["Stroke", "Transient Ischemic Attacks History", "Thromboembolism history"];
      return (
        reached(age(facts), [
          [75, 2],
          [65, 1],
        ]) +
        (isFemale(facts) ? 1 : 0) +
        (emboli.some((name) => facts.flag(name)) ? 2 : 0) +
        flagged(facts, {
          "Congestive Heart Failure": 1,
          "Hypertension history": 1,
          "Vascular disease history": 1,
          "Diabetes history": 1,
        })
      );
    },
  },
  {
    // Lee et al.: Derivation and prospective validation of a simple index for prediction of
    // cardiac risk of major noncardiac surgery. Circulation 100 (1999).
    id: 17,
    name: "Revised Cardiac Risk Index for Pre-Operative Risk",
    category: "risk",
    output: "integer",
    compute: (facts) =>
      flagged(facts, {
        "Elevated-risk surgery": 1,
        "History of ischemic heart disease": 1,
        "Congestive Heart Failure criteria for the Cardiac Risk Index rule": 1,
        "History of cerebrovascular disease": 1,
        "Pre-operative treatment with insulin": 1,
      }) + (creatinine(facts, "Pre-operative creatinine") > 2 ? 1 : 0),
  },
  {
    // Six, Backus, Kelder: Chest pain in the emergency room: value of the HEART score.
    // Netherlands Heart Journal 16 (2008).
    id: 18,
    name: "HEART Score for Major Cardiac Events",
    category: "risk",
    output: "integer",
    compute: (facts) =>
      graded(
        facts.word("Suspicion History"),
        [
          ["moderately", 1],
          ["highly", 2],
        ],
        0,
      ) +
      graded(
        facts.word("Electrocardiogram Test"),
        [
          ["non-specific", 1],
          ["significant", 2],
        ],
        0,
      ) +
      reached(age(facts), [
        [65, 2],
        [45, 1],
      ]) +
      heartRiskFactors(facts) +
      graded(
        facts.word("Initial troponin"),
        [
          ["between", 1],
          ["greater", 2],
        ],
        0,
      ),
  },
  {
    // Pisters et al.: A novel user-friendly score (HAS-BLED) to assess 1-year risk of major
    // bleeding. Chest 138 (2010).
    id: 25,
    name: "HAS-BLED Score for Major Bleeding Risk",
    category: "risk",
    output: "integer",
    compute: (facts) =>
      count(age(facts) > 65, facts.number("Number of Alcoholic Drinks Per Week") >= 8) +
      flagged(facts, {
        Hypertension: 1,
        "Liver disease criteria for the HAS-BLED rule": 1,
        "Renal disease criteria for the HAS-BLED rule": 1,
        Stroke: 1,
        "Prior major bleeding or predisposition to bleeding": 1,
        "Labile international normalized ratio": 1,
        "Medication usage predisposing to bleeding": 1,
      }),
  },
];
