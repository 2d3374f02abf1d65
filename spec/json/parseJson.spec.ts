import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Float, type JsonFault, MAX_DEPTH, parseJson } from "../../src/json/parseJson.ts";

/** Refuses by throwing the fault itself. */
const refuse = (fault: JsonFault): never => {
  throw fault;
};
const read = (text: string): unknown => parseJson(text, { refuse });

function faultOf(text: string, depth = MAX_DEPTH): JsonFault | undefined {
  try {
    parseJson(text, { refuse, depth });
    return undefined;
  } catch (fault) {
    return fault as JsonFault;
  }
}

describe("parseJson(text, options)", () => {
  it("reads what JSON.parse reads, where nothing is lost", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, space) => {
        const text = JSON.stringify(value, null, space);
        expect(JSON.stringify(read(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it("refuses what JSON.parse refuses, and takes it for no JSON", () => {
    const mended = fc.tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.nat(3), fc.string());
    fc.assert(
      fc.property(mended, ([text, place, cut, by]) => {
        const at = place % (text.length + 1);
        const damaged = text.slice(0, at) + by + text.slice(at + cut);
        let isJson = true;
        try {
          JSON.parse(damaged);
        } catch {
          isJson = false;
        }
        const fault = faultOf(damaged);
        expect(fault?.isJson ?? true).toBe(isJson);
        if (fault) expect(fault.index).toBeLessThanOrEqual(damaged.length);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['{"id": 9007199254740993}', 7, "id", "an integer that a double has, as those below 2^53"],
    ["[1, -9007199254740993]", 4, "[1]", "an integer that a double has"],
    ['{"a": [{}, {"b\\"": 1e400}]}', 19, 'a[1].b"', "a number that is not too large"],
    ['{"a": -1e400}', 6, "a", "a number that is not too large"],
    ['{"a": 1e-400}', 6, "a", "a number that is not too small for a double"],
    ['{"a": {"b": 1, "c": 2, "b": 3}}', 23, "a.b", "a key once"],
    ['{"a": 1, "\\u0061": 2}', 9, "a", "a key once"],
    ["9007199254740993", 0, "", "an integer that a double has"],
    ["[[[]]]", 2, "[0][0]", "at most 2 nested brackets"],
  ])("refuses %j, which JSON.parse takes", (text, index, path, expected) => {
    expect(() => JSON.parse(text)).not.toThrow();
    expect(faultOf(text, text === "[[[]]]" ? 2 : MAX_DEPTH)).toMatchObject({
      ...{ index, path, isJson: true },
      expected: expect.stringContaining(expected),
    });
  });

  it.each([
    ['{"a": 1', 7, "a comma or }", "the end"],
    ["", 0, "a JSON value", "the end"],
    ["[1,]", 3, "a JSON value", '"]"'],
    ["{} {}", 3, "nothing behind the value", '"{}"'],
    ["01", 1, "nothing behind the value", '"1"'],
    ["{'a': 1}", 1, "a key in quotes", `"'a': 1}"`],
    ['{"a" 1}', 5, "a colon", '"1}"'],
    ['"\\x"', 0, "a JSON string with its closing quote", '"\\"\\\\x\\""'],
  ])("refuses %j, which is no JSON", (text, index, expected, got) => {
    expect(faultOf(text)).toMatchObject({ index, expected, got, isJson: false });
  });

  it("stops at depth, however deep the rest is", () => {
    expect(faultOf("[".repeat(2e6))?.expected).toBe(`at most ${MAX_DEPTH} nested brackets`);
    expect(faultOf("[".repeat(MAX_DEPTH) + "]".repeat(MAX_DEPTH))).toBeUndefined();
  });

  it("takes keys again in other objects, texts like numbers, and zeros", () => {
    const text =
      '[{"a":1},{"a":{"a":2}},"1e400","9007199254740993",0e999,-0.0,0.1,9007199254740992,295147905179352830000,1000000000000000000000,1e22,{"__proto__":1,"constructor":2}]';
    expect(read(text)).toEqual(JSON.parse(text));
  });

  it("takes __proto__ for a key like others", () => {
    const value = read('{"__proto__": {"polluted": 1}, "toString": null}') as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(["__proto__", "toString"]);
    expect("polluted" in value).toBe(false);
  });

  it("keeps whole floats apart where they are asked for", () => {
    expect(parseJson("1.0", { refuse, floats: true })).toBeInstanceOf(Float);
    expect(parseJson("1", { refuse, floats: true })).toBe(1);
    expect(read("1.0")).toBe(1);
  });

  it("reads long texts at once", () => {
    const text = JSON.stringify({ a: '"{['.repeat(3e5), b: Array(1e5).fill(1) });
    expect(read(text)).toEqual(JSON.parse(text));
  });
});
