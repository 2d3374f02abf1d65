import { DataError } from "../../tensor/errors.ts";
import type { Quantity } from "./types.ts";

/** Units are compared in lower case, without spaces, with one kind of µ. */
const plain = (unit: string): string => unit.normalize("NFKC").toLowerCase().replace(/\s+/g, "");

function unitError(kind: string, expected: string, unit: string): DataError {
  return new DataError(`${kind}: expected ${expected}, got ${JSON.stringify(unit)}`);
}

/** The factor of a unit in a table. @throws DataError with the table's units for any other */
function factor(kind: string, factors: Readonly<Record<string, number>>, unit: string): number {
  const found = Object.hasOwn(factors, plain(unit)) ? factors[plain(unit)] : undefined;
  if (found === undefined) throw unitError(kind, Object.keys(factors).join(" | "), unit);
  return found;
}

const KILOGRAMS = {
  kg: 1,
  kilogram: 1,
  kilograms: 1,
  lb: 0.453592,
  lbs: 0.453592,
  pound: 0.453592,
  pounds: 0.453592,
  g: 1 / 1000,
  gram: 1 / 1000,
  grams: 1 / 1000,
};

/** Weight in kg. */
export const toKilograms = ({ value, unit }: Quantity): number =>
  value * factor("weight", KILOGRAMS, unit);

const METRES = { m: 1, cm: 0.01, ft: 0.3048, in: 0.0254 };

/** Height in m; feet and inches are added. */
export const toMetres = (height: Quantity): number =>
  [height, ...height.more].reduce(
    (sum, { value, unit }) => sum + value * factor("height", METRES, unit),
    0,
  );

const INCHES = { in: 1, ft: 12, cm: 0.393701, m: 39.3701 };

/** Height in inches; feet and inches are added. */
export const toInches = (height: Quantity): number =>
  [height, ...height.more].reduce(
    (sum, { value, unit }) => sum + value * factor("height", INCHES, unit),
    0,
  );

/** What part of a year a unit is: months and weeks count as whole years only. */
const PER_YEAR = {
  years: 1,
  year: 1,
  months: 12,
  month: 12,
  weeks: 52,
  week: 52,
  days: 365,
  day: 365,
};

/** Age in years, parts other than whole years left out. */
export const toYears = (age: Quantity): number =>
  [age, ...age.more].reduce((sum, { value, unit }) => {
    const parts = factor("age", PER_YEAR, unit || "years");
    return sum + (parts === 1 ? value : Math.floor(value / parts));
  }, 0);

/** Temperature in °C. The benchmark's files spell the scales in several ways. */
export function toCelsius({ value, unit }: Quantity): number {
  if (/fahr|°?f$/.test(plain(unit))) return ((value - 32) * 5) / 9;
  if (/cel|°?c$/.test(plain(unit))) return value;
  throw unitError("temperature", "degrees celsius | degrees fahrenheit", unit);
}

const MILLIMETRES_OF_MERCURY = { "": 1, mmhg: 1, kpa: 1 / 0.133322 };

/** Pressure in mmHg. */
export const toMillimetresOfMercury = ({ value, unit }: Quantity): number =>
  value * factor("pressure", MILLIMETRES_OF_MERCURY, unit);

const LITRES: Readonly<Record<string, number>> = {
  l: 1,
  dl: 0.1,
  ml: 1e-3,
  μl: 1e-6,
  ul: 1e-6,
  mm3: 1e-6,
  "mm^3": 1e-6,
  cm3: 1e-3,
  "cm^3": 1e-3,
  m3: 1e3,
  "m^3": 1e3,
};

/** Cells a litre, from cells in a volume: 150000 per µL, or per `10^9/L`. */
export function toCellsPerLitre({ value, unit }: Quantity): number {
  const [, power, volume] = /^(?:10\^?(\d{1,2})\/)?(.*)$/s.exec(plain(unit)) as RegExpExecArray;
  return (value * 10 ** Number(power ?? 0)) / factor("cell count", LITRES, volume as string);
}

/** What a concentration is of: its molar mass in g/mol, and the charges of an ion. */
export interface Substance {
  readonly molarMass: number;
  readonly valence?: number;
}

/** Molar masses in g/mol as the benchmark has them. */
export const substances: Readonly<
  Record<
    | "albumin"
    | "bicarbonate"
    | "bilirubin"
    | "calcium"
    | "chloride"
    | "cholesterol"
    | "creatinine"
    | "glucose"
    | "hemoglobin"
    | "potassium"
    | "sodium"
    | "triglyceride"
    | "ureaNitrogen",
    Substance
  >
> = {
  albumin: { molarMass: 66500 },
  bicarbonate: { molarMass: 61.02, valence: 1 },
  bilirubin: { molarMass: 584.66 },
  calcium: { molarMass: 40.08, valence: 2 },
  chloride: { molarMass: 35.45, valence: 1 },
  cholesterol: { molarMass: 386.654 },
  creatinine: { molarMass: 113.12 },
  glucose: { molarMass: 180.16 },
  hemoglobin: { molarMass: 64500 },
  potassium: { molarMass: 39.1, valence: 1 },
  sodium: { molarMass: 22.99, valence: 1 },
  triglyceride: { molarMass: 861.338 },
  ureaNitrogen: { molarMass: 28.02 },
};

const PREFIXES: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  m: 1e-3,
  μ: 1e-6,
  u: 1e-6,
  mc: 1e-6,
  n: 1e-9,
  p: 1e-12,
};

type Base = "g" | "mol" | "eq";

/** `mg/dL` as a thousandth, grams, and litres. @throws DataError for a unit that is none */
function readUnit(unit: string): { scale: number; base: Base; litres: number } {
  const [amount = "", volume = ""] = plain(unit).split("/");
  const [, prefix, base] = /^(mc|[kmμunp]?)(g|mol|eq)$/.exec(amount) ?? [];
  if (prefix === undefined)
    throw unitError("concentration", "g, mol or Eq in a volume, like mg/dL", unit);
  const litres = factor("concentration", LITRES, volume);
  return { scale: PREFIXES[prefix] as number, base: base as Base, litres };
}

/**
 * A concentration in `unit`: first in whole grams, moles or equivalents, then in the wanted ones,
 * then their part, then the volume.
 * @param round applied to each of these: what the benchmark does to 252 µmol/L is 0.00025 mol/L
 * @throws DataError for a unit that is none
 */
export function toConcentration(
  { value, unit: from }: Quantity,
  unit: string,
  { molarMass, valence = 1 }: Substance,
  round: (x: number) => number = (x) => x,
): number {
  if (plain(from) === plain(unit)) return value;
  const [given, wanted] = [readUnit(from), readUnit(unit)];
  const grams = { g: 1, mol: molarMass, eq: molarMass / valence };
  const whole = round(value * given.scale);
  const base =
    given.base === wanted.base ? whole : round((whole * grams[given.base]) / grams[wanted.base]);
  return round((round(base / wanted.scale) * wanted.litres) / given.litres);
}
