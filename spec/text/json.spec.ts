import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Float, MAX_DEPTH } from "../../src/json/parseJson.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { parsePythonJson } from "../../src/text/json.ts";
import { dumps, floatRepr, strftime, strip } from "../../src/text/python.ts";

describe("parsePythonJson(text)", () => {
  it("reads what JSON.parse reads", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const value: unknown = JSON.parse(text);
        expect(JSON.stringify(parsePythonJson(text))).toBe(JSON.stringify(value));
      }),
    );
  });

  it.each([
    '"a\\u00e9\\ud83d\\ude00\\n\\"\\\\"',
    " [1, -2.5, true, false, null] ",
    '{"__proto__": 1}',
  ])("reads %s", (text) =>
    expect(JSON.stringify(parsePythonJson(text))).toBe(JSON.stringify(JSON.parse(text))),
  );

  it("keeps whole floats apart from integers", () => {
    expect(parsePythonJson("1.0")).toBeInstanceOf(Float);
    expect(parsePythonJson("1e2")).toBeInstanceOf(Float);
    expect(parsePythonJson("1")).toBe(1);
    expect(parsePythonJson("1.5")).toBe(1.5);
    expect(JSON.stringify(parsePythonJson('{"a": 1.0}'))).toBe('{"a":1}');
  });

  it.each([
    ["a key twice", '{"a": 1, "\\u0061": 2}'],
    ["an integer that float64 cannot hold", "9007199254740993"],
    ["a number without end", "1e999"],
    ["too many levels", "[".repeat(MAX_DEPTH + 1) + "]".repeat(MAX_DEPTH + 1)],
    ["a text behind the value", "{} {}"],
    ["a bare control character", '"a\\tb\tc"'],
    ["a wrong escape", '"\\x"'],
    ["an open text", '"abc'],
    ["an open text behind a backslash", '"abc\\\\\\"'],
    ["a leading zero", "01"],
    ["single quotes", "{'a': 1}"],
    ["a trailing comma", "[1,]"],
    ["NaN", "NaN"],
    ["nothing", ""],
  ])("refuses %s", (_, text) => {
    expect(() => parsePythonJson(text)).toThrow(DataError);
    expect(() => parsePythonJson(text)).toThrow(/column \d+: expected /);
  });

  it("reads long texts and lists in one go", () => {
    const long = "a\\n".repeat(2_000_000);
    expect(`${parsePythonJson(`"${long}"`)}`.length).toBe(4_000_000);
    expect((parsePythonJson(`[${"1,".repeat(200_000)}1]`) as unknown[]).length).toBe(200_001);
  });
});

describe("Python's spelling", () => {
  it.each([
    [1, "1.0"],
    [-0, "-0.0"],
    [0.1, "0.1"],
    [1e-4, "0.0001"],
    [1e-5, "1e-05"],
    [1.5e-7, "1.5e-07"],
    [123456789012345680, "1.2345678901234568e+17"],
    [1e16, "1e+16"],
    [1e15, "1000000000000000.0"],
    [1e300, "1e+300"],
  ])("of the float %d is %s", (x, expected) => {
    expect(floatRepr(x)).toBe(expected);
    expect(Number(floatRepr(x))).toBe(x);
  });

  it("of any float reads as the same", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        expect(Number(floatRepr(x))).toBe(x);
        expect(floatRepr(x)).toMatch(/[.e]/);
      }),
    );
  });

  it("of JSON is that of json.dumps", () => {
    const value = { b: [1, new Float(1), "é<"], a: {}, c: null, d: [] };
    expect(dumps(value)).toBe('{"b": [1, 1.0, "é<"], "a": {}, "c": null, "d": []}');
    expect(dumps(value, { ensureAscii: true, sortKeys: true, separators: [",", ":"] })).toBe(
      '{"a":{},"b":[1,1.0,"\\u00e9<"],"c":null,"d":[]}',
    );
    expect(dumps({ a: [1] }, { indent: 2 })).toBe('{\n  "a": [\n    1\n  ]\n}');
  });

  it("of white space is not JavaScript's", () => {
    expect(strip(" \x1c\x85a\u3000\n", "both")).toBe("a");
    expect(strip("\ufeffa", "left")).toBe("\ufeffa");
    expect(strip("\n\n a \n", "left", "\n")).toBe(" a \n");
    expect(strip("xyaxy", "right", "yx")).toBe("xya");
  });

  it("of dates is that of the C locale", () => {
    const date = new Date(2026, 6, 6, 0, 5, 9);
    expect(strftime(date, "%d %b %Y, %A %a %B %y-%m %H:%M:%S %I %p %-d%%%q")).toBe(
      "06 Jul 2026, Monday Mon July 26-07 00:05:09 12 AM 6%%q",
    );
  });
});
