import {
  age,
  cells,
  diastolic,
  glucose,
  heartRate,
  isFemale,
  pressure,
  respiratoryRate,
  sodium,
  systolic,
  temperature,
  ureaNitrogen,
} from "../measures.ts";
import { count, flagged, reached } from "../points.ts";
import type { Calculator, Facts } from "../types.ts";

/** A symptom's absence that gives a point; the benchmark gives it too where nothing is said. */
const absence = (facts: Facts, name: string): boolean =>
  facts.flag(name, facts.variant === "medcalc-bench");

export const infection: readonly Calculator[] = [
  {
    // McIsaac et al.: A clinical score to reduce unnecessary antibiotic use in patients with sore
    // throat. CMAJ 158 (1998).
    id: 20,
    name: "Centor Score (Modified/McIsaac) for Strep Pharyngitis",
    category: "severity",
    output: "integer",
    compute: (facts) =>
      reached(age(facts), [
        [45, -1],
        [15, 0],
        [3, 1],
      ]) +
      count(
        temperature(facts) > 38,
        absence(facts, "Cough Absent"),
        facts.flag("Exudate or swelling on tonsils"),
        facts.flag("Tender/swollen anterior cervical lymph nodes"),
      ),
  },
  {
    // Fine et al.: A prediction rule to identify low-risk patients with community-acquired
    // pneumonia. NEJM 336 (1997).
    id: 29,
    name: "PSI Score: Pneumonia Severity Index for CAP",
    category: "severity",
    output: "integer",
    compute: (facts) => {
      const celsius = temperature(facts);
      return (
        age(facts) -
        (isFemale(facts) ? 10 : 0) +
        flagged(facts, {
          "Nursing home resident": 10,
          "Neoplastic disease": 30,
          "Liver disease history": 20,
          "Congestive Heart Failure": 10,
          "Cerebrovascular disease history": 10,
          "Renal disease history": 10,
          "Altered mental status": 20,
          "Pleural effusion on x-ray": 10,
        }) +
        30 * count(facts.number("pH") < 7.35) +
        20 *
          count(
            respiratoryRate(facts) >= 30,
            systolic(facts) < 90,
            ureaNitrogen(facts) >= 30,
            sodium(facts) < 130,
          ) +
        15 * count(celsius < 35 || celsius > 39.9) +
        10 *
          count(
            heartRate(facts) >= 125,
            glucose(facts) >= 250,
            facts.number("Hematocrit") < 30,
            pressure(facts, "PaO2") < 60,
          )
      );
    },
  },
  {
    // Little et al.: Clinical score and rapid antigen detection test to guide antibiotic use for
    // sore throats (PRISM). BMJ 347 (2013).
    id: 33,
    name: "FeverPAIN Score for Strep Pharyngitis",
    category: "diagnosis",
    output: "integer",
    compute: (facts) =>
      count(
        facts.flag("Fever in past 24 hours"),
        absence(facts, "Absence of cough or coryza"),
        facts.flag("Symptom onset <=3 days"),
        facts.flag("Purulent tonsils"),
        facts.flag("Severe tonsil inflammation"),
      ),
  },
  {
    // Lim et al.: Defining community acquired pneumonia severity on presentation to hospital.
    // Thorax 58 (2003).
    id: 45,
    name: "CURB-65 Score for Pneumonia Severity",
    category: "severity",
    output: "integer",
    compute: (facts) =>
      count(
        facts.flag("Confusion"),
        ureaNitrogen(facts) > 19,
        respiratoryRate(facts) >= 30,
        systolic(facts) < 90 || diastolic(facts) <= 60,
        age(facts) >= 65,
      ),
  },
  {
    // Bone et al.: Definitions for sepsis and organ failure. Chest 101 (1992).
    id: 51,
    name: "SIRS Criteria",
    category: "diagnosis",
    output: "integer",
    compute: (facts) => {
      const celsius = temperature(facts);
      const white = cells(facts, "White blood cell count") / 1e6; // per µL
      const carbonDioxide = facts.has("PaCO2") ? pressure(facts, "PaCO2") : 40;
      return count(
        celsius > 38 || celsius < 36,
        heartRate(facts) > 90,
        white > 12000 || white < 4000,
        respiratoryRate(facts) > 20 || carbonDioxide < 32,
      );
    },
  },
];
