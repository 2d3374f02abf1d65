import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "../../src/json/canonicalJson.ts";
import { jsonDigest } from "../../src/json/jsonDigest.ts";

/** The same value with the keys of its objects in another order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, inner]) => [key, turned(inner)]),
  );
}

const json = fc.jsonValue({ noUnicodeString: false, maxDepth: 4 });

test("the order of keys is of no effect, and nothing is lost", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(canonicalJson(turned(value))).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("other values are other texts", () => {
  fc.assert(
    fc.property(json, json, (a, b) => {
      fc.pre(JSON.stringify(turned(a)) !== JSON.stringify(turned(b)));
      const same = canonicalJson(a) === canonicalJson(b);
      if (same) expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)));
    }),
  );
});

test("keys are sorted, also those that look like numbers, and undefined is left out", () => {
  expect(canonicalJson({ b: 1, a: { d: [1, { z: 1, y: undefined }], c: -0 } })).toBe(
    '{"a":{"c":0,"d":[1,{"z":1}]},"b":1}',
  );
});

test("numbers that JSON does not know are refused", () => {
  for (const x of [Number.NaN, Infinity])
    expect(() => canonicalJson({ a: [x] })).toThrow(`expected finite numbers, got ${x} at 0`);
});

test("a digest is the text's SHA-256", async () => {
  expect(await jsonDigest({ b: 1, a: 2 })).toBe(
    // printf '{"a":2,"b":1}' | sha256sum
    "d3626ac30a87e6f7a6428233b3c68299976865fa5508e4267c5415c76af7a772",
  );
});
