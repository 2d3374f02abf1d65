import { plainMath } from "./notation.ts";

/** A number in a text. */
export interface Written {
  readonly value: number;
  /** As a parser would want it: `-1234.5`, `3/4`. */
  readonly text: string;
  readonly isPercent: boolean;
  /** Of the `/` behind it, as in `12/15`; 1 where there is none. */
  readonly divisor: number;
}

/** Digits in threes with a comma, an apostrophe or a narrow space between; so with a plain space, which
 * no other number may be next to, as in a list. */
const GROUPED =
  /\d{1,3}(?:[,'\u2019_\u00a0\u202f\u2009]\d{3})+(?!\d)|(?<!\d )[1-9]\d{0,2}(?: \d{3})+(?! ?[\d/])/u;

/** Digits in groups, or any digits; then decimals, power. */
const NUMBER = new RegExp(
  `(?<![\\p{L}\\p{N}_.])(?:${GROUPED.source}|\\d+|(?=\\.\\d))(?:\\.\\d+)?(?:[eE][+-]?\\d{1,3}(?!\\d))?`,
  "gu",
);

/** What may stand between a sign and its number. */
const BEFORE = /[$\u20ac\u00a3\u00a5{(]/;

/** Whether a minus stands before a number that means its sign and no difference. */
function isNegative(text: string, start: number): boolean {
  let at = start - 1;
  while (at >= 0 && BEFORE.test(text.charAt(at))) at--;
  const spaced = text[at] === " ";
  if (spaced) at--;
  if (text[at] !== "-") return false;
  let before = at - 1;
  while (text[before] === " ") before--;
  // "x = - 7", "- 7" alone; "3 - 7" and "the answer - 7" are none, and "5-7" is a range.
  if (spaced) return before < 0 || /[=:(\n]/.test(text.charAt(before));
  return !/[\p{L}\p{N})\]%]/u.test(text.charAt(at - 1));
}

const PLAIN_FRACTION = /\s*\/\s*(\d+(?:\.\d+)?)(?![\d/.])/y;
/** `((3)/(4))`, with a sign and whole ones before it; lengths are bounded, and so is the work. */
const SET_FRACTION =
  /(?:(-)\s{0,2})?(?:(?<!\d)(\d{1,15})\s{0,2})?\(\(\s{0,2}(-?)(\d{1,15}(?:\.\d{1,15})?)\s{0,2}\)\/\(\s{0,2}(\d{1,15}(?:\.\d{1,15})?)\s{0,2}\)\)/g;
/** `3 1/2`, of which the part is less than 1. */
const MIXED = /(?<![\d.,/] ?)(\d{1,15}) (\d{1,6})\/(\d{1,6})(?![\d/.])/g;
const POWER = /\s*\*\s*10\s*\^\s*\{?\s*([+-]?\d{1,3})\s*\}?/y;
const PERCENT = /\s*(?:%|percent\b)/y;

/** The numbers of a text in `plainMath`, from left to right. */
function numbersOf(plain: string): readonly Written[] {
  // `3((1)/(2))` is what LaTeX's mixed number became.
  const flat = plain
    .replace(SET_FRACTION, (...[, sign, whole, inner, top, bottom]) => {
      const minus = (sign === "-") !== (inner === "-") ? "-" : "";
      const numerator =
        whole === undefined ? top : `${Number(whole) * Number(bottom) + Number(top)}`;
      return ` ${minus}${numerator}/${bottom}`;
    })
    .replace(MIXED, (all, whole, top, bottom) =>
      Number(top) < Number(bottom)
        ? `${Number(whole) * Number(bottom) + Number(top)}/${bottom}`
        : all,
    );
  const found: Written[] = [];
  NUMBER.lastIndex = 0;
  for (let match = NUMBER.exec(flat); match !== null; match = NUMBER.exec(flat)) {
    const sign = isNegative(flat, match.index) ? "-" : "";
    let digits = match[0].replace(/[^\d.eE+-]/g, "");
    let end = NUMBER.lastIndex;
    POWER.lastIndex = end;
    const power = POWER.exec(flat)?.[1];
    if (power !== undefined && !/e/i.test(digits)) {
      digits = `${digits}e${Number(power)}`;
      end = POWER.lastIndex;
    }
    PLAIN_FRACTION.lastIndex = end;
    const below = PLAIN_FRACTION.exec(flat)?.[1];
    if (below !== undefined) end = PLAIN_FRACTION.lastIndex;
    PERCENT.lastIndex = end;
    const divisor = Number(below ?? 1);
    found.push({
      value: Number(`${sign}${digits}`) / divisor,
      text: `${sign}${digits}${below === undefined ? "" : `/${below}`}`,
      isPercent: PERCENT.test(flat),
      divisor,
    });
    NUMBER.lastIndex = end;
  }
  return found;
}

/** Where a response says that its answer comes. */
const CUE = /\banswer\b(?:[^\S\n]+(?:is|equals|to\b[^.\n]{0,40}?\bis))?[^\S\n]*[:=]?/gi;

/** A sentence ends at a line's end, and at a dot that no digit follows. */
const SENTENCE = /\n|[.!?](?=\s|$)/;

/** The number that a sentence ends up with: behind its last `=`, else the first. */
function stated(sentence: string): Written | undefined {
  const equals = sentence.lastIndexOf("=");
  const behind = equals < 0 ? [] : numbersOf(sentence.slice(equals + 1));
  return behind[0] ?? numbersOf(sentence)[0];
}

/**
 * The number that a response gives as its answer: in the sentence behind the last "answer" that has
 * one, else the last of all.
 */
export function answeredNumber(text: string): Written | undefined {
  const plain = plainMath(text);
  for (const { index } of [...plain.matchAll(CUE)].reverse().slice(0, MAX_CUES)) {
    const cue = CUE_HERE.exec(plain.slice(index, index + 200));
    const from = index + (cue?.[0].length ?? 0);
    const sentence = plain.slice(from, from + MAX_SENTENCE).split(SENTENCE, 1)[0] ?? "";
    const number = stated(sentence);
    if (number !== undefined) return number;
  }
  return numbersOf(plain).at(-1);
}

const CUE_HERE = new RegExp(`^${CUE.source}`, "i");
/** So many cues are looked behind, so far: a text of nothing else stays linear. */
const MAX_CUES = 20;
const MAX_SENTENCE = 2000;

/** The number that a short answer states: behind the last `=`, else the first. */
export const statedNumber = (text: string): Written | undefined => stated(plainMath(text));
