import { isPythonJson } from "../json.ts";
import { countHeadings } from "../keywords.ts";
import { firstWordOf } from "../layout.ts";
import { countOf, fold, isBlank, isUpper, isWordPoint, strip } from "../text.ts";

/** What IFEval's instructions say in words, where the original's checkers do something else. */

const isWord = (character: string | undefined): boolean =>
  character !== undefined && isWordPoint(character.codePointAt(0) ?? 0);

/** How often a text occurs, case ignored; of a word only where no word goes on at its ends. */
export function countLiteral(response: string, keyword: string, whole: boolean): number {
  const [said, wanted] = [fold(response), fold(strip(keyword))];
  if (!whole || wanted === "") return countOf(said, wanted);
  const [opens, closes] = [isWord(wanted.at(0)), isWord(wanted.at(-1))];
  let count = 0;
  for (let at = said.indexOf(wanted); at >= 0; ) {
    const end = at + wanted.length;
    const stands = !(opens && isWord(said[at - 1])) && !(closes && isWord(said[end]));
    if (stands) count++;
    at = said.indexOf(wanted, stands ? end : at + 1);
  }
  return count;
}

/** How often a letter occurs, with accents and without, in either case. */
export const countLetter = (response: string, letter: string): number =>
  countOf(response.normalize("NFD").toLowerCase(), letter.normalize("NFD").toLowerCase());

/** A line of nothing but three or more of one mark. */
const DIVIDER = /^[ \t]{0,3}(?:(?:\*[ \t]?){3,}|(?:-[ \t]?){3,}|(?:_[ \t]?){3,})[ \t]*$/;

/** Number of paragraphs with dividing lines between them. */
export function countDividedParagraphs(response: string): number {
  let [count, isFilled] = [0, false];
  for (const line of response.split(/\r?\n/)) {
    if (DIVIDER.test(line)) isFilled = false;
    else if (!isFilled && !isBlank(line)) {
      isFilled = true;
      count++;
    }
  }
  return count;
}

/** Number of words; apostrophes and hyphens within one do not part it. */
export const countJoinedWords = (response: string): number =>
  response.match(/[\p{L}\p{M}\p{N}_]+(?:['\u2019.,-](?=[\p{L}\p{N}_])[\p{L}\p{M}\p{N}_]+)*/gu)
    ?.length ?? 0;

/** As `firstWordOf`, counting filled paragraphs alone, and without any mark around the word. */
export function firstWord(
  response: string,
  nth: number,
  { byIndex, bare }: { readonly byIndex: boolean; readonly bare: boolean },
): { readonly paragraphs: number; readonly word: string | undefined } {
  const pieces = byIndex ? response.split(/\r?\n[ \t]*\r?\n/) : response.split("\n\n");
  const filled = pieces.filter((piece) => !isBlank(piece));
  const [from, paragraphs] = [byIndex ? filled : pieces, filled.length];
  const piece = nth <= paragraphs ? (from.at(nth - 1) ?? "") : "";
  if (!bare) return { paragraphs, word: firstWordOf(piece, 1).word };
  const word = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:['\u2019-][\p{L}\p{M}\p{N}]+)*/u.exec(
    piece.slice(0, 1000),
  )?.[0];
  return { paragraphs, word: word?.replaceAll("\u2019", "'").toLowerCase() };
}

/** Number of `[…]` that are to be filled in: no links, no boxes to tick, no footnotes. */
export const countBlanks = (response: string): number =>
  [...response.matchAll(/\[([^[\]\n]*)\](?![(:])/g)].filter(
    ([, inner = ""]) => !isBlank(inner) && !/^(?:[xX]|\^.*|\d{1,3})$/.test(inner),
  ).length;

/** Number of lines that are an item of a list. */
export const countBulletLines = (response: string): number =>
  response.split(/\r?\n/).filter((line) => /^\s*[*+\u2022-]\s+\S/.test(line) && !DIVIDER.test(line))
    .length;

/** Whether one of the three answers is given, in any case and type. */
export const hasAnswer = (response: string): boolean =>
  /my answer is (?:yes|no|maybe)(?![\p{L}\p{N}])/iu.test(
    response.replace(/[*_"\u201c\u201d:]/g, ""),
  );

/** Number of parts in italic or bold type, each counted once. */
export const countEmphasis = (response: string): number =>
  response.match(/(?<!\*)(\*{1,3})(?![\s*])[^\n*]*[^\s*]\1(?!\*)/g)?.length ?? 0;

/** Number of headings: the splitter in any case, then a number. */
export const countSections = (response: string, splitter: string): number =>
  countHeadings(fold(response), fold(splitter));

/** Whether the response is JSON, in a fence of any name or without. */
export function isFencedJson(response: string): boolean {
  const bare = strip(response);
  const fence = /^(?:```|~~~)[^\n`~]{0,40}\r?\n/.exec(bare)?.[0];
  if (fence === undefined) return isPythonJson(strip(bare.replace(/^```|```$/g, "")));
  return isPythonJson(strip(bare.slice(fence.length).replace(/(?:```|~~~)$/, "")));
}

/** Whether there are two different responses, parted by six stars or more. */
export function isTwoParted(response: string): boolean {
  const parts = response
    .split(/\*{6,}/)
    .map(strip)
    .filter((part) => part !== "");
  return parts.length === 2 && parts[0] !== parts[1];
}

const flat = (text: string): string =>
  strip(
    text
      .replace(/[\u201c\u201d\u00ab\u00bb"]/g, "")
      .replace(/[\u2018\u2019]/g, "'")
      .replace(/\s+/g, " "),
  ).toLowerCase();

/** Whether a response starts with a text, white space and quotes apart. */
export const startsWithWords = (response: string, start: string): boolean =>
  flat(response).startsWith(flat(start));

/** Whether a response ends with a phrase, quotes and marks of Markdown apart. */
export const endsWithPhrase = (response: string, phrase: string): boolean =>
  flat(response.replace(/[*_`]/g, "")).endsWith(flat(phrase.replace(/[*_`]/g, "")));

/** Whether the response is in quotes of any kind. */
export const isQuoted = (response: string): boolean =>
  /^(?:"[\s\S]*"|\u201c[\s\S]*[\u201d"]|\u201e[\s\S]*[\u201c\u201d]|\u00ab[\s\S]*\u00bb)$/.test(
    strip(response),
  );

/** Number of words of two letters or more that are all in capitals. */
export const countWordsInCapitals = (response: string): number =>
  (response.match(/[\p{L}\p{M}\p{N}]+(?:['\u2019-][\p{L}\p{M}\p{N}]+)*/gu) ?? []).filter(
    (word) => isUpper(word) && (word.match(/\p{L}/gu)?.length ?? 0) > 1,
  ).length;
