/**
 * Text as Python sees it, because IFEval's verdicts are defined by Python's `str` and `re`: what is
 * blank, what a word is, what has letter case.
 */

import { PYTHON_SPACE } from "../pythonSpace.ts";

const spacePattern = new RegExp(`[${PYTHON_SPACE}]`);

/** Whether a UTF-16 code unit is white space. */
export const isSpace = (code: number): boolean =>
  code < 0x80
    ? code === 32 || (code >= 9 && code <= 13) || (code >= 28 && code <= 31)
    : spacePattern.test(String.fromCharCode(code));

/** The text without the characters at its ends for which `drop` holds. */
function trim(text: string, drop: (code: number) => boolean): string {
  let start = 0;
  let end = text.length;
  while (start < end && drop(text.charCodeAt(start))) start++;
  while (end > start && drop(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Without white space at both ends. */
export const strip = (text: string): string => trim(text, isSpace);

/** Without any of `characters` at both ends. */
export const stripAll = (text: string, characters: string): string =>
  trim(text, (code) => characters.includes(String.fromCharCode(code)));

/** Without any of `characters` at the start. */
export function stripStart(text: string, characters: string): string {
  let start = 0;
  while (start < text.length && characters.includes(text[start] as string)) start++;
  return text.slice(start);
}

/** Without any of `characters` at the end. */
export function stripEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] as string)) end--;
  return text.slice(0, end);
}

/** Nothing but white space. */
export const isBlank = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (!isSpace(text.charCodeAt(i))) return false;
  return true;
};

/** The first index ≥ `from` that is not white space; the length of the text if there is none. */
export function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** How often a text occurs in another, without overlap; never for the empty text. */
export function countOf(text: string, part: string): number {
  if (part === "") return 0;
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}

const isAscii = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
};

/** The same test, its answers for all of Unicode kept. */
function remembered(test: (point: number) => boolean): (point: number) => boolean {
  const known = new Uint8Array(0x110000); // 0 unknown, 1 false, 2 true
  return (point) => {
    if (known[point] === 0) known[point] = test(point) ? 2 : 1;
    return known[point] === 2;
  };
}

/** Whether a code point belongs to a word. */
export const isWordPoint: (point: number) => boolean = remembered((point) =>
  /[\p{L}\p{N}_]/u.test(String.fromCodePoint(point)),
);

/** Number of words: longest runs of letters, numbers and `_`. */
export function countWords(text: string): number {
  let count = 0;
  let inside = false;
  for (let at = 0; at < text.length; at++) {
    const point = text.codePointAt(at) as number;
    if (point > 0xffff) at++;
    const belongs = isWordPoint(point);
    if (belongs && !inside) count++;
    inside = belongs;
  }
  return count;
}

/** Whether a code point is a decimal digit of any script. */
export const isDigitPoint: (point: number) => boolean = remembered((point) =>
  /\p{Nd}/u.test(String.fromCodePoint(point)),
);

/** No lower- or title-case character, and at least one upper-case character. */
export const isUpper = (text: string): boolean =>
  !/[\p{Lowercase}\p{Lt}]/u.test(text) && /\p{Uppercase}/u.test(text);

/** No upper- or title-case character, and at least one lower-case character. */
export const isLower = (text: string): boolean =>
  !/[\p{Uppercase}\p{Lt}]/u.test(text) && /\p{Lowercase}/u.test(text);

/**
 * The character that stands for all that equal it when case is ignored: lower case of upper case,
 * so that ſ is s and ς is σ; characters that have none of length one stay.
 */
export function foldPoint(point: number): number {
  if (point < 0x80) return point >= 65 && point <= 90 ? point + 32 : point;
  if (point === 0x130) return 0x69; // İ, whose lower case is two characters, is i
  const character = String.fromCodePoint(point);
  const upper = single(character.toUpperCase()) ?? character;
  return (single(upper.toLowerCase()) ?? upper).codePointAt(0) as number;
}

/** The upper case of a code point where that is one code point, else itself. */
export const upperPoint = (point: number): number =>
  (single(String.fromCodePoint(point).toUpperCase()) ?? String.fromCodePoint(point)).codePointAt(
    0,
  ) as number;

const single = (text: string): string | undefined =>
  text.length === String.fromCodePoint(text.codePointAt(0) as number).length ? text : undefined;

/** Every character folded; the length in code points does not change. */
export const fold = (text: string): string =>
  isAscii(text)
    ? text.toLowerCase()
    : Array.from(text, (character) =>
        String.fromCodePoint(foldPoint(character.codePointAt(0) as number)),
      ).join("");
