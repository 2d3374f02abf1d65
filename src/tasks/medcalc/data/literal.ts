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
const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
  "\n": "",
};
const CODE_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/**
 * Reads a Python literal, such as `{'age': [87, 'years'], 'Stroke': True}`; JSON is read too.
 * @throws DataError that says where which literal breaks off
 */
export function readLiteral(text: string): Literal {
  let at = 0;
  let depth = 0;

  const fail = (expected: string): never => {
    const got = at < text.length ? JSON.stringify(text.slice(at, at + 12)) : "the end";
    throw new DataError(`readLiteral: expected ${expected} at character ${at + 1}, got ${got}`);
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const peek = (): string | undefined => {
    match(BLANK);
    return text[at];
  };

  const escaped = (): string => {
    const kind = text[at + 1] ?? "";
    const digits = CODE_LENGTHS[kind];
    at += 2;
    if (digits === undefined)
      return (
        ESCAPES[kind] ??
        (kind === "'" || kind === '"' || kind === "\\" || kind === "/" ? kind : `\\${kind}`)
      );
    const code = Number.parseInt(text.slice(at, at + digits), 16);
    if (!(code <= 0x10ffff)) return fail(`${digits} hexadecimal digits`);
    at += digits;
    return String.fromCodePoint(code);
  };
  const string = (quote: string): string => {
    const start = at++;
    let content = "";
    for (let from = at; ; from = at) {
      while (at < text.length && text[at] !== quote && text[at] !== "\\") at++;
      content += text.slice(from, at);
      if (at >= text.length)
        return fail(`a closing ${quote} of the text from character ${start + 1}`);
      if (text[at] === quote) {
        at++;
        return content;
      }
      content += escaped();
    }
  };

  /** What stands between brackets, comma by comma; whether a comma is the last. */
  const items = (closing: string, item: () => void): boolean => {
    let comma = false;
    at++;
    if (++depth > MAX_DEPTH) fail(`at most ${MAX_DEPTH} nested brackets`);
    while (peek() !== closing) {
      item();
      comma = peek() === ",";
      if (comma) at++;
      else if (peek() !== closing) fail(`, or ${closing}`);
    }
    at++;
    depth--;
    return comma;
  };
  const list = (): Literal[] => {
    const values: Literal[] = [];
    items("]", () => values.push(value()));
    return values;
  };
  /** `(1)` is 1, `(1,)` a tuple. */
  const parenthesised = (): Literal => {
    const values: Literal[] = [];
    const comma = items(")", () => values.push(value()));
    return values.length === 1 && !comma ? (values[0] as Literal) : values;
  };
  const dict = (): Literal => {
    const entries: [string, Literal][] = [];
    items("}", () => {
      const key = value();
      if (peek() !== ":") fail(": behind a key");
      at++;
      entries.push([typeof key === "string" ? key : JSON.stringify(key), value()]);
    });
    return Object.fromEntries(entries);
  };

  const value = (): Literal => {
    const first = peek();
    if (first === "{") return dict();
    if (first === "[") return list();
    if (first === "(") return parenthesised();
    if (first === "'" || first === '"') return string(first);
    const number = match(NUMBER);
    if (number !== undefined) return Number(number.replaceAll("_", ""));
    const start = at;
    const word = WORDS.get(match(WORD) ?? "");
    if (word !== undefined) return word;
    at = start;
    return fail("a value");
  };

  const result = value();
  if (peek() !== undefined) fail("nothing more");
  return result;
}
