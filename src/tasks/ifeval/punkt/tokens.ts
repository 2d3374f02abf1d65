import { isSpace } from "../text.ts";

/** What an ASCII character may be to a word: bits. */
const ENDS = 1;
const NOT_FIRST = 2;
const RUNS = 4;
const DOT = 46;
const DASH = 45;
const COMMA = 44;

const kinds = new Uint8Array(128);
const add = (characters: string, bit: number): void => {
  for (const character of characters) {
    const code = character.charCodeAt(0);
    kinds[code] = (kinds[code] as number) | bit;
  }
};
/** Punctuation that ends a word; may follow the end of a sentence directly. */
const CLOSING = ")\";}]*:@'({[!?";
add(CLOSING, ENDS);
for (let code = 0; code < 128; code++) if (isSpace(code)) add(String.fromCharCode(code), ENDS);
/** Characters that begin no word. */
add('("`{[:;&#*@)}]-,', NOT_FIRST);
add(".-", RUNS);

const kindOf = (code: number): number => (code < 128 ? (kinds[code] as number) : 0);

/** Whether punctuation that ends a word stands at a place. */
export const isClosing = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  return (kindOf(code) & ENDS) !== 0 && !isSpace(code);
};

/** Length of a dash `--`, dots `..` or spaced dots `. . .` at a place; 0 if there is none. */
function runLength(line: string, at: number): number {
  const mark = line.charCodeAt(at);
  if (mark !== DOT && mark !== DASH) return 0;
  let length = 1;
  while (line.charCodeAt(at + length) === mark) length++;
  if (length > 1) return length;
  if (mark === DASH) return 0;
  while (isSpace(line.charCodeAt(at + length)) && line.charCodeAt(at + length + 1) === DOT)
    length += 2;
  return length >= 5 ? length : 0;
}

function endsWord(line: string, at: number): boolean {
  if (at >= line.length) return true;
  const code = line.charCodeAt(at);
  if (code >= 128) return isSpace(code);
  const kind = kinds[code] as number;
  return (kind & ENDS) !== 0 || ((kind & RUNS) !== 0 && runLength(line, at) > 0);
}

/** Where the token that begins at `from` ends. */
function tokenEnd(line: string, from: number): number {
  const run = runLength(line, from);
  if (run > 0) return from + run;
  if (kindOf(line.charCodeAt(from)) & NOT_FIRST) return from + 1;
  let at = from + 1;
  while (!endsWord(line, at) && !(line.charCodeAt(at) === COMMA && endsWord(line, at + 1))) at++;
  return at;
}

/** The tokens of a text by Punkt's rules. */
export function tokenize(text: string): string[] {
  const tokens: string[] = [];
  for (const line of text.includes("\n") ? text.split("\n") : [text])
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
