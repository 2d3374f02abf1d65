import { PYTHON_SPACE } from "../pythonSpace.ts";
import { isBlank, isSpace, skipSpace, strip, stripEnd, stripStart } from "./text.ts";

const RULE = new RegExp(`[${PYTHON_SPACE}]?\\*\\*\\*[${PYTHON_SPACE}]?`);

/** Pieces of a text of which only the first and the last may be blank; undefined if others are. */
const filled = (pieces: readonly string[]): readonly string[] | undefined => {
  const inner = pieces.slice(1, -1);
  return inner.some(isBlank) ? undefined : pieces.filter((piece) => !isBlank(piece));
};

/** Number of paragraphs with `***` between them; undefined if one is blank. */
export const countRuledParagraphs = (text: string): number | undefined =>
  filled(text.split(RULE))?.length;

/** Whether there are exactly two different responses with `******` between them. */
export function isTwoResponses(text: string): boolean {
  const responses = filled(text.split("******"));
  return responses?.length === 2 && strip(responses[0] as string) !== strip(responses[1] as string);
}

/**
 * Of the paragraphs with an empty line between them: how many are not blank, and the first word of
 * the `nth`, lower case, without quotes before it and punctuation after it.
 */
export function firstWordOf(
  text: string,
  nth: number,
): { readonly paragraphs: number; readonly word: string | undefined } {
  const pieces = text.split("\n\n");
  const paragraphs = pieces.filter((piece) => !isBlank(piece)).length;
  const piece = nth <= paragraphs ? strip(pieces.at(nth - 1) ?? "") : "";
  if (piece === "") return { paragraphs, word: undefined };
  let end = 0;
  while (end < piece.length && !isSpace(piece.charCodeAt(end))) end++;
  const bare = stripStart(stripStart(piece.slice(0, end), "'"), '"');
  const letters = Array.from(bare);
  const stop = letters.findIndex((letter) => ".,?!'\"".includes(letter));
  const kept = stop < 0 ? letters : letters.slice(0, stop);
  return { paragraphs, word: kept.map((letter) => letter.toLowerCase()).join("") };
}

/** Number of `[…]` on one line. */
export function countPlaceholders(text: string): number {
  let count = 0;
  for (const line of text.split("\n"))
    for (let open = line.indexOf("["); open >= 0; ) {
      const close = line.indexOf("]", open + 1);
      if (close < 0) break;
      count++;
      open = line.indexOf("[", close + 1);
    }
  return count;
}

/**
 * Number of lines that begin, after any white space, with a bullet. Blank lines before it are white
 * space too. `*` needs a character after it that is no `*`; that may be the end of its line, which
 * makes the next line part of the same bullet.
 */
export function countBullets(text: string): number {
  const bulletEnd = (at: number): number | undefined => {
    if (text[at] === "-") return at + 1;
    const isStar = text[at] === "*" && at + 1 < text.length && text[at + 1] !== "*";
    return isStar ? at + 2 : undefined;
  };
  return countAtLineStarts(text, bulletEnd, "*") + countAtLineStarts(text, bulletEnd, "-");
}

/** Counts the bullets of one kind, each of which takes the rest of the line that it ends in. */
function countAtLineStarts(
  text: string,
  bulletEnd: (at: number) => number | undefined,
  mark: string,
): number {
  let count = 0;
  for (let line = 0; line < text.length; ) {
    const at = skipSpace(text, line);
    const end = text[at] === mark ? bulletEnd(at) : undefined;
    if (end !== undefined) count++;
    line = nextLine(text, end ?? at);
  }
  return count;
}

/** Where the line after the one of `from` starts. */
function nextLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end + 1;
}

const within = (text: string, pattern: RegExp, marks: number): number => {
  let count = 0;
  for (const [match] of text.matchAll(pattern))
    if (!isBlank(match.slice(marks, match.length - marks))) count++;
  return count;
};

/** Number of `*…*` and of `**…**` with something in them; double stars count in both ways. */
export const countHighlights = (text: string): number =>
  within(text, /\*[^\n*]*\*/g, 1) + within(text, /\*\*[^\n*]*\*\*/g, 2);

/** Whether a line has a title, `<<…>>` with something in it. */
export function hasTitle(text: string): boolean {
  return text.split("\n").some((line) => {
    const open = line.indexOf("<<");
    const close = line.lastIndexOf(">>");
    if (open < 0 || close < open + 3) return false;
    return !isBlank(stripEnd(stripStart(line.slice(open, close + 2), "<"), ">"));
  });
}

/** `P.P.S` and `P.S.` as IFEval looks for them in lower-case text. */
const POSTSCRIPTS: ReadonlyMap<string, RegExp> = new Map([
  ["P.P.S", new RegExp(`p\\.[${PYTHON_SPACE}]?p\\.[${PYTHON_SPACE}]?s`)],
  ["P.S.", new RegExp(`p\\.[${PYTHON_SPACE}]?s\\.`)],
]);

/** Whether the text has one of the two usual postscripts; undefined for another marker. */
export const hasPostscript = (text: string, marker: string): boolean | undefined =>
  POSTSCRIPTS.get(marker)?.test(text.toLowerCase());
