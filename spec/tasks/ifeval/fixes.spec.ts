import { describe, expect, it } from "vitest";
import { ifeval } from "../../../src/tasks/index.ts";

type Row = readonly [
  fix: ifeval.FixName,
  instructionId: string,
  kwargs: ifeval.Kwargs,
  response: string,
  original: boolean,
];

const atLeast = (name: string, n: number) => ({ relation: "at least", [name]: n });
const nth = { num_paragraphs: 2, nth_paragraph: 2, first_word: "word" };
const capitals = { capital_relation: "less than", capital_frequency: 2 };
const letters = { letter: "e", let_relation: "at least", let_frequency: 2 };
const french = "Le chat est sur la table et il dort toute la journée.";

/** What the original says of a response, where the mended checker says the opposite. */
const rows: readonly Row[] = [
  ["keyword-literal", "keywords:existence", { keywords: ["a.b"] }, "it is aXb", true],
  [
    "keyword-literal",
    "keywords:frequency",
    { keyword: "$5", ...atLeast("frequency", 1) },
    "for $5.",
    false,
  ],
  ["keyword-literal", "keywords:forbidden_words", { forbidden_words: ["C++"] }, "in C++.", true],
  [
    "keyword-frequency-words",
    "keywords:frequency",
    { keyword: "art", ...atLeast("frequency", 2) },
    "start the art",
    true,
  ],
  ["letter-accents", "keywords:letter_frequency", letters, "né le", false],
  ["language-lower-case", "language:response_language", { language: "en" }, "THE CAT SAT", false],
  ["language-undetected", "language:response_language", { language: "de" }, "1234", true],
  ["language-undetected", "change_case:english_lowercase", {}, "ªº ªº", true],
  ["case-without-letters", "change_case:english_lowercase", {}, "42", false],
  ["case-without-letters", "change_case:english_capital", {}, "42", false],
  [
    "paragraph-dividers",
    "length_constraints:number_paragraphs",
    { num_paragraphs: 1 },
    "a ***b*** c",
    false,
  ],
  [
    "paragraph-dividers",
    "length_constraints:number_paragraphs",
    { num_paragraphs: 2 },
    "a\n\n* * *\n\nb",
    false,
  ],
  [
    "nth-paragraph-index",
    "length_constraints:nth_paragraph_first_word",
    nth,
    "a\n\n\n\nword b",
    false,
  ],
  [
    "nth-paragraph-punctuation",
    "length_constraints:nth_paragraph_first_word",
    nth,
    "a\n\n**Word**: b",
    false,
  ],
  [
    "words-joined",
    "length_constraints:number_words",
    { relation: "less than", num_words: 3 },
    "don't stop",
    false,
  ],
  ["capital-words", "change_case:capital_word_frequency", capitals, "I say A", false],
  [
    "two-responses-separators",
    "combination:two_responses",
    {},
    "a\n*******\nb\n******\n******",
    false,
  ],
  [
    "repeat-prompt-spaces",
    "combination:repeat_prompt",
    { prompt_to_repeat: "Say it.  Now" },
    "“Say it.\nNow” yes",
    false,
  ],
  [
    "end-checker-quotes",
    "startend:end_checker",
    { end_phrase: 'he said "yes"' },
    'And he said "yes"',
    false,
  ],
  [
    "end-checker-quotes",
    "startend:end_checker",
    { end_phrase: "The end." },
    "**“The end.”**",
    false,
  ],
  ["quotation-marks", "startend:quotation", {}, "“a”", false],
  [
    "bullet-lines",
    "detectable_format:number_bullet_lists",
    { num_bullets: 2 },
    "* a\n---\n* b",
    false,
  ],
  ["bullet-lines", "detectable_format:number_bullet_lists", { num_bullets: 1 }, "-5 degrees", true],
  [
    "highlights-once",
    "detectable_format:number_highlighted_sections",
    { num_highlights: 1 },
    "3 * 4 * 5",
    true,
  ],
  [
    "section-case",
    "detectable_format:multiple_sections",
    { section_spliter: "Section", num_sections: 2 },
    "SECTION 1\na\nSECTION 2\nb",
    false,
  ],
  [
    "placeholder-links",
    "detectable_content:number_placeholders",
    { num_placeholders: 1 },
    "[a](b) [ ] [1]",
    true,
  ],
  [
    "constrained-response-case",
    "detectable_format:constrained_response",
    {},
    "My answer is **Yes**",
    false,
  ],
  ["json-fence", "detectable_format:json_format", {}, '```js\n{"a": 1}\n```', false],
  ["commas-of-any-script", "punctuation:no_comma", {}, "是，不是", true],
];

