import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  substances,
  toCellsPerLitre,
  toCelsius,
  toConcentration,
  toInches,
  toKilograms,
  toMetres,
  toMillimetresOfMercury,
  toYears,
} from "../../../src/tasks/medcalc/units.ts";

const of = (value: number, unit: string, ...more: { value: number; unit: string }[]) => ({
  value,
  unit,
  more: more.map((each) => ({ ...each, more: [] })),
});

describe("units", () => {
  it("convert weights, heights, ages, temperatures and pressures", () => {
    expect(toKilograms(of(100, "lbs"))).toBeCloseTo(45.3592, 10);
    expect(toKilograms(of(2500, "g"))).toBeCloseTo(2.5, 10);
    expect(toMetres(of(5, "ft", { value: 11, unit: "in" }))).toBeCloseTo(1.8034, 10);
    expect(toInches(of(5, "ft", { value: 11, unit: "in" }))).toBe(71);
    expect(toInches(of(180, "cm"))).toBeCloseTo(70.86618, 5);
    expect(toYears(of(30, "months"))).toBe(2);
    expect(toYears(of(3, "years", { value: 14, unit: "months" }))).toBe(4);
    expect(toYears(of(20, "days"))).toBe(0);
    expect(toCelsius(of(98.6, "degrees fahreinheit"))).toBeCloseTo(37, 10);
    expect(toCelsius(of(37, "degrees celsisus"))).toBe(37);
    expect(toMillimetresOfMercury(of(8, "kPa"))).toBeCloseTo(60.005, 3);
  });

  it("count cells a litre", () => {
    for (const [value, unit] of [
      [150_000, "µL"],
      [150_000, "mm^3"],
      [150e9, "L"],
      [150, "10^9/L"],
      [15_000_000_000, "dL"],
    ] as const)
      expect(toCellsPerLitre(of(value, unit))).toBeCloseTo(150e9, -3);
  });

  it("convert concentrations there and back", () => {
    const units = fc.constantFrom("mg/dL", "g/L", "µmol/L", "mmol/L", "mEq/L", "ng/mL", "mcg/mL");
    fc.assert(
      fc.property(
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        units,
        units,
        fc.constantFrom(...Object.values(substances)),
        (value, from, to, substance) => {
          const there = toConcentration(of(value, from), to, substance);
          const back = toConcentration(of(there, to), from, substance);
          expect(Math.abs(back / value - 1)).toBeLessThan(1e-12);
        },
      ),
    );
  });

  it("know 1 mg/dL of creatinine as 88.4 µmol/L and 10 mg/dL of calcium as 5 mEq/L", () => {
    expect(toConcentration(of(1, "mg/dL"), "μmol/L", substances.creatinine)).toBeCloseTo(88.4, 1);
    expect(toConcentration(of(10, "mg/dL"), "mEq/L", substances.calcium)).toBeCloseTo(4.99, 2);
  });

  it("refuse what they do not know, with what they do", () => {
    expect(() => toKilograms(of(1, "stone"))).toThrow("expected kg | kilogram");
    expect(() => toCelsius(of(1, "kelvin"))).toThrow('got "kelvin"');
    expect(() => toConcentration(of(1, "mg"), "mg/dL", substances.albumin)).toThrow(
      "concentration",
    );
    expect(() => toConcentration(of(1, "constructor/dL"), "mg/dL", substances.albumin)).toThrow();
    expect(() => toCellsPerLitre(of(1, "toString"))).toThrow("cell count: expected");
  });
});
