import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calculate, calculators, type Entities } from "../../../src/tasks/medcalc/index.ts";
import { labs, man, patients } from "./patients.ts";

const entitiesOf = (id: number): Entities => patients.find(([each]) => each === id)?.[1] ?? {};

describe("calculate(id, entities)", () => {
  it("has the 55 calculators, each tried here", () => {
    expect(calculators.map(({ id }) => id)).toEqual(patients.map(([id]) => id));
  });

  it.each(patients)("gives for calculator %d what its formula does", (id, entities, expected) => {
    const answer = calculate(id, entities);
    if (typeof expected !== "number") expect(answer).toEqual(expected);
    else if (id === 46) expect(Math.abs((answer as number) - expected)).toBeLessThan(0.5);
    else expect(answer).toBeCloseTo(expected, 9);
  });

  it("changes nothing in what it is given", () => {
    for (const [id, entities] of patients) {
      const before = JSON.stringify(entities);
      calculate(id, entities, { variant: "medcalc-bench" });
      expect(JSON.stringify(entities)).toBe(before);
    }
  });

  it.each<[number, Entities, unknown]>([
    [3, { sex: "Male", age: [0, "years"], creatinine: [0.7, "mg/dL"] }, 142],
    [13, { "Last menstrual date": "02/28/2024", "cycle length": 26 }, "12/02/2024"],
    [15, { ...entitiesOf(15), Encephalopathy: "Grade 0" }, 8],
    [18, { age: [20, "years"], "atherosclerotic disease": true }, 1],
    [20, { age: [20, "years"], Temperature: [37, "degrees celsius"] }, 1],
    [21, { "Best verbal response": "not testable" }, 14],
    [31, { Insulin: [6, "pmol/L"], Glucose: [405, "mg/dL"] }, 36],
    [33, {}, 1],
    [36, { ...entitiesOf(36) }, 4],
    [39, { ...labs, Sodium: [140.123456, "mEq/L"] }, 24.12346],
  ])("gives for calculator %d what the benchmark's code does", (id, entities, expected) => {
    expect(calculate(id, entities, { variant: "medcalc-bench" })).toEqual(expected);
  });

  it("28 as the benchmark does: failing kidneys excuse a low creatinine, and rows have gaps", () => {
    const points = (changes: Entities): number => {
      const of = (entities: Entities): number =>
        Number(calculate(28, { ...entitiesOf(28), ...entities }, { variant: "medcalc-bench" }));
      const normal = {
        creatinine: [1, "mg/dL"],
        "Acute renal failure": false,
        "Chronic renal failure": false,
        "Systolic Blood Pressure": [90, "mm hg"],
        "Diastolic Blood Pressure": [90, "mm hg"],
        FiO2: [60, "%"],
        "A-a gradient": 100,
      };
      return of({ ...normal, ...changes }) - of(normal);
    };
    const low = { creatinine: [0.4, "mg/dL"] };
    expect(points(low)).toBe(2);
    expect(points({ ...low, "Chronic renal failure": true })).toBe(0);
    expect(points({ ...low, "Acute renal failure": true })).toBe(0);
    expect(points({ creatinine: [3.6, "mg/dL"], "Chronic renal failure": true })).toBe(4);
    const pressed = (mmHg: number): number =>
      points({
        "Systolic Blood Pressure": [mmHg, "mm hg"],
        "Diastolic Blood Pressure": [mmHg, "mm hg"],
      });
    expect([49, 49.5, 69, 69.5, 109, 109.5, 159.5].map(pressed)).toEqual([4, 2, 2, 0, 0, 2, 4]);
    const gradients = [199, 200, 349, 349.5, 350, 499, 499.5];
    expect(gradients.map((each) => points({ "A-a gradient": each }))).toEqual([
      0, 2, 2, 0, 3, 3, 4,
    ]);
  });

  it("27: pulse, pressure and haemoglobin have the points of their ranges from the first number on", () => {
    const points = (name: string, values: readonly number[], unit: string, sex = "Male") => {
      const of = (value: number): number =>
        Number(calculate(27, { ...entitiesOf(27), sex, [name]: [value, unit] }));
      return values.map((value) => of(value) - of(values[0] ?? Number.NaN));
    };
    expect(points("Heart Rate or Pulse", [99, 99.9, 100, 101], "bpm")).toEqual([0, 0, 1, 1]);
    const pressures = [110, 109, 100, 99, 90, 89];
    expect(points("Systolic Blood Pressure", pressures, "mm hg")).toEqual([0, 1, 1, 2, 2, 3]);
    const hemoglobin = [13, 12.9, 12, 11.9, 10, 9.9];
    expect(points("Hemoglobin", hemoglobin, "g/dL")).toEqual([0, 1, 1, 3, 3, 6]);
    expect(points("Hemoglobin", hemoglobin, "g/dL", "Female")).toEqual([0, 0, 0, 1, 1, 6]);
  });

  it("43: each vasopressor counts from the first µg/kg/min, and none of none", () => {
    const { DOBUTamine: _, ...rest } = entitiesOf(43);
    const points = (drugs: Entities): number =>
      Number(calculate(43, { ...rest, ...drugs })) - Number(calculate(43, rest));
    const dose = (drug: string, mcg: number): Entities => ({ [drug]: [mcg, "mcg/kg/min"] });
    for (const drug of ["DOBUTamine", "DOPamine", "EPINEPHrine", "norEPINEPHrine"])
      expect(points(dose(drug, 0)), drug).toBe(0);
    expect([0.1, 5, 5.1, 15, 15.1].map((mcg) => points(dose("DOPamine", mcg)))).toEqual([
      2, 2, 3, 3, 4,
    ]);
    expect([0.1, 30].map((mcg) => points(dose("DOBUTamine", mcg)))).toEqual([2, 2]);
    for (const drug of ["EPINEPHrine", "norEPINEPHrine"])
      expect(
        [0.01, 0.1, 0.11].map((mcg) => points(dose(drug, mcg))),
        drug,
      ).toEqual([3, 3, 4]);
  });

  it("does not depend on the order, the case or the spacing of names", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...patients),
        fc.constantFrom("published", "medcalc-bench"),
        fc.func(fc.nat()),
        ([id, entities], variant, rank) => {
          const disguised = Object.entries(entities)
            .sort(([a], [b]) => rank(a) - rank(b))
            .map(([name, entity]) => [` ${name.toUpperCase().replaceAll(" ", "  ")}`, entity]);
          const options = { variant } as const;
          expect(calculate(id, Object.fromEntries(disguised), options)).toEqual(
            calculate(id, entities, options),
          );
        },
      ),
    );
  });

  it("gives one clearance whatever the units", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 30, max: 150, noNaN: true }),
        fc.double({ min: 1.2, max: 2.1, noNaN: true }),
        fc.double({ min: 0.3, max: 9, noNaN: true }),
        (kg, metres, serum) => {
          const metric = {
            weight: [kg, "kg"],
            height: [metres, "m"],
            creatinine: [serum, "mg/dL"],
          };
          const other = {
            weight: [kg * 1000, "g"],
            height: [metres * 39.3701, "in"],
            creatinine: [serum / 0.011312, "µmol/L"],
          };
          const [a, b] = [metric, other].map((body) => calculate(2, { ...man, ...body }) as number);
          // An index may fall on either side of 18.5 or 25 where it is that near.
          const index = kg / metres ** 2;
          fc.pre(Math.abs(index - 18.5) > 0.01 && Math.abs(index - 25) > 0.01);
          expect((a as number) / (b as number)).toBeCloseTo(1, 4);
        },
      ),
    );
  });

  it("takes 100.4 °F for 38 °C, which is no fever", () => {
    const child = { age: [20, "years"], Temperature: [100.4, "degrees fahrenheit"] };
    for (const variant of ["published", "medcalc-bench"] as const) {
      const facts = { ...child, "Cough Absent": false };
      expect(calculate(20, facts, { variant })).toBe(0);
    }
  });

  it("names what is missing or malformed", () => {
    expect(() => calculate(5, {})).toThrow(
      'calculate: expected a number for "Systolic Blood Pressure", got none',
    );
    expect(() => calculate(6, { weight: ["heavy", "kg"], height: [1, "m"] })).toThrow(
      'calculate: expected a number for "weight"',
    );
    expect(() =>
      calculate(13, { "Last menstrual date": "02/30/2024", "cycle length": 28 }),
    ).toThrow('expected a date MM/DD/YYYY for "Last menstrual date", got "02/30/2024"');
    expect(() => calculate(10, { sex: "?", height: [1, "m"] })).toThrow('"Male" or "Female"');
    expect(() => calculate(24, { "input steroid": ["Aspirin", 1, "mg"] })).toThrow("betamethasone");
    expect(() => calculate(1, {})).toThrow(RangeError);
  });

  it("throws nothing but DataError for arbitrary entities", () => {
    const names = fc.constantFrom(...patients.flatMap(([, entities]) => Object.keys(entities)));
    fc.assert(
      fc.property(
        fc.constantFrom(...calculators),
        fc.dictionary(names, fc.jsonValue()),
        ({ id }, entities) => {
          try {
            calculate(id, entities);
          } catch (error) {
            expect((error as Error).name).toBe("DataError");
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
