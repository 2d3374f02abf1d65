import { describe, expect, test } from "vitest";
import { medcalc } from "../../src/tasks/index.ts";
import { readCsv } from "../../src/text/csv.ts";
import { attack, mutants, mutate, mutateText } from "./mutants.ts";

const header =
  "Row Number,Calculator ID,Calculator Name,Category,Output Type,Note ID,Note Type,Patient Note," +
  "Question,Relevant Entities,Ground Truth Answer,Lower Limit,Upper Limit,Ground Truth Explanation";
const rows = [
  `1,5,Mean Arterial Pressure (MAP),physical,decimal,a-1,Template,"A ""note"",\nof two lines.",What?,"{'Systolic Blood Pressure': [84.0, 'mm hg'], 'Diastolic Blood Pressure': (57, ""mm hg"")}",66,62.7,69.3,84/3`,
  `2,13,Estimated Due Date,date,date,a-2,Template,Née,When?,"{'cycle length': 28, 'Last menstrual date': '02/10/2023'}",11/17/2023,11/17/2023,11/17/2023,`,
  `3,69,Estimated Gestational Age,date,date,a-3,Template,x,How old?,"{'Current Date': '1/2/2023', 'Last menstrual date': '10/4/2022'}","('12 weeks', '6 days')","('12 weeks', '6 days')","('12 weeks', '6 days')",`,
];
const file = `${header}\n${rows.join("\n")}\n`;
const utf8 = new TextEncoder();

describe("CSV", () => {
  test("any text makes records with lines in order, or says what is wrong", async () => {
    const { fault } = await attack(
      mutants(3000),
      (roll) => mutateText(file, roll),
      (text) => {
        const records = [...readCsv(text)];
        const lines = records.map(({ line }) => line);
        return (
          lines.every((line, i) => line > (lines[i - 1] ?? 0)) &&
          records.every(({ fields, error }) => fields.length > 0 || error !== undefined)
        );
      },
    );
    expect(fault).toBeUndefined();
  });

  test("what is written by its rules is read back", async () => {
    const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`;
    const { fault } = await attack(
      mutants(2000),
      (roll) => [0, 1, 2].map(() => mutateText('a, "b"\nc\r,', roll)),
      (fields) => {
        const [record, ...others] = [...readCsv(`${fields.map(quoted).join(",")}\n`)];
        const isSame = JSON.stringify(record?.fields) === JSON.stringify(fields);
        return isSame && record?.error === undefined && others.length === 0;
      },
    );
    expect(fault).toBeUndefined();
  });
});

describe("MedCalc-Bench's data", () => {
  test("a damaged file is refused, or each record is a row or a problem with its line", async () => {
    const { rows: read, problems } = medcalc.readCsvRows(utf8.encode(file), "own.csv");
    expect([read.length, problems]).toEqual([3, []]);
    const { fault, accepted } = await attack(
      mutants(2000),
      (roll) =>
        roll(2) === 0 ? utf8.encode(mutateText(file, roll)) : mutate(utf8.encode(file), roll),
      (bytes) => {
        const data = medcalc.readCsvRows(bytes, "own.csv");
        // Whatever is a row can be judged and audited.
        for (const row of data.rows)
          for (const scorer of ["medcalc-bench", "paper", "tolerant"] as const)
            medcalc.score({ ...row, text: `{"answer": "${row.groundTruth}"}` }, scorer);
        medcalc.audit(data.rows);
        return data.problems.every(({ line, message }) => line > 0 && message.length < 500);
      },
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });

  test("a damaged literal is refused, or is one", async () => {
    const literal = `{'a': [84.0, 'mm hg'], "b": (57, None, True), 'c': {'d': -1e3, 'e': '\\x41\\u00e9'}}`;
    const { fault } = await attack(
      mutants(3000),
      (roll) => mutateText(literal, roll),
      (text) => JSON.stringify(medcalc.readLiteral(text)) !== undefined,
    );
    expect(fault).toBeUndefined();
  });
});
