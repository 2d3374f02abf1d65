import { DataError } from "../../../tensor/errors.ts";

/** What a Python literal stands for: dicts become objects, lists and tuples arrays, None null. */
export type Literal = null | boolean | number | string | Literal[] | { [name: string]: Literal };

const MAX_DEPTH = 100;
const BLANK = /\s*/y;
const NUMBER = /[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z]+/y;
const WORDS: ReadonlyMap<string, null | boolean | number> = new Map<
  string,
  null | boolean | number
>([
  ["True", true],
  ["true", true],
  ["False", false],
  ["false", false],
  ["None", null],
  ["null", null],
  ["nan", Number.NaN],
  ["NaN", Number.NaN],
]);
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ..."'\"\\/".split("").map((same): [string, string] => [same, same]),
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["b", "\b"],
  ["f", "\f"],
  ["\n", ""],
]);
const CODE_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** Where reading stands: what is read moves on. */
interface Cursor {
  readonly text: string;
  at: number;
  depth: number;
}

function fail({ text, at }: Cursor, expected: string): never {
  const got = at < text.length ? JSON.stringify(text.slice(at, at + 12)) : "the end";
  throw new DataError(`readLiteral: expected ${expected} at character ${at + 1}, got ${got}`);
}

/** What a sticky pattern matches here. */
function take(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0];
  cursor.at += found?.length ?? 0;
  return found;
}

/** The next character behind white space. */
function peek(cursor: Cursor): string | undefined {
  take(cursor, BLANK);
  return cursor.text[cursor.at];
}

function readEscape(cursor: Cursor): string {
  const kind = cursor.text[cursor.at + 1] ?? "";
  const digits = CODE_LENGTHS[kind];
  cursor.at += 2;
  if (digits === undefined) return ESCAPES.get(kind) ?? `\\${kind}`;
  const written = cursor.text.slice(cursor.at, cursor.at + digits);
  const code = Number.parseInt(written, 16);
  if (written.length < digits || !/^[\da-f]+$/i.test(written) || code > 0x10ffff)
    return fail(cursor, `${digits} hexadecimal digits of a character`);
  cursor.at += digits;
  return String.fromCodePoint(code);
}

function readString(cursor: Cursor, quote: string): string {
  const { text } = cursor;
  const start = ++cursor.at;
  let content = "";
  for (;;) {
    const from = cursor.at;
    while (cursor.at < text.length && text[cursor.at] !== quote && text[cursor.at] !== "\\")
      cursor.at++;
    content += text.slice(from, cursor.at);
    if (cursor.at >= text.length)
      return fail(cursor, `a closing ${quote} of the text from character ${start}`);
    if (text[cursor.at] === "\\") content += readEscape(cursor);
    else {
      cursor.at++;
      return content;
    }
  }
}

/** Reads what stands between brackets, comma by comma; says whether a comma is the last. */
function readItems(cursor: Cursor, closing: string, item: () => void): boolean {
  let comma = false;
  cursor.at++;
  if (++cursor.depth > MAX_DEPTH) fail(cursor, `at most ${MAX_DEPTH} nested brackets`);
  while (peek(cursor) !== closing) {
    item();
    comma = peek(cursor) === ",";
    if (comma) cursor.at++;
    else if (peek(cursor) !== closing) fail(cursor, `, or ${closing}`);
  }
  cursor.at++;
  cursor.depth--;
  return comma;
}

function readList(cursor: Cursor): Literal[] {
  const values: Literal[] = [];
  readItems(cursor, "]", () => values.push(readValue(cursor)));
  return values;
}

/** `(1)` is 1, `(1,)` a tuple. */
function readParenthesised(cursor: Cursor): Literal {
  const values: Literal[] = [];
  const comma = readItems(cursor, ")", () => values.push(readValue(cursor)));
  return values.length === 1 && !comma ? (values[0] as Literal) : values;
}

function readDict(cursor: Cursor): Literal {
  const entries: [string, Literal][] = [];
  readItems(cursor, "}", () => {
    const key = readValue(cursor);
    if (peek(cursor) !== ":") fail(cursor, ": behind a key");
    cursor.at++;
    entries.push([typeof key === "string" ? key : JSON.stringify(key), readValue(cursor)]);
  });
  return Object.fromEntries(entries);
}

function readValue(cursor: Cursor): Literal {
  const first = peek(cursor);
  if (first === "{") return readDict(cursor);
  if (first === "[") return readList(cursor);
  if (first === "(") return readParenthesised(cursor);
  if (first === "'" || first === '"') return readString(cursor, first);
  const number = take(cursor, NUMBER);
  if (number !== undefined) return Number(number.replaceAll("_", ""));
  const start = cursor.at;
  const word = WORDS.get(take(cursor, WORD) ?? "");
  if (word !== undefined) return word;
  cursor.at = start;
  return fail(cursor, "a value");
}

/**
 * Reads a Python literal, such as `{'age': [87, 'years'], 'Stroke': True}`; JSON is read too.
 * @throws DataError that says where which literal breaks off
 */
export function readLiteral(text: string): Literal {
  const cursor: Cursor = { text, at: 0, depth: 0 };
  const value = readValue(cursor);
  if (peek(cursor) !== undefined) fail(cursor, "nothing more");
  return value;
}
