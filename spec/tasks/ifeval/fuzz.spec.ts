import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ifeval } from "../../../src/tasks/index.ts";

/** Pieces that some instruction looks at. */
const pieces = [
  ...["a", "The", "OK", "é", "ß", "İ", "ſ", "日", "😀", "\ud800", "1", "٣", "_"],
  ...[" ", "\n", "\n\n", "\t", "\u2028", "\x1c", "\ufeff", "\0"],
  ...[".", "...", ". . .", "?", "!", ",", "'", '"', "-", "--", "*", "**", "***", "******"],
  ...["[", "]", "<<", ">>", "{", "}", "(", ")", "```json", "P.S.", "P.P.S", "NaN", "\\", "|", "+"],
  ...["Section 1", "My answer is yes."],
];
/** Names that every object has. */
const inherited = Object.getOwnPropertyNames(Object.prototype);
const text = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((parts) => parts.join("")),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.constantFrom(...inherited),
);

const relation = fc.constantFrom("at least", "less than");
const count = fc.integer({ min: -1, max: 5 });
const kwargs = fc.record({
  keywords: fc.array(text, { maxLength: 3 }),
  keyword: text,
  frequency: count,
  relation,
  forbidden_words: fc.array(text, { maxLength: 3 }),
  letter: fc.string({ maxLength: 2 }),
  let_frequency: count,
  let_relation: relation,
  language: fc.constantFrom("en", "de", "hi", "xx", ...inherited),
  num_sentences: count,
  num_paragraphs: count,
  num_words: count,
  nth_paragraph: count,
  first_word: text,
  num_placeholders: count,
  postscript_marker: fc.oneof(fc.constantFrom("P.S.", "P.P.S"), text),
  num_bullets: count,
  num_highlights: count,
  section_spliter: text,
  num_sections: count,
  prompt_to_repeat: text,
  end_phrase: text,
  capital_frequency: count,
  capital_relation: relation,
});
const instructionId = fc.constantFrom(...Object.keys(ifeval.instructions));

describe("verify", () => {
  it("gives a verdict for any text and any words, the same again, and changes nothing", () => {
    fc.assert(
      fc.property(instructionId, kwargs, text, fc.boolean(), (id, args, response, loose) => {
        const asked = { instructionId: id, kwargs: Object.freeze(args), response };
        const before = JSON.stringify(asked);
        const verdict = ifeval.verify(asked, { loose });
        expect(typeof verdict).toBe("boolean");
        expect(ifeval.verify(asked, { loose })).toBe(verdict);
        expect(JSON.stringify(asked)).toBe(before);
      }),
      { numRuns: 5000 },
    );
  });

  it("is never stricter when loose", () => {
    fc.assert(
      fc.property(instructionId, kwargs, text, (id, args, response) => {
        const asked = { instructionId: id, kwargs: args, response };
        if (ifeval.verify(asked)) expect(ifeval.verify(asked, { loose: true })).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("comes to an end with long texts made to be slow", () => {
    const args = {
      ...(fc.sample(kwargs, { numRuns: 1, seed: 1 })[0] as object),
      keywords: ["(a+)+$", "(a|aa)+b", "a*a*a*a*a*b"],
      forbidden_words: ["(a+)+$", "(.*)*x"],
      section_spliter: "(a+)+b",
      postscript_marker: "(a+)+b",
    };
    for (const piece of [...pieces, "a.)", '"\\', "a ", "* \n", "[a", "<<a", "'a", "a,a", "\\u"])
      for (const id of Object.keys(ifeval.instructions)) {
        const response = piece.repeat(Math.ceil(10_000 / piece.length));
        const asked = { instructionId: id, kwargs: args, response };
        expect(typeof ifeval.verify(asked, { loose: true })).toBe("boolean");
      }
  });
});
