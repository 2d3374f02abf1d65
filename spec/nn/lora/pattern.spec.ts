import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fullMatch } from "../../../src/nn/lora/pattern.ts";
import { DataError } from "../../../src/tensor/errors.ts";

/** Patterns whose meaning JavaScript's engine shares with Python's. */
const patterns: fc.Arbitrary<string> = fc.letrec<{ pattern: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("a", "b", "0", "_", ".", "\\.", "\\d", "\\D", "\\w", "\\W", "\\b", "\\B"),
    fc.constantFrom("[ab]", "[^a]", "[a-b0]", "[\\d_]", "[b-]", "^", "$"),
    tie("pattern").map((inner) => `(?:${inner})`),
    tie("pattern").map((inner) => `(${inner})`),
    tie("pattern").map((inner) => `(?=${inner})`),
    tie("pattern").map((inner) => `(?!${inner})`),
  ),
  pattern: fc
    .array(
      fc.tuple(
        tie("atom"),
        fc.constantFrom("", "", "", "*", "+", "?", "*?", "{2}", "{1,2}", "{1,}"),
      ),
      { maxLength: 4 },
    )
    .map((parts) =>
      parts
        .map(([atom, times]) =>
          // JavaScript takes no repeated assertions.
          /^(\^|\$|\\[bB]|\(\?[=!])/.test(atom) ? atom : atom + times,
        )
        .join(""),
    )
    .chain((one) => fc.constantFrom(one, `${one}|b0`, `a|${one}`)),
})).pattern;

const texts = fc.string({ unit: fc.constantFrom("a", "b", "0", ".", "_", "-"), maxLength: 6 });

describe("fullMatch(pattern, where)", () => {
  test("says what an engine of regular expressions says", () => {
    fc.assert(
      fc.property(patterns, fc.array(texts, { minLength: 8, maxLength: 8 }), (pattern, tried) => {
        const matches = fullMatch(pattern, "test");
        const oracle = new RegExp(`^(?:${pattern})$`, "u");
        for (const text of tried) expect([text, matches(text)]).toEqual([text, oracle.test(text)]);
      }),
      { numRuns: 500 },
    );
  });

  test("knows what people write in configs", () => {
    const unsloth =
      "(?:.*?(?:language|text).*?(?:self_attn|attention|attn|mlp|feed_forward|ffn|dense).*?(?:q_proj|up_proj).*?)|(?:\\bmodel\\.layers\\.[\\d]{1,}\\.(?:self_attn|mlp)\\.(?:(?:q_proj|down_proj)))";
    const vision = "^(?!.*vision_tower).*\\.(?:q_proj|v_proj)$";
    const named = "model\\.(?P<part>layers)\\.[0-3]\\..*_proj";
    const path = "model.layers.2.self_attn.q_proj";
    for (const pattern of [unsloth, vision, named]) {
      expect(fullMatch(pattern, "test")(path)).toBe(true);
      expect(fullMatch(pattern, "test")("model.vision_tower.layers.9.q_norm")).toBe(false);
    }
  });

  test("ends soon whatever the pattern", () => {
    const text = "model.layers.10.self_attn.q_proj.and.more.and.more";
    const hostile = ["(.*)*x", "(.*.*)*(.*.*)*x", `${".*".repeat(200)}x`, "((a?){1000}){1000}x"];
    // A backtracking engine needs longer than the universe is old.
    for (const pattern of hostile) expect(fullMatch(pattern, "test")(text)).toBe(false);
  });

  test.each([
    ["(a", "a ) for each ("],
    ["a)", 'no ")" without its opening'],
    ["[a", "something after its last character"],
    ["*a", "something before *"],
    ["a**", "one repetition at a time"],
    ["a++", "no possessive repetition"],
    ["a{2,1}", "0 … 1000 repetitions"],
    ["a{1001}", "0 … 1000 repetitions"],
    ["(?<=a)b", "as groups"],
    ["(?i)a", "as groups"],
    ["a\\Z", "no \\Z"],
    ["(a)\\1", "no \\1"],
    ["[b-a]", "ranges from a lower to a higher character"],
    ["(".repeat(200), "at most 100 groups in each other"],
    ["a".repeat(20_000), "at most 10000 characters"],
  ])("refuses %.20s", (pattern, why) => {
    expect(() => fullMatch(pattern, "config.json: target_modules")).toThrow(DataError);
    expect(() => fullMatch(pattern, "config.json: target_modules")).toThrow(
      "config.json: target_modules: expected a regular expression with ",
    );
    expect(() => fullMatch(pattern, "x")).toThrow(why);
  });
});
