import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJsonlBytes } from "../../src/cli/terminal/jsonlFile.ts";
import { ifeval, parseJsonl, writeJsonl } from "../../src/tasks/index.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { parseRow, record, shown } from "../../src/text/jsonl.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (bytes: Uint8Array) =>
  readJsonlBytes(bytes, "f.jsonl", (text, file) => parseJsonl(text, file, record));

describe("parseJsonl(text, file, read)", () => {
  it("reads back what writeJsonl writes, with a byte order mark, CRLF and blank lines too", () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), (rows) => {
        const text = writeJsonl(rows);
        const expected = JSON.parse(JSON.stringify(rows)) as unknown;
        for (const form of [text, `\ufeff${text}`, text.replaceAll("\n", "\r\n"), `\n\n${text} \n`])
          expect(parseJsonl(form, "f", record)).toEqual({ rows: expected, problems: [] });
      }),
    );
  });

  it("loses no row but the last to a truncated file, and says where it broke off", () => {
    const rows = [{ a: "one" }, { a: "two" }, { a: "three" }];
    const text = writeJsonl(rows);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: text.length }), (length) => {
        const { rows: kept, problems } = parseJsonl(text.slice(0, length), "f", record);
        const lines = text.slice(0, length).split("\n").filter(Boolean).length;
        expect(rows.slice(0, kept.length)).toEqual(kept);
        expect(kept.length + problems.length).toBe(lines);
        expect(problems.every(({ line }) => line === lines)).toBe(true);
      }),
    );
  });

  it("takes huge fields, and shows little of huge rows that are wrong", () => {
    const huge = "x".repeat(2 ** 23);
    const lines = [{ huge }, huge, [huge], { huge }];
    const text = `${lines.map((line) => JSON.stringify(line)).join("\n")}\n{"${huge}`;
    const { rows, problems } = parseJsonl(text, "f", record);
    expect(rows).toEqual([{ huge }, { huge }]);
    expect(problems.map(({ line }) => line)).toEqual([2, 3, 5]);
    for (const { message } of problems) expect(message.length).toBeLessThan(100);
    const prompt = { prompt: huge, instruction_id_list: ["startend:end_checker"] };
    const bad = [
      { ...prompt, kwargs: [{ end_phrase: [huge] }] },
      { ...prompt, kwargs: huge },
      { ...prompt, prompt: [huge], kwargs: [{}] },
    ];
    for (const { message } of ifeval.readPrompts(writeJsonl(bad), "f").problems)
      expect(message).toMatch(/^\w+: expected .{1,80}$/);
  });
});

describe("readJsonlBytes(bytes, path, parse)", () => {
  it("takes a byte order mark off", () => {
    expect(read(bytesOf('\ufeff{"a":1}\r\n')).rows).toEqual([{ a: 1 }]);
  });

  it("leaves out the lines that are no UTF-8, and no others", () => {
    const latin1 = Buffer.from('{"a":"é"}\n', "latin1");
    const good = bytesOf('{"a":"é"}\n');
    const { rows, problems } = read(Buffer.concat([good, latin1, good, bytesOf("{\n"), latin1]));
    expect(rows).toEqual([{ a: "é" }, { a: "é" }]);
    expect(problems).toEqual([
      "f.jsonl:2: row: expected UTF-8, got other bytes",
      "f.jsonl:4: row: expected JSON, got { (column 2)",
      "f.jsonl:5: row: expected UTF-8, got other bytes",
    ]);
  });

  it.each<readonly [what: string, bytes: Uint8Array, message: string]>([
    ["UTF-16", Buffer.from("\ufeff{}", "utf16le"), "got UTF-16"],
    ["UTF-16 without a mark", Buffer.from("{}", "utf16le"), "got a zero byte at offset 1"],
    ["gzip", Buffer.from([0x1f, 0x8b, 8]), "got a gzip archive: unpack it first"],
    ["zip", Buffer.from([0x50, 0x4b, 3, 4]), "got a zip archive: unpack it first"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(DataError);
    expect(() => read(bytes)).toThrow(`expected f.jsonl to be JSONL in UTF-8, ${message}`);
  });

  it("throws nothing but DataError, whatever the bytes", () => {
    const start = bytesOf('{"a":"é"}\n');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, behind) => {
        try {
          const { rows, problems } = read(behind ? Buffer.concat([start, bytes]) : bytes);
          expect(Array.isArray(rows) && Array.isArray(problems)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("parseRow(text, where)", () => {
  it.each([
    ['{"a": [{"b": 9007199254740993}]}', "a[0].b: expected an integer that a double has"],
    ['{"a": 1e400}', "a: expected a number that is not too large for a double, got 1e400"],
    ['{"a": 1, "\\u0061": 2}', "a: expected a key once, got it twice"],
    ["-1e400", "row: expected a number"],
    ['{"a": 1', 'row: expected JSON, got {"a": 1 (column 8)'],
    ["[".repeat(2e5), "expected at most 100 nested brackets, got one more"],
  ])("names the field in %.40j", (text, message) => {
    expect(() => parseRow(text, "row")).toThrow(DataError);
    expect(() => parseRow(text, "row")).toThrow(message);
  });
});

describe("shown(value)", () => {
  it("shows anything, cut short", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(shown(circle)).toBe("a value that cannot be written");
    expect([shown(Number.POSITIVE_INFINITY), shown(2n), shown(undefined), shown("x")]).toEqual([
      ...["Infinity", "2", "nothing", '"x"'],
    ]);
    expect(shown("x".repeat(100)).length).toBeLessThan(50);
  });
});
