import { countCapitalWords } from "./capitals.ts";
import { english } from "./english.ts";
import { isJsonResponse } from "./json.ts";
import { countHeadings, countKeyword, hasPattern, hasWord } from "./keywords.ts";
import { type Kwargs, number, related, text, texts } from "./kwargs.ts";
import {
  countBullets,
  countHighlights,
  countPlaceholders,
  countRuledParagraphs,
  firstWordOf,
  hasPostscript,
  hasTitle,
  isTwoResponses,
} from "./layout.ts";
import { countSentences, type PunktParameters } from "./punkt/punkt.ts";
import { countOf, countWords, isLower, isUpper, strip, stripAll } from "./text.ts";

/** What an instruction may need besides its kwargs. */
export interface Context {
  /** Where prompt_to_repeat is missing, the prompt is what has to be repeated. */
  readonly prompt?: string | undefined;
  /** What splits sentences. Default: `english`. */
  readonly punkt?: PunktParameters | undefined;
  /** Language of a text, ISO 639-1, or undefined if it has none; `detectLanguage` is one. */
  readonly language: (text: string) => string | undefined;
}

/** Whether a response, not blank, follows an instruction. @throws DataError for bad kwargs */
export type Instruction = (response: string, kwargs: Kwargs, context: Context) => boolean;

const ANSWERS = ["My answer is yes.", "My answer is no.", "My answer is maybe."];

/** A text in no language is as good as one in the right language. */
const isIn = (response: string, wanted: string, { language }: Context): boolean =>
  (language(response) ?? wanted) === wanted;

/** What IFEval calls its 25 instructions. */
export type InstructionId =
  | "keywords:existence"
  | "keywords:frequency"
  | "keywords:forbidden_words"
  | "keywords:letter_frequency"
  | "language:response_language"
  | "length_constraints:number_sentences"
  | "length_constraints:number_paragraphs"
  | "length_constraints:number_words"
  | "length_constraints:nth_paragraph_first_word"
  | "detectable_content:number_placeholders"
  | "detectable_content:postscript"
  | "detectable_format:number_bullet_lists"
  | "detectable_format:constrained_response"
  | "detectable_format:number_highlighted_sections"
  | "detectable_format:multiple_sections"
  | "detectable_format:json_format"
  | "detectable_format:title"
  | "combination:two_responses"
  | "combination:repeat_prompt"
  | "startend:end_checker"
  | "startend:quotation"
  | "change_case:capital_word_frequency"
  | "change_case:english_capital"
  | "change_case:english_lowercase"
  | "punctuation:no_comma";

/** The 25 instructions of IFEval by their id. */
export const instructions: Readonly<Record<InstructionId, Instruction>> = {
  "keywords:existence": (response, kwargs) =>
    texts(kwargs, "keywords").every((keyword) => countKeyword(response, keyword) > 0),
  "keywords:frequency": (response, kwargs) =>
    related(
      kwargs,
      "relation",
      "frequency",
    )(countKeyword(response, strip(text(kwargs, "keyword")))),
  "keywords:forbidden_words": (response, kwargs) =>
    !texts(kwargs, "forbidden_words").some((word) => hasWord(response, word)),
  "keywords:letter_frequency": (response, kwargs) =>
    related(
      kwargs,
      "let_relation",
      "let_frequency",
    )(countOf(response.toLowerCase(), strip(text(kwargs, "letter")).toLowerCase())),
  "language:response_language": (response, kwargs, context) =>
    isIn(response, text(kwargs, "language"), context),
  "length_constraints:number_sentences": (response, kwargs, { punkt = english }) =>
    related(kwargs, "relation", "num_sentences")(countSentences(response, punkt)),
  "length_constraints:number_paragraphs": (response, kwargs) =>
    number(kwargs, "num_paragraphs") === countRuledParagraphs(response),
  "length_constraints:number_words": (response, kwargs) =>
    related(kwargs, "relation", "num_words")(countWords(response)),
  "length_constraints:nth_paragraph_first_word": (response, kwargs) => {
    const [count, first] = [number(kwargs, "num_paragraphs"), text(kwargs, "first_word")];
    const { paragraphs, word } = firstWordOf(response, number(kwargs, "nth_paragraph"));
    return paragraphs === count && word === first.toLowerCase();
  },
  "detectable_content:number_placeholders": (response, kwargs) =>
    countPlaceholders(response) >= number(kwargs, "num_placeholders"),
  "detectable_content:postscript": (response, kwargs) => {
    const marker = strip(text(kwargs, "postscript_marker"));
    return (
      hasPostscript(response, marker) ?? hasPattern(response.toLowerCase(), marker.toLowerCase())
    );
  },
  "detectable_format:number_bullet_lists": (response, kwargs) =>
    countBullets(response) === number(kwargs, "num_bullets"),
  "detectable_format:constrained_response": (response) =>
    ANSWERS.some((answer) => response.includes(answer)),
  "detectable_format:number_highlighted_sections": (response, kwargs) =>
    countHighlights(response) >= number(kwargs, "num_highlights"),
  "detectable_format:multiple_sections": (response, kwargs) =>
    countHeadings(response, strip(text(kwargs, "section_spliter"))) >=
    number(kwargs, "num_sections"),
  "detectable_format:json_format": isJsonResponse,
  "detectable_format:title": hasTitle,
  "combination:two_responses": isTwoResponses,
  "combination:repeat_prompt": (response, kwargs, { prompt }) => {
    const wanted = kwargs["prompt_to_repeat"] ?? prompt;
    const start = text({ prompt_to_repeat: wanted }, "prompt_to_repeat");
    return strip(response).toLowerCase().startsWith(strip(start).toLowerCase());
  },
  "startend:end_checker": (response, kwargs) =>
    stripAll(strip(response), '"')
      .toLowerCase()
      .endsWith(strip(text(kwargs, "end_phrase")).toLowerCase()),
  "startend:quotation": (response) => /^"[\s\S]*"$/.test(strip(response)),
  "change_case:capital_word_frequency": (response, kwargs) =>
    related(kwargs, "capital_relation", "capital_frequency")(countCapitalWords(response)),
  "change_case:english_capital": (response, _, context) =>
    isUpper(response) && isIn(response, "en", context),
  "change_case:english_lowercase": (response, _, context) =>
    isLower(response) && isIn(response, "en", context),
  "punctuation:no_comma": (response) => !response.includes(","),
};
