import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wordVocabulary } from "../../../src/tasks/study/words.ts";

// " ab" is one token, " ba" is two; a line break is a symbol.
const table = {
  pieces: ["<s>", "</s>", "ab", " ab", "ba", " ", "\n", " \n"],
  ...{ first: { ab: [2], ba: [4] }, next: { ab: [3], ba: [5, 4], "\n": [7] } },
  ...{ before: [0], after: [1, 0], end: 1 },
};
const words = wordVocabulary(table);

describe("wordVocabulary(table)", () => {
  it("puts a question where the template has it, and an answer before its end", () => {
    expect(words.prompt(["ba", "ab"])).toEqual([0, 4, 3, 1, 0]);
    expect(words.response(["ab", "ba"])).toEqual([2, 5, 4, 1]);
    expect(words.response([])).toEqual([1]);
    expect([words.size, words.eos, words.start]).toEqual([8, 1, undefined]);
    expect(words.symbols).toEqual(["ab", "ba", "\n"]);
  });

  it("reads what it wrote", () => {
    const text = fc.array(fc.constantFrom("ab", "ba", "\n"), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        text.filter(([symbol]) => symbol !== "\n"),
        (symbols) => {
          expect(words.asked(words.prompt(symbols))).toEqual(symbols);
          expect(words.decode(words.response(symbols).slice(0, -1))).toEqual(symbols);
        },
      ),
    );
  });

  it("takes what a model says as words, whatever its tokens", () => {
    expect(words.decode([2, 4, 5, 2])).toEqual(["abba", "ab"]);
  });

  it("names what it does not know", () => {
    expect(() => words.encode(["toString"])).toThrow("expected a known symbol, got toString");
    expect(() => words.response(["\n"])).toThrow("expected a known symbol, got \n");
    expect(() => words.decode([8])).toThrow("expected 0 ≤ id < 8, got 8");
  });
});
