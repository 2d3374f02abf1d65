import { heartRate } from "../measures.ts";
import type { Calculator, Facts } from "../types.ts";

/** Seconds from beat to beat. */
const interval = (facts: Facts): number => facts.round(60 / heartRate(facts));

/** ms */
const qt = (facts: Facts): number => facts.number("QT Interval");

/** The QT interval corrected for heart rate, in ms. */
export const heartRhythm: readonly Calculator[] = [
  {
    // Bazett: An analysis of the time-relations of electrocardiograms. Heart 7 (1920).
    id: 11,
    name: "QTc Bazett Calculator",
    category: "physical",
    output: "decimal",
    compute: (facts) => qt(facts) / Math.sqrt(interval(facts)),
  },
  {
    // Fridericia: Die Systolendauer im Elektrokardiogramm. Acta Medica Scandinavica 53 (1920).
    id: 56,
    name: "QTc Fridericia Calculator",
    category: "physical",
    output: "decimal",
    compute: (facts) => qt(facts) / interval(facts) ** (1 / 3),
  },
  {
    // Sagie et al.: An improved method for adjusting the QT interval for heart rate (the
    // Framingham Heart Study). American Journal of Cardiology 70 (1992).
    id: 57,
    name: "QTc Framingham Calculator",
    category: "physical",
    output: "decimal",
    compute: (facts) => qt(facts) + 154 * (1 - interval(facts)),
  },
  {
    // Hodges et al.: Bazett's QT correction reviewed. JACC 1 (1983).
    id: 58,
    name: "QTc Hodges Calculator",
    category: "physical",
    output: "decimal",
    compute: (facts) => qt(facts) + 1.75 * (60 / interval(facts) - 60),
  },
  {
    // Rautaharju, Zhang: Linearly scaled, rate-invariant normal limits for QT interval.
    // Journal of Cardiovascular Electrophysiology 13 (2002).
    id: 59,
    name: "QTc Rautaharju Calculator",
    category: "physical",
    output: "decimal",
    compute: (facts) => (qt(facts) * (120 + heartRate(facts))) / 180,
  },
];
