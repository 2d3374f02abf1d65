import {
  age,
  albumin,
  bilirubin,
  cells,
  creatinine,
  misconvertedBilirubin,
  sodium,
} from "../measures.ts";
import { exceeded, graded, reached } from "../points.ts";
import { roundHalfEven } from "../rounding.ts";
import type { Calculator, Facts } from "../types.ts";

const clamp = (x: number, min: number, max: number): number => Math.min(Math.max(x, min), max);

const onDialysis = (facts: Facts): boolean =>
  facts.flag("Dialysis at least twice in the past week") ||
  facts.flag("Continuous veno-venous hemodialysis for ≥24 hours in the past week");

/** mg/dL, between 1 and 4; dialysis counts as 4. The benchmark overlooks dialysis below 1. */
function clampedCreatinine(facts: Facts): number {
  const serum = creatinine(facts);
  const noticed = facts.variant === "published" || serum >= 1;
  return onDialysis(facts) && noticed ? 4 : clamp(serum, 1, 4);
}

/** Points for the grade; the benchmark gives a grade 0 none at all. */
function encephalopathy(facts: Facts): number {
  const unnamed = facts.has("Encephalopathy") && facts.variant === "medcalc-bench" ? 0 : 1;
  return graded(
    facts.word("Encephalopathy"),
    [
      ["no encephalopathy", 1],
      ["grade 1", 2],
      ["grade 2", 2],
      ["grade 3", 3],
      ["grade 4", 3],
    ],
    unnamed,
  );
}

const INR = "international normalized ratio";

export const liver: readonly Calculator[] = [
  {
    // Pugh et al.: Transection of the oesophagus for bleeding oesophageal varices. British
    // Journal of Surgery 60 (1973).
    id: 15,
    name: "Child-Pugh Score for Cirrhosis Mortality",
    category: "severity",
    output: "integer",
    compute: (facts) => {
      const serum = misconvertedBilirubin(facts);
      const ratio = facts.number(INR);
      return (
        (serum < 2 ? 1 : exceeded(serum, [[3, 3]], 2)) +
        exceeded(albumin(facts), [[3.5, 1]], reached(albumin(facts), [[2.8, 2]], 3)) +
        (ratio < 1.7 ? 1 : exceeded(ratio, [[2.3, 3]], 2)) +
        graded(
          facts.word("Ascites"),
          [
            ["slight", 2],
            ["moderate", 3],
          ],
          1,
        ) +
        encephalopathy(facts)
      );
    },
  },
  {
    // Sterling et al.: Development of a simple noninvasive index to predict significant fibrosis.
    // Hepatology 43 (2006).
    id: 19,
    name: "Fibrosis-4 (FIB-4) Index for Liver Fibrosis",
    category: "lab test",
    output: "decimal",
    compute: (facts) =>
      (age(facts) * facts.number("Aspartate aminotransferase")) /
      ((cells(facts, "Platelet count") / 1e9) *
        Math.sqrt(facts.number("Alanine aminotransferase"))),
  },
  {
    // Kim et al.: Hyponatremia and mortality among patients on the liver-transplant waiting list.
    // NEJM 359 (2008), in the form of the OPTN policy of 2016.
    id: 23,
    name: "MELD Na (UNOS/OPTN)",
    category: "lab test",
    output: "decimal",
    compute: (facts) => {
      const initial =
        0.957 * Math.log(clampedCreatinine(facts)) +
        0.378 * Math.log(Math.max(bilirubin(facts), 1)) +
        1.12 * Math.log(Math.max(facts.number(INR), 1)) +
        0.643;
      const score = roundHalfEven(10 * roundHalfEven(initial, 1));
      if (score <= 11) return score;
      const lack = 137 - clamp(sodium(facts), 125, 137);
      return Math.min(40, roundHalfEven(score + 1.32 * lack - 0.033 * score * lack));
    },
  },
];
