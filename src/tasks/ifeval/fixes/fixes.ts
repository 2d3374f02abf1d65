import {
  type Context,
  type Instruction,
  type InstructionId,
  instructions,
} from "../instructions.ts";
import { countKeyword } from "../keywords.ts";
import { type Kwargs, number, related, text, texts } from "../kwargs.ts";
import { isLower, isUpper, strip } from "../text.ts";
import * as mended from "./checkers.ts";

/** What the original's checkers are known to judge wrongly, by the name of its repair. */
export const FIXES = {
  "keyword-literal": "keywords are patterns there: `C++` is an error, `a.b` finds `aXb`",
  "keyword-frequency-words": "`art` counts in `start` there",
  "letter-accents": "`é` is no `e` there",
  "language-lower-case": "the detector takes English in capitals for other languages",
  "language-undetected": "a text in which no language is found counts as right there",
  "case-without-letters": "`42` has no capitals, and fails to be in lower case there",
  "paragraph-dividers": "`***` parts paragraphs within a line there; `---` and `* * *` do not",
  "nth-paragraph-index": "blank paragraphs are not counted, but numbered there",
  "nth-paragraph-punctuation": "`**Word**` and `Word:` are no `word` there",
  "words-joined": "`don't` and `well-known` are two words there",
  "capital-words": "`I` and `A` count as words in capitals there",
  "two-responses-separators": "seven stars, or six at an end, part responses wrongly there",
  "repeat-prompt-spaces": "another line break, or quotes around the prompt, fail there",
  "end-checker-quotes":
    "a phrase that ends in a quote never matches there; typographic quotes fail",
  "quotation-marks": "“…” and «…» are no quotation there",
  "bullet-lines": "`---`, `-5` and `*emphasis*` are bullets there; `+` and `•` are not",
  "highlights-once":
    "`3 * 4 * 5` is a highlight there, and bold type with a star in it counts twice",
  "section-case": "`SECTION 1` is no `Section 1` there",
  "placeholder-links": "`[text](address)` and `[ ]` are placeholders there",
  "constrained-response-case": "`My answer is **yes**` is no answer there",
  "json-fence": "only fences without a language, or of json, are taken away there",
  "commas-of-any-script": "、 and ، are no commas there",
} as const;

/** What can be mended of IFEval's own checks, by name. */
export type FixName = keyof typeof FIXES;
export type Fixes = ReadonlySet<FixName>;

type Mended = (response: string, kwargs: Kwargs, context: Context, has: Has) => boolean;
type Has = (name: FixName) => boolean;

const frequency: Mended = (response, kwargs, _, has) => {
  const keyword = strip(text(kwargs, "keyword"));
  const whole = has("keyword-frequency-words");
  const count =
    whole || has("keyword-literal")
      ? mended.countLiteral(response, keyword, whole)
      : countKeyword(response, keyword);
  return related(kwargs, "relation", "frequency")(count);
};

const language = (response: string, wanted: string, context: Context, has: Has): boolean => {
  const found = context.language(has("language-lower-case") ? response.toLowerCase() : response);
  return found === wanted || (found === undefined && !has("language-undetected"));
};

const inCase =
  (holds: (text: string) => boolean, other: RegExp): Mended =>
  (response, _, context, has) => {
    const hasLetters = /\p{L}/u.test(response);
    if (!hasLetters && has("case-without-letters")) return !other.test(response);
    return holds(response) && language(response, "en", context, has);
  };

