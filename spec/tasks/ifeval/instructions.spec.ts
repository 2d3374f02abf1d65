import { describe, expect, it } from "vitest";
import { ifeval } from "../../../src/tasks/index.ts";
import { DataError } from "../../../src/tensor/errors.ts";

type Example = readonly [kwargs: ifeval.Kwargs, good: readonly string[], bad: readonly string[]];

const atLeast = (name: string, count: number): ifeval.Kwargs => ({
  relation: "at least",
  [name]: count,
});
const lessThan = (name: string, count: number): ifeval.Kwargs => ({
  relation: "less than",
  [name]: count,
});

/** What follows each instruction and what does not. */
const examples: Readonly<Record<ifeval.InstructionId, readonly Example[]>> = {
  "keywords:existence": [
    [{ keywords: ["sun", "moon"] }, ["The SUNshine and a moon"], ["the sun alone"]],
    [{ keywords: ["colou?r"] }, ["color", "a COLOUR"], ["colouur"]],
    [{ keywords: ["a(b"] }, ["so a(b it is"], ["ab"]],
    [{ keywords: ["C++"] }, ["I like c++."], ["I like C."]],
    [{ keywords: ["straße"] }, ["STRAßE"], ["strasse"]],
  ],
  "keywords:frequency": [
    [{ keyword: "la", frequency: 3, relation: "at least" }, ["la la La"], ["la la"]],
    [{ keyword: "aa", frequency: 2, relation: "less than" }, ["aaa"], ["aaaa"]],
    [{ keyword: " fox ", frequency: 1, relation: "at least" }, ["foxes"], ["dog"]],
  ],
  "keywords:forbidden_words": [
    [{ forbidden_words: ["cat", "dog"] }, ["concatenate dogma", "cat_"], ["The CAT.", "a dog"]],
    [{ forbidden_words: ["été"] }, ["étés"], ["l'été!"]],
    [{ forbidden_words: ["a.c"] }, ["abcd"], ["abc"]],
  ],
  "keywords:letter_frequency": [
    [{ letter: "E", let_frequency: 2, let_relation: "at least" }, ["eE"], ["e"]],
    [{ letter: "#", let_frequency: 1, let_relation: "less than" }, ["no"], ["a #"]],
  ],
  "language:response_language": [
    [
      { language: "de" },
      ["Das ist nur ein kurzer Satz über das Wetter von heute.", "123"],
      ["This is only a short sentence about the weather of today."],
    ],
    [
      { language: "hi" },
      ["मुझे आज का मौसम बहुत अच्छा लगता है और मैं बाहर जाऊँगा।"],
      ["Me gusta mucho el tiempo de hoy y voy a salir."],
    ],
  ],
  "length_constraints:number_sentences": [
    [atLeast("num_sentences", 2), ["One. Two.", 'He said "No!" She left.'], ["Dr. Jones left."]],
    [lessThan("num_sentences", 2), ["At 5 p.m. we left.", "Wait... what?"], ["Why? Why not."]],
  ],
  "length_constraints:number_paragraphs": [
    [{ num_paragraphs: 2 }, ["a\n***\nb", "***a***b***"], ["a\n\nb", "a *** *** b", "a***"]],
  ],
  "length_constraints:number_words": [
    [atLeast("num_words", 3), ["it's me", "été α_β 1.5"], ["two-words"]],
    [lessThan("num_words", 3), ["two-words"], ["one two three"]],
  ],
  "length_constraints:nth_paragraph_first_word": [
    [
      { num_paragraphs: 2, nth_paragraph: 2, first_word: "Hello" },
      ["a\n\nhello there", 'a\n\n"Hello," she said', "a\n\nHello!?"],
      ["a\n\nthere hello", "hello", "a\n\nhello\n\nb", "a\n\n\n\nhello"],
    ],
  ],
  "detectable_content:number_placeholders": [
    [{ num_placeholders: 2 }, ["[a] []", "[[a] b] [c]"], ["[a\nb] [c]", "[a"]],
  ],
  "detectable_content:postscript": [
    [{ postscript_marker: "P.S." }, ["Bye.\np.s. x", "P. S. x"], ["PS x", "P.P.S x"]],
    [{ postscript_marker: "P.P.S" }, ["P.P.S x", "p. p.s"], ["P.S. x"]],
    [{ postscript_marker: "N.B" }, ["n.b: x"], ["NB x"]],
  ],
  "detectable_format:number_bullet_lists": [
    [
      { num_bullets: 2 },
      ["* a\n* b", "- a\n  - b", "* a\n---", "\n\n * a\n\n-", "*\n* a\n* b"],
      ["* a", "** a\n** b\n* c", "*\n* a"],
    ],
  ],
  "detectable_format:constrained_response": [
    [{}, ["Well. My answer is maybe. Ok"], ["My answer is Yes.", "My answer is yes"]],
  ],
  "detectable_format:number_highlighted_sections": [
    [{ num_highlights: 2 }, ["*a* *b*", "**a** *b*", "***a***"], ["*a* **", "*a\nb* *c*"]],
  ],
  "detectable_format:multiple_sections": [
    [
      { section_spliter: "Section", num_sections: 2 },
      ["Section 1 a\nSection 2 b", "Section1Section٢"],
      ["Section 1 a\nsection 2 b", "Section one Section 1"],
    ],
  ],
  "detectable_format:json_format": [
    [
      {},
      ['{"a": [1, NaN, -Infinity]}', '```json\n{"a": 1}\n```', "3", '"NaN"', '{"a":1,"a":2}'],
      ["{'a': 1}", '{"a": 1', '"a\tb"', "-NaN", "```python\n1\n```"],
    ],
  ],
  "detectable_format:title": [
    [{}, ["<<a>>", "x <<<a>> b>> y"], ["<<>>", "<< >>", "<<a\nb>>", "<a>", "<<<>>>"]],
  ],
  "combination:two_responses": [
    [
      {},
      ["a\n******\nb", "******a******b******"],
      ["a******a ", "a", "a******b******c", "a************b"],
    ],
  ],
  "combination:repeat_prompt": [
    [{ prompt_to_repeat: " Say hi. " }, ["say HI. hi!", "\nSay hi."], ["hi! Say hi."]],
  ],
  "startend:end_checker": [
    [{ end_phrase: " The End. " }, ["so the end.", '"the END." \n'], ["The end. Bye"]],
  ],
  "startend:quotation": [[{}, ['"a"', ' "a\nb" ', '""'], ['"', 'a"', "“a”"]]],
  "change_case:capital_word_frequency": [
    [
      { capital_frequency: 2, capital_relation: "at least" },
      ["DON'T", "I am A", "(NASA) U.S.", "I'M", "A--B"],
      ["Not ONE", "A-B", "ABc d"],
    ],
    [{ capital_frequency: 1, capital_relation: "less than" }, ["aB", "3"], ["A3"]],
  ],
  "change_case:english_capital": [
    [{}, ["THIS IS A LONG TEXT ABOUT THE WEATHER."], ["This is a text", "123", "OK"]],
  ],
  "change_case:english_lowercase": [
    [
      {},
      ["this is a long text about the weather.", "ª"],
      ["This is a text", "dies ist ein langer text über das wetter", "ß"],
    ],
  ],
  "punctuation:no_comma": [[{}, ["a; b", "a，b"], ["a, b"]]],
};

