import { DataError } from "../tensor/errors.ts";

/**
 * A whole number that was written as a float: Python, and so a chat template, spells it `1.0`.
 * Elsewhere it is a number like others: `+new Float(1) === 1`, in JSON `1`.
 */
export class Float extends Number {}

/** Deeper values are no data that anyone trains on; Python's own reader ends at about 1000. */
export const MAX_DEPTH = 100;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
const WORD = /true|false|null/y;
const words: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/** Reads one value; the position is where the next thing is expected. */
class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): unknown {
    const value = this.#value();
    this.#match(SPACE);
    if (this.#at < this.#text.length) this.#refuse("nothing behind the value");
    return value;
  }

  #refuse(expected: string, at = this.#at): never {
    const got = this.#text.slice(at, at + 20);
    throw new DataError(
      `column ${at + 1}: expected ${expected}, got ${got === "" ? "the end" : JSON.stringify(got)}`,
    );
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #take(sign: string): boolean {
    this.#match(SPACE);
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  #value(): unknown {
    this.#match(SPACE);
    switch (this.#text[this.#at]) {
      case "{":
        return this.#nested(() => this.#object());
      case "[":
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.#refuse(`at most ${MAX_DEPTH} levels`);
    this.#at++;
    const value = read();
    this.#depth--;
    return value;
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    if (this.#take("]")) return items;
    do items.push(this.#value());
    while (this.#take(","));
    if (!this.#take("]")) this.#refuse("a comma or ]");
    return items;
  }

  #object(): Readonly<Record<string, unknown>> {
    // Without a prototype: the key __proto__ is one like others.
    const fields: Record<string, unknown> = Object.create(null);
    if (this.#take("}")) return fields;
    do {
      this.#match(SPACE);
      const start = this.#at;
      if (this.#text[start] !== '"') this.#refuse("a key in quotes");
      const key = this.#string();
      if (Object.hasOwn(fields, key)) this.#refuse("each key once", start);
      if (!this.#take(":")) this.#refuse("a colon");
      fields[key] = this.#value();
    } while (this.#take(","));
    if (!this.#take("}")) this.#refuse("a comma or }");
    return fields;
  }

  #string(): string {
    const start = this.#at;
    let end = start;
    do end = this.#text.indexOf('"', end + 1);
    while (end !== -1 && isEscaped(this.#text, end));
    const text = end === -1 ? undefined : unquote(this.#text.slice(start, end + 1));
    if (text === undefined) return this.#refuse("a JSON string with its closing quote", start);
    this.#at = end + 1;
    return text;
  }

  #scalar(): unknown {
    const word = this.#match(WORD);
    if (word !== undefined) return words[word];
    const start = this.#at;
    const source = this.#match(NUMBER);
    if (source === undefined) return this.#refuse("a JSON value");
    const value = Number(source);
    const isFloat = /[.eE]/.test(source);
    if (!Number.isFinite(value)) return this.#refuse("a finite number", start);
    if (!isFloat && !Number.isSafeInteger(value))
      return this.#refuse("an integer within ±(2^53 - 1)", start);
    return isFloat && Number.isInteger(value) ? new Float(value) : value;
  }
}

/** Whether an odd number of backslashes stands in front of a character. */
function isEscaped(text: string, at: number): boolean {
  let from = at;
  while (text[from - 1] === "\\") from--;
  return (at - from) % 2 === 1;
}

/** Undefined for a wrong escape or a bare control character. */
function unquote(source: string): string | undefined {
  try {
    const text: unknown = JSON.parse(source);
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads a JSON value that strangers wrote, more strictly than JSON.parse: keys that stand twice,
 * integers that a float64 cannot hold and deep nesting are refused rather than altered, and whole
 * floats stay `Float`. Objects have no prototype.
 * @throws DataError `column n: expected …, got …`
 */
export const parseJson = (text: string): unknown => new Reader(text).whole();
