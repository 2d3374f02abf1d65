import * as fc from "fast-check";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import {
  type Dataset,
  describeProblem,
  readCsvRows,
  readLiteral,
  readRows,
} from "../../../src/tasks/medcalc/index.ts";
import { MAX_FIELD, readCsv } from "../../../src/text/csv.ts";

const header = [
  "Row Number",
  "Calculator ID",
  "Calculator Name",
  "Category",
  "Output Type",
  "Note ID",
  "Note Type",
  "Patient Note",
  "Question",
  "Relevant Entities",
  "Ground Truth Answer",
  "Lower Limit",
  "Upper Limit",
  "Ground Truth Explanation",
];
const note = 'An "own" note,\nwith two lines.';
const good = [
  "1",
  "5",
  "Mean Arterial Pressure (MAP)",
  "physical",
  "decimal",
  "own-1",
  "Template",
  note,
  "What is the mean arterial pressure?",
  "{'Systolic Blood Pressure': [84.0, 'mm hg'], 'Diastolic Blood Pressure': (57, \"mm hg\")}",
  "66",
  "62.7",
  "69.3",
  "84/3 + 2·57/3",
];
const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`;
const csv = (...records: readonly (readonly string[])[]): string =>
  [header, ...records].map((record) => `${record.map(quoted).join(",")}\n`).join("");
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string): Dataset => readCsvRows(bytes(text), "own.csv");
const replaced = (column: string, value: string): string[] =>
  good.map((field, i) => (header[i] === column ? value : field));

const parquet = (records: readonly (readonly string[])[]): ArrayBuffer =>
  parquetWriteBuffer({
    columnData: header.map((name, i) => ({
      name,
      data: records.map((record) => record[i] as string),
      type: "STRING" as const,
    })),
  });

describe("readCsv(text)", () => {
  it("reads back what was written, whatever the fields hold", () => {
    const field = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", "é", " ") });
    fc.assert(
      fc.property(
        fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 5 }),
        fc.constantFrom("\n", "\r\n", "\r"),
        (records, newline) => {
          const text = records.map((each) => each.map(quoted).join(",")).join(newline);
          expect([...readCsv(text)].map(({ fields }) => fields)).toEqual(records);
        },
      ),
    );
  });

  it("counts lines, those inside of quotes too", () => {
    expect([...readCsv('a,b\n"1\n2",3\n\nc,d\n')].map(({ line }) => line)).toEqual([1, 2, 5]);
  });

  it("goes on behind what breaks the format", () => {
    const records = [...readCsv('a,b\n"x"y,1\nc,d\n"open,1\nlast')];
    expect(records.map(({ error }) => error)).toEqual([
      undefined,
      "a comma or the end of the line behind a closing quote",
      undefined,
      "a closing quote before the end of the file",
    ]);
    expect(records[2]?.fields).toEqual(["c", "d"]);
  });

  it("ends, and yields every line at most once, for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r") }), (text) => {
        const lines = [...readCsv(text)].map(({ line }) => line);
        expect(lines).toEqual([...new Set(lines)].sort((a, b) => a - b));
      }),
    );
  });
});

describe("readLiteral(text)", () => {
  it("reads Python's literals", () => {
    expect(
      readLiteral(`{'sex': 'Male', "it's": "a \\"q\\" \\u00b5", 'age': [87, 'years'], 'no': None,
      'Stroke': True, 'pair': ('a', -1.5e3), 'one': (1,), 'bare': (1), 'x': [],}`),
    ).toEqual({
      sex: "Male",
      "it's": 'a "q" µ',
      age: [87, "years"],
      no: null,
      Stroke: true,
      pair: ["a", -1500],
      one: [1],
      bare: 1,
      x: [],
    });
  });

  it("reads any JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(readLiteral(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("says where a literal breaks off", () => {
    expect(() => readLiteral("{'a': [1, 2}")).toThrow(
      'readLiteral: expected , or ] at character 12, got "}"',
    );
    expect(() => readLiteral("'open")).toThrow("a closing ' of the text from character 1");
    expect(() => readLiteral("{'a' 1}")).toThrow(": behind a key");
    expect(() => readLiteral("__import__('os')")).toThrow("expected a value at character 1");
    for (const code of ["\\u-041", "\\u00g1", "\\x4", "\\U00110000"])
      expect(() => readLiteral(`'${code}'`), code).toThrow("hexadecimal digits of a character");
    expect(() => readLiteral("[".repeat(5000))).toThrow("at most 100 nested brackets");
  });

  it("throws nothing but DataError", () => {
    const unit = fc.constantFrom(..."{}[]()'\",:\\ux1-.eTrueNone ");
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        try {
          readLiteral(text);
        } catch (error) {
          expect((error as Error).name).toBe("DataError");
        }
      }),
    );
  });
});

describe("readRows(bytes, file)", () => {
  it("reads rows with quotes and line ends, and the entities as values", () => {
    const { rows, problems } = read(csv(good));
    expect(problems).toEqual([]);
    expect(rows[0]).toMatchObject({
      id: "1",
      line: 2,
      calculatorId: 5,
      note,
      entities: {
        "Systolic Blood Pressure": [84, "mm hg"],
        "Diastolic Blood Pressure": [57, "mm hg"],
      },
      groundTruth: "66",
      lower: "62.7",
      upper: "69.3",
    });
  });

  it("reads the same with a byte order mark, and with CRLF", () => {
    const plain = read(csv(good, good));
    expect(read(`\ufeff${csv(good, good)}`)).toEqual(plain);
    const crlf = read(csv(good, good).replaceAll("\n", "\r\n"));
    expect(crlf.rows.map(({ line }) => line)).toEqual(plain.rows.map(({ line }) => line));
    expect(crlf.problems).toEqual([]);
  });

  it.each([
    ["Calculator ID", "99", 'the id of a calculator, 2 … 69, got "99"'],
    ["Lower Limit", "N/A", 'a number, got "N/A"'],
    ["Ground Truth Answer", "", 'a number, got ""'],
    ["Patient Note", " ", 'a text, got ""'],
    ["Relevant Entities", "{'a': ", "a Python dict, got readLiteral: expected a value"],
    ["Relevant Entities", "[1]", 'a Python dict, got "[1]"'],
  ])("reports a bad %s by file, line and field, and goes on", (column, value, expected) => {
    const { rows, problems } = read(csv(good, replaced(column, value), good));
    expect(rows).toHaveLength(2);
    expect(problems.map(describeProblem)).toEqual([
      expect.stringContaining(`own.csv:4: ${column}: expected ${expected}`),
    ]);
  });

  it("reports the record that a truncated file breaks off in", () => {
    const text = csv(good, good);
    const inNote = text.slice(0, text.lastIndexOf("two lines"));
    expect(read(inNote).rows).toHaveLength(1);
    expect(read(inNote).problems[0]?.expected).toContain("closing quote before the end");
    const betweenFields = text.slice(0, text.lastIndexOf(',"62.7"'));
    expect(read(betweenFields).problems[0]).toMatchObject({
      line: 4,
      expected: "14 fields",
      got: "11",
    });
  });

  it("reports rows that are no UTF-8, and files that are none at all", async () => {
    const latin = csv(good, replaced("Question", "Créatinine?"), good);
    const { rows, problems } = readCsvRows(Buffer.from(latin, "latin1"), "latin.csv");
    expect(problems.map(({ line, field, expected }) => [line, field, expected])).toEqual(
      [2, 4, 6].map((line) => [
        line,
        line === 4 ? "Question" : "Ground Truth Explanation",
        "UTF-8",
      ]),
    );
    expect(rows).toEqual([]);
    const utf16 = Buffer.from(`\ufeff${csv(good)}`, "utf16le");
    await expect(readRows(utf16, "wide.csv")).rejects.toThrow("got UTF-16");
    await expect(readRows(Buffer.from("PK\u0003\u0004"), "a.zip")).rejects.toThrow("unpack");
    await expect(readRows(new Uint8Array(9), "zero.csv")).rejects.toThrow(
      "a zero byte at offset 0",
    );
  });

  it("reports a field of more than 16 million characters and goes on", () => {
    const { rows, problems } = read(csv(replaced("Patient Note", "x".repeat(MAX_FIELD + 1)), good));
    expect(rows).toHaveLength(1);
    expect(problems[0]?.expected).toBe(`a field of at most ${MAX_FIELD} characters`);
  });

  it("names the columns that are missing", () => {
    expect(() => read("")).toThrow("expected own.csv to have a header");
    expect(() => read("a,b\n1,2\n")).toThrow(
      "readRows: expected own.csv to have the columns Patient Note, Question, Ground Truth Answer",
    );
  });

  it("finds calculators by name where a file has no ids, as the corrected labels do", () => {
    const columns = [0, 2, 7, 8, 10, 11, 12];
    const [names, fields] = [header, good].map((record) => columns.map((i) => record[i] as string));
    const text = [names, fields].map((record) => record?.map(quoted).join(",")).join("\n");
    const { rows, version } = read(text);
    expect(rows[0]).toMatchObject({ calculatorId: 5, entities: null, category: "physical" });
    expect(version).toBe("corrected labels");
  });

  it("tells the version by the number of rows, however bad they are", () => {
    const sizes = { "v1.0 test": 1047, "v1.0 train": 10_053, "v1.1 or later, test": 1100 };
    const later = { "v1.1 or v1.2, train": 10_543, "Verified, train": 10_538, unknown: 2 };
    for (const [version, rows] of Object.entries({ ...sizes, ...later }))
      expect(read(csv() + "?\n".repeat(rows)).version).toBe(version);
  });

  it("reads parquet as it reads CSV", async () => {
    const records = [good, replaced("Upper Limit", "high")];
    const { rows, problems } = await readRows(new Uint8Array(parquet(records)), "own.parquet");
    expect(rows).toEqual(read(csv(good)).rows.map((row) => ({ ...row, line: 1 })));
    expect(problems.map(describeProblem)).toEqual([
      'own.parquet:2: Upper Limit: expected a number, got "high"',
    ]);
  });

  it("refuses parquet that is cut off, wherever", async () => {
    const whole = new Uint8Array(parquet([good, good]));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 4, max: whole.length - 1 }), async (length) => {
        await expect(readRows(whole.slice(0, length), "cut.parquet")).rejects.toThrow(
          "readRows: expected cut.parquet to be parquet",
        );
      }),
    );
  });

  it("throws nothing but DataError for CSV with flipped and missing bytes", () => {
    const whole = bytes(csv(good, good));
    const flips = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(flips, fc.nat(whole.length), (flipped, length) => {
        const broken = whole.slice();
        for (const [place, byte] of flipped) broken[place] = byte;
        try {
          const { rows, problems } = readCsvRows(broken.slice(0, length), "broken.csv");
          for (const { line } of problems) expect(line).toBeGreaterThan(1);
          expect(rows.length + problems.length).toBeLessThanOrEqual(broken.length);
        } catch (error) {
          expect((error as Error).name).toBe("DataError");
        }
      }),
      { numRuns: 500 },
    );
  });
});
