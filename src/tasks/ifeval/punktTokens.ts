import { isSpace } from "./text.ts";

/** Characters that begin no word. */
const NOT_FIRST: ReadonlySet<string> = new Set('("`{[:;&#*@)}]-,');
/** Punctuation that ends a word; may follow the end of a sentence directly. */
export const CLOSING: ReadonlySet<string> = new Set(")\";}]*:@'({[!?");

/** Length of a dash `--`, dots `..` or spaced dots `. . .` at a place; 0 if there is none. */
function runLength(line: string, at: number): number {
  const mark = line[at];
  if (mark !== "." && mark !== "-") return 0;
  let length = 1;
  while (line[at + length] === mark) length++;
  if (length > 1) return length;
  if (mark === "-") return 0;
  while (isSpace(line.charCodeAt(at + length)) && line[at + length + 1] === ".") length += 2;
  return length >= 5 ? length : 0;
}

const endsWord = (line: string, at: number): boolean =>
  at >= line.length ||
  isSpace(line.charCodeAt(at)) ||
  CLOSING.has(line[at] as string) ||
  runLength(line, at) > 0;

/** Where the token that begins at `from` ends. */
function tokenEnd(line: string, from: number): number {
  const run = runLength(line, from);
  if (run > 0) return from + run;
  if (NOT_FIRST.has(line[from] as string)) return from + 1;
  let at = from + 1;
  while (!endsWord(line, at) && !(line[at] === "," && endsWord(line, at + 1))) at++;
  return at;
}

/** The tokens of a text by Punkt's rules. */
export function tokenize(text: string): string[] {
  const tokens: string[] = [];
  for (const line of text.split("\n"))
    for (let at = 0; at < line.length; ) {
      if (isSpace(line.charCodeAt(at))) at++;
      else {
        const end = tokenEnd(line, at);
        tokens.push(line.slice(at, end));
        at = end;
      }
    }
  return tokens;
}

const NUMBER = /^-?[.,]?\p{Nd}[\p{Nd},.-]*\.?$/u;

const isLetter = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90);

export const isNumber = (token: string): boolean =>
  !isLetter(token.charCodeAt(0)) && NUMBER.test(token);

/** Lower case; all numbers have one type. */
export const typeOf = (token: string): string =>
  isNumber(token) ? "##number##" : token.toLowerCase();

export const isInitial = (token: string): boolean => token.length <= 3 && /^\p{L}\.$/u.test(token);
export const isEllipsis = (token: string): boolean => token.startsWith("..") && /^\.+$/.test(token);

export const startsUpper = (token: string): boolean => /^\p{Uppercase}/u.test(token);
export const startsLower = (token: string): boolean => /^\p{Lowercase}/u.test(token);