/** The repaired checkers: each asks which of its repairs are wanted. */
const repaired: Readonly<Partial<Record<InstructionId, readonly [readonly FixName[], Mended]>>> = {
  "keywords:existence": [
    ["keyword-literal"],
    (response, kwargs) =>
      texts(kwargs, "keywords").every((word) => mended.countLiteral(response, word, false) > 0),
  ],
  "keywords:frequency": [["keyword-literal", "keyword-frequency-words"], frequency],
  "keywords:forbidden_words": [
    ["keyword-literal"],
    (response, kwargs) =>
      texts(kwargs, "forbidden_words").every(
        (word) => mended.countLiteral(response, word, true) === 0,
      ),
  ],
  "keywords:letter_frequency": [
    ["letter-accents"],
    (response, kwargs) =>
      related(
        kwargs,
        "let_relation",
        "let_frequency",
      )(mended.countLetter(response, strip(text(kwargs, "letter")))),
  ],
  "language:response_language": [
    ["language-lower-case", "language-undetected"],
    (response, kwargs, context, has) => language(response, text(kwargs, "language"), context, has),
  ],
  "length_constraints:number_paragraphs": [
    ["paragraph-dividers"],
    (response, kwargs) =>
      mended.countDividedParagraphs(response) === number(kwargs, "num_paragraphs"),
  ],
  "length_constraints:number_words": [
    ["words-joined"],
    (response, kwargs) =>
      related(kwargs, "relation", "num_words")(mended.countJoinedWords(response)),
  ],
  "length_constraints:nth_paragraph_first_word": [
    ["nth-paragraph-index", "nth-paragraph-punctuation"],
    (response, kwargs, _, has) => {
      const { paragraphs, word } = mended.firstWord(response, number(kwargs, "nth_paragraph"), {
        byIndex: has("nth-paragraph-index"),
        bare: has("nth-paragraph-punctuation"),
      });
      const first = text(kwargs, "first_word").toLowerCase();
      return paragraphs === number(kwargs, "num_paragraphs") && word === first;
    },
  ],
  "detectable_content:number_placeholders": [
    ["placeholder-links"],
    (response, kwargs) => mended.countBlanks(response) >= number(kwargs, "num_placeholders"),
  ],
  "detectable_format:number_bullet_lists": [
    ["bullet-lines"],
    (response, kwargs) => mended.countBulletLines(response) === number(kwargs, "num_bullets"),
  ],
  "detectable_format:constrained_response": [
    ["constrained-response-case"],
    (response) => mended.hasAnswer(response),
  ],
  "detectable_format:number_highlighted_sections": [
    ["highlights-once"],
    (response, kwargs) => mended.countEmphasis(response) >= number(kwargs, "num_highlights"),
  ],
  "detectable_format:multiple_sections": [
    ["section-case"],
    (response, kwargs) =>
      mended.countSections(response, strip(text(kwargs, "section_spliter"))) >=
      number(kwargs, "num_sections"),
  ],
  "detectable_format:json_format": [["json-fence"], (response) => mended.isFencedJson(response)],
  "combination:two_responses": [
    ["two-responses-separators"],
    (response) => mended.isTwoParted(response),
  ],
  "combination:repeat_prompt": [
    ["repeat-prompt-spaces"],
    (response, kwargs, { prompt }) => {
      const wanted = kwargs["prompt_to_repeat"] ?? prompt;
      return mended.startsWithWords(
        response,
        text({ prompt_to_repeat: wanted }, "prompt_to_repeat"),
      );
    },
  ],
  "startend:end_checker": [
    ["end-checker-quotes"],
    (response, kwargs) => mended.endsWithPhrase(response, text(kwargs, "end_phrase")),
  ],
  "startend:quotation": [["quotation-marks"], (response) => mended.isQuoted(response)],
  "change_case:capital_word_frequency": [
    ["capital-words"],
    (response, kwargs) =>
      related(
        kwargs,
        "capital_relation",
        "capital_frequency",
      )(mended.countWordsInCapitals(response)),
  ],
  "change_case:english_capital": [
    ["language-lower-case", "language-undetected", "case-without-letters"],
    inCase(isUpper, /\p{Lowercase}/u),
  ],
  "change_case:english_lowercase": [
    ["language-lower-case", "language-undetected", "case-without-letters"],
    inCase(isLower, /\p{Uppercase}/u),
  ],
  "punctuation:no_comma": [
    ["commas-of-any-script"],
    (response) =>
      !/[,\u055d\u060c\u07f8\u1802\u1808\u3001\ua4fe\ua60d\ua6f5\uff0c\uff64]/.test(response),
  ],
};

/** The checker of an instruction with those of its repairs that are wanted. */
export function repairedBy(id: InstructionId, fixes: Fixes): Instruction {
  const [names, judge] = repaired[id] ?? [[], undefined];
  if (judge === undefined || !names.some((name) => fixes.has(name))) return instructions[id];
  return (response, kwargs, context) => judge(response, kwargs, context, (name) => fixes.has(name));
}
