import { DataError } from "../../tensor/errors.ts";
import type { Facts } from "./types.ts";
import {
  type Substance,
  substances,
  toCellsPerLitre,
  toCelsius,
  toConcentration,
  toInches,
  toKilograms,
  toMetres,
  toMillimetresOfMercury,
  toYears,
} from "./units.ts";

/** The measures that several calculators read, in one unit each. */

/** True for a woman. @throws DataError when the sex is not given */
export function isFemale(facts: Facts): boolean {
  const sex = facts.word("sex");
  if (/^f(emale)?$/.test(sex)) return true;
  if (/^m(ale)?$/.test(sex)) return false;
  throw new DataError(
    `calculate: expected "Male" or "Female" for "sex", got ${JSON.stringify(sex)}`,
  );
}

/** Years. */
export const age = (facts: Facts): number => toYears(facts.quantity("age"));

/** kg */
export const weight = (facts: Facts): number => facts.round(toKilograms(facts.quantity("weight")));

/** m */
export const heightInMetres = (facts: Facts): number =>
  facts.round(toMetres(facts.quantity("height")));

/** cm */
export const heightInCentimetres = (facts: Facts): number =>
  facts.round(toMetres(facts.quantity("height")) * 100);

/** inches */
export const heightInInches = (facts: Facts): number =>
  facts.round(toInches(facts.quantity("height")));

/** °C */
export const temperature = (facts: Facts): number =>
  facts.round(toCelsius(facts.quantity("Temperature")));

/** Beats a minute. */
export const heartRate = (facts: Facts): number => facts.number("Heart Rate or Pulse");

/** Breaths a minute. */
export const respiratoryRate = (facts: Facts): number => facts.number("respiratory rate");

/** mmHg */
export const pressure = (facts: Facts, name: string): number =>
  facts.round(toMillimetresOfMercury(facts.quantity(name)));

/** mmHg */
export const systolic = (facts: Facts): number => pressure(facts, "Systolic Blood Pressure");

/** mmHg */
export const diastolic = (facts: Facts): number => pressure(facts, "Diastolic Blood Pressure");

/** Mean arterial pressure in mmHg: a third of the pulse pressure above the diastolic one. */
export const meanArterialPressure = (facts: Facts): number =>
  facts.round(systolic(facts) / 3 + (2 * diastolic(facts)) / 3);

/** Cells a litre. */
export const cells = (facts: Facts, name: string): number =>
  facts.round(toCellsPerLitre(facts.quantity(name)));

/** A concentration in `unit`. */
export const concentration = (
  facts: Facts,
  name: string,
  unit: string,
  substance: Substance,
): number => toConcentration(facts.quantity(name), unit, substance, facts.round);

/** mg/dL */
export const creatinine = (facts: Facts, name = "creatinine"): number =>
  concentration(facts, name, "mg/dL", substances.creatinine);

/** mEq/L */
export const sodium = (facts: Facts, name = "Sodium"): number =>
  concentration(facts, name, "mEq/L", substances.sodium);

/** mg/dL */
export const glucose = (facts: Facts): number =>
  concentration(facts, "Glucose", "mg/dL", substances.glucose);

/** g/dL */
export const albumin = (facts: Facts): number =>
  concentration(facts, "Albumin", "g/dL", substances.albumin);

/** mg/dL */
export const bilirubin = (facts: Facts, substance: Substance = substances.bilirubin): number =>
  concentration(facts, "Bilirubin", "mg/dL", substance);

/** mg/dL, with the benchmark's molar mass of 548.66 g/mol, two digits swapped. */
export const misconvertedBilirubin = (facts: Facts): number =>
  bilirubin(facts, facts.variant === "published" ? substances.bilirubin : { molarMass: 548.66 });

/** mg/dL */
export const ureaNitrogen = (
  facts: Facts,
  substance: Substance = substances.ureaNitrogen,
): number => concentration(facts, "Blood Urea Nitrogen (BUN)", "mg/dL", substance);