/** Another repair mends these too. */
const twice: ReadonlySet<string> = new Set(["for $5."]);

describe("ifeval.verify(…, { fixes })", () => {
  it.each(rows)("%s mends %s", (fix, instructionId, kwargs, response, original) => {
    const asked = { instructionId, kwargs, response };
    // The detector that the faulty verdict comes from: capitals are no English.
    const language = (text: string): string | undefined =>
      !/\p{L}/u.test(text.replace(/[ªº]/g, ""))
        ? undefined
        : text === text.toUpperCase()
          ? "de"
          : "en";
    expect(ifeval.verify(asked, { language })).toBe(original);
    expect(ifeval.verify(asked, { language, fixes: [fix] })).toBe(!original);
    expect(ifeval.verify(asked, { language, fixes: "all" })).toBe(!original);
    const others = Object.keys(ifeval.FIXES).filter((name) => name !== fix) as ifeval.FixName[];
    if (!twice.has(response))
      expect(ifeval.verify(asked, { language, fixes: others })).toBe(original);
  });

  it("leaves right and wrong responses what they are, under every repair", () => {
    const cases: readonly (readonly [string, ifeval.Kwargs, right: string, wrong: string])[] = [
      ["keywords:existence", { keywords: ["cat"] }, "a Cat", "a dog"],
      ["keywords:forbidden_words", { forbidden_words: ["cat"] }, "concatenate", "a cat."],
      ["keywords:letter_frequency", letters, "eel", "e"],
      [
        "language:response_language",
        { language: "fr" },
        french,
        "The cat is on the table, asleep.",
      ],
      ["length_constraints:number_paragraphs", { num_paragraphs: 2 }, "a\n***\nb", "a\n\nb"],
      ["length_constraints:nth_paragraph_first_word", nth, "a\n\nWord b", "word\n\na"],
      ["detectable_content:number_placeholders", { num_placeholders: 1 }, "[name]", "name"],
      ["detectable_format:number_bullet_lists", { num_bullets: 2 }, "* a\n- b", "* a"],
      [
        "detectable_format:number_highlighted_sections",
        { num_highlights: 2 },
        "*a* and **b**",
        "*a*",
      ],
      ["detectable_format:json_format", {}, '```json\n{"a": 1}\n```', "```json\n{a}\n```"],
      ["combination:two_responses", {}, "a\n******\nb", "a\n******\na"],
      ["startend:quotation", {}, '"a"', "a"],
      ["startend:end_checker", { end_phrase: "The end" }, "So. the end", "The end?"],
      ["change_case:english_capital", {}, "THE CAT IS ON THE TABLE AND SLEEPS", "The cat"],
      ["change_case:capital_word_frequency", capitals, "NASA is", "NASA AND ESA"],
      ["punctuation:no_comma", {}, "a b", "a, b"],
    ];
    for (const [instructionId, kwargs, right, wrong] of cases)
      for (const fixes of ["all", []] as const) {
        const judge = (response: string): boolean =>
          ifeval.verify({ instructionId, kwargs, response }, { fixes });
        expect([judge(right), judge(wrong)], instructionId).toEqual([true, false]);
      }
  });

  it("has a row for every repair, and refuses a name that it does not know", () => {
    expect(new Set(rows.map(([fix]) => fix))).toEqual(new Set(Object.keys(ifeval.FIXES)));
    const asked = { instructionId: "punctuation:no_comma", kwargs: {}, response: "a" };
    const fixes = ["commas"] as unknown as ifeval.FixName[];
    expect(() => ifeval.verify(asked, { fixes })).toThrow(RangeError);
  });
});
