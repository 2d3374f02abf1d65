import { PYTHON_SPACE } from "../pythonSpace.ts";
import { compile, type Pattern } from "./match.ts";
import { PatternError } from "./pattern.ts";
import { countOf, fold, isWordPoint } from "./text.ts";

/** Characters that mean something in a pattern. */
const SPECIAL = /[\\^$.|?*+()[\]{}]/;

/** A keyword as a pattern; undefined if it is a plain text, or no pattern that can be read. */
function patternOf(
  keyword: string,
  options: { readonly ignoreCase?: boolean; readonly multiline?: boolean },
  wrap = (source: string): string => source,
): Pattern | undefined {
  if (keyword !== "" && !SPECIAL.test(keyword)) return undefined;
  try {
    compile(keyword, options);
    return compile(wrap(keyword), options);
  } catch (error) {
    if (error instanceof PatternError) return undefined;
    throw error;
  }
}

/** How often the keyword, a pattern, matches; letter case is ignored and parts of words count. */
export const countKeyword = (text: string, keyword: string): number =>
  patternOf(keyword, { ignoreCase: true })?.count(text) ?? countOf(fold(text), fold(keyword));

/** Whether the keyword, a pattern, matches with an edge of a word at both of its ends. */
export const hasWord = (text: string, keyword: string): boolean => {
  const pattern = patternOf(keyword, { ignoreCase: true }, (source) => `\\b${source}\\b`);
  return pattern === undefined ? hasPlainWord(fold(text), fold(keyword)) : pattern.count(text) > 0;
};

/** Whether a line of the text has the pattern. */
export const hasPattern = (text: string, source: string): boolean => {
  const pattern = patternOf(source, { multiline: true });
  return pattern === undefined ? text.includes(source) : pattern.count(text) > 0;
};

/**
 * How many headings the text has: the splitter, a pattern, then a number after at most one white
 * space.
 */
export function countHeadings(text: string, splitter: string): number {
  const pattern = patternOf(splitter, {}, (source) => `\\s?${source}\\s?\\d+\\s?`);
  return pattern === undefined ? countPlainHeadings(text, splitter) : pattern.count(text);
}

const wordBefore = (text: string, at: number): boolean => {
  const unit = text.charCodeAt(at - 1);
  const low = unit >= 0xdc00 && unit < 0xe000 && at >= 2;
  return at > 0 && isWordPoint(text.codePointAt(low ? at - 2 : at - 1) as number);
};

const wordAfter = (text: string, at: number): boolean =>
  at < text.length && isWordPoint(text.codePointAt(at) as number);

const isEdge = (text: string, at: number): boolean => wordBefore(text, at) !== wordAfter(text, at);

function hasPlainWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
    if (isEdge(text, at) && isEdge(text, at + word.length)) return true;
  return false;
}

function countPlainHeadings(text: string, splitter: string): number {
  let count = 0;
  for (let at = text.indexOf(splitter); at >= 0; ) {
    const end = numberEnd(text, at + splitter.length);
    if (end !== undefined) count++;
    at = text.indexOf(splitter, end ?? at + 1);
  }
  return count;
}

const NUMBER = new RegExp(`[${PYTHON_SPACE}]?\\p{Nd}+[${PYTHON_SPACE}]?`, "uy");

/** Where a number that may follow one white space ends, the white space after it included. */
function numberEnd(text: string, from: number): number | undefined {
  NUMBER.lastIndex = from;
  return NUMBER.test(text) ? NUMBER.lastIndex : undefined;
}