const judgements = Object.entries(examples).flatMap(([instructionId, rows]) =>
  rows.flatMap(([kwargs, good, bad]) =>
    [
      ...good.map((response) => [response, true] as const),
      ...bad.map((response) => [response, false] as const),
    ].map(([response, follows]) => ({ instructionId, kwargs, response, follows })),
  ),
);

describe("verify", () => {
  it.each(judgements)(
    "$instructionId $kwargs: $response is $follows",
    ({ instructionId, kwargs, response, follows }) => {
      expect(ifeval.verify({ instructionId, kwargs, response })).toBe(follows);
    },
  );

  it.each(Object.keys(examples))("%s: a blank response follows nothing", (instructionId) => {
    const kwargs = examples[instructionId as ifeval.InstructionId][0]?.[0] as ifeval.Kwargs;
    for (const response of ["", " \n\t", "\u2003\x1c"])
      for (const loose of [false, true])
        expect(ifeval.verify({ instructionId, kwargs, response }, { loose })).toBe(false);
  });

  it("loosely: without stars, without the first line, without the last", () => {
    const title = { instructionId: "startend:quotation", kwargs: {} };
    for (const response of ['*"a"*', 'Sure:\n"a"', '"a"\nBye', '**Sure**\n*"a"*\nBye']) {
      expect(ifeval.verify({ ...title, response })).toBe(false);
      expect(ifeval.verify({ ...title, response }, { loose: true })).toBe(true);
    }
    expect(ifeval.verify({ ...title, response: 'x\ny\n"a"' }, { loose: true })).toBe(false);
  });

  it("repeats the prompt where no text to repeat is given", () => {
    const asked = {
      instructionId: "combination:repeat_prompt",
      kwargs: { prompt_to_repeat: null },
    };
    expect(ifeval.verify({ ...asked, prompt: "Hi?", response: "hi? Yes." })).toBe(true);
    expect(() => ifeval.verify({ ...asked, response: "x" })).toThrow(DataError);
  });

  it("names what is wrong with an id or an argument", () => {
    const judge = (instructionId: string, kwargs: ifeval.Kwargs) => () =>
      ifeval.verify({ instructionId, kwargs, response: "x" });
    expect(judge("toString", {})).toThrow("expected an instruction id of IFEval, got toString");
    expect(judge("keywords:existence", {})).toThrow(
      "keywords: expected a list of texts, got nothing",
    );
    expect(judge("length_constraints:number_words", { num_words: "3" })).toThrow(
      'num_words: expected a number, got "3"',
    );
    expect(judge("length_constraints:number_words", { num_words: 3, relation: "more" })).toThrow(
      'relation: expected "at least" or "less than", got "more"',
    );
  });
});
