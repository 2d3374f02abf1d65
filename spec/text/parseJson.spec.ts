import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataError } from "../../src/tensor/errors.ts";
import { parseJson, shown } from "../../src/text/jsonl.ts";

describe("parseJson(text, where)", () => {
  it("reads what JSON.parse reads, where nothing is lost", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, space) => {
        const text = JSON.stringify(value, null, space);
        expect(parseJson(text, "row")).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['{"id": 9007199254740993}', "id: expected an integer that a double has, as those below 2^53"],
    ["[1, -9007199254740993]", "[1]: expected an integer that a double has"],
    ['{"a": [{}, {"b\\"": 1e400}]}', 'a[1].b": expected a number that is not too large'],
    ['{"a": -1e400}', "got -1e400"],
    ['{"a": 1e-400}', "a: expected a number that is not too small for a double, got 1e-400"],
    ['{"a": {"b": 1, "c": 2, "b": 3}}', "a.b: expected a key once, got it twice"],
    ['{"a": 1, "\\u0061": 2}', "a: expected a key once"],
    ["9007199254740993", "row: expected an integer that a double has"],
    ['{"a": 1', 'row: expected JSON, got {"a": 1'],
    ["", "row: expected JSON, got "],
    [`${"[".repeat(501)}${"]".repeat(501)}`, "row: expected at most 500 nested brackets"],
    ["[".repeat(2e5), "row: expected JSON"],
  ])("refuses %.40j", (text, message) => {
    expect(() => parseJson(text, "row")).toThrow(DataError);
    expect(() => parseJson(text, "row")).toThrow(message);
  });

  it("takes keys again in other objects, texts like numbers, and zeros", () => {
    const text =
      '[{"a":1},{"a":{"a":2}},"1e400","9007199254740993",0e999,-0.0,0.1,9007199254740992,295147905179352830000,1000000000000000000000,1e22,{"__proto__":1}]';
    expect(parseJson(text, "row")).toEqual(JSON.parse(text));
  });

  it("reads long texts at once", () => {
    const text = JSON.stringify({ a: '\\"{['.repeat(3e5), b: Array(1e5).fill(1) });
    expect(parseJson(text, "row")).toEqual(JSON.parse(text));
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
