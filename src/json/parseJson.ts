import { lossOf } from "./lossOf.ts";

/**
 * A whole number that was written as a float: Python, and so a chat template, spells it `1.0`.
 * Elsewhere it is a number like others: `+new Float(1) === 1`, in JSON `1`.
 */
export class Float extends Number {}

/** Deeper values are no data that anyone works on; Python's own reader ends at about 1000. */
export const MAX_DEPTH = 100;

/** Why a text is refused. */
export interface JsonFault {
  /** Of the character in the text where it shows, from 0. */
  readonly index: number;
  /** Of the value in what is read, `messages[0].id`; empty for the whole. */
  readonly path: string;
  readonly expected: string;
  readonly got: string;
  /** Whether `JSON.parse` would take it: a value that would be lost or altered, and no mistake. */
  readonly isJson: boolean;
}

export interface JsonOptions {
  /** Throws what the caller throws, naming file and place. */
  readonly refuse: (fault: JsonFault) => never;
  /** Brackets nest no deeper; `MAX_DEPTH` by default. */
  readonly depth?: number;
  /** Keeps whole numbers that are written as floats apart, as `Float`; false by default. */
  readonly floats?: boolean;
}

/**
 * Reads a JSON value that strangers wrote, of which nothing is lost or altered: where `JSON.parse`
 * would drop a key that stands twice, round an integer beyond 2⁵³, or take a number for ±Infinity
 * or 0, the text is refused, and so is deep nesting. `__proto__` is a key like
 * others, as it is there.
 * @example parseJson('{"a": 1e400}', { refuse }) // refuse({ path: "a", got: "1e400", … })
 */
export const parseJson = (text: string, options: JsonOptions): unknown =>
  new Reader(text, options).whole();

/** To assign `__proto__` would change what an object is. */
const own = (fields: object, key: string, value: unknown): object =>
  Object.defineProperty(fields, key, {
    ...{ value, writable: true, enumerable: true, configurable: true },
  });

/** What JSON itself must look at: an escape, or a control character, which no string may hold. */
const UNPLAIN = /[\\\p{Cc}]/u;
/** With its quotes. Of a longer one V8 would keep no copy, but the whole text. */
const SHORT = 14;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const WORD = /true|false|null/y;
const words: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/** A text as messages show it, cut short. */
export const short = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** Reads one value; the position is where the next thing is expected. */
class Reader {
  readonly #text: string;
  readonly #refuseFault: JsonOptions["refuse"];
  readonly #depth: number;
  readonly #floats: boolean;
  /** Keys and indices of the brackets that are open; undefined before the first. */
  readonly #path: (string | number | undefined)[] = [];
  #at = 0;

  constructor(text: string, { refuse, depth = MAX_DEPTH, floats = false }: JsonOptions) {
    this.#text = text;
    this.#refuseFault = refuse;
    this.#depth = depth;
    this.#floats = floats;
  }

  whole(): unknown {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#mistake("nothing behind the value");
    return value;
  }

  #refuse(index: number, expected: string, got: string, isJson: boolean): never {
    const path = this.#path
      .map((part) => (typeof part === "number" ? `[${part}]` : `.${short(part ?? "")}`))
      .join("")
      .replace(/^\.|\.$/g, "");
    return this.#refuseFault({ index, path, expected, got, isJson });
  }

  /** What is no JSON. */
  #mistake(expected: string, index = this.#at): never {
    const got = this.#text.slice(index, index + 20);
    return this.#refuse(index, expected, got === "" ? "the end" : JSON.stringify(got), false);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return undefined;
    const found = this.#text.slice(this.#at, pattern.lastIndex);
    this.#at = pattern.lastIndex;
    return found;
  }

  /** No pattern: most of what is read has none. */
  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #take(sign: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  #value(): unknown {
    this.#space();
    switch (this.#text[this.#at]) {
      case "{":
      case "[":
        return this.#nested();
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #nested(): unknown {
    if (this.#path.length >= this.#depth)
      this.#refuse(this.#at, `at most ${this.#depth} nested brackets`, "one more", true);
    const isList = this.#text[this.#at++] === "[";
    this.#path.push(undefined);
    const value = isList ? this.#array() : this.#object();
    this.#path.pop();
    return value;
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    if (this.#take("]")) return items;
    do {
      this.#path[this.#path.length - 1] = items.length;
      items.push(this.#value());
    } while (this.#take(","));
    if (!this.#take("]")) this.#mistake("a comma or ]");
    return items;
  }

  #object(): Readonly<Record<string, unknown>> {
    const fields: Record<string, unknown> = {};
    if (this.#take("}")) return fields;
    do {
      this.#space();
      const start = this.#at;
      if (this.#text[start] !== '"') this.#mistake("a key in quotes");
      const key = this.#string();
      this.#path[this.#path.length - 1] = key;
      if (Object.hasOwn(fields, key)) this.#refuse(start, "a key once", "it twice", true);
      if (!this.#take(":")) this.#mistake("a colon");
      const value = this.#value();
      if (key === "__proto__") own(fields, key, value);
      else fields[key] = value;
    } while (this.#take(","));
    if (!this.#take("}")) this.#mistake("a comma or }");
    return fields;
  }

  #string(): string {
    const start = this.#at;
    let end = start;
    // No pattern: it would need a stack as long as the string.
    do end = this.#text.indexOf('"', end + 1);
    while (end !== -1 && isEscaped(this.#text, end));
    const text = end === -1 ? undefined : unquote(this.#text.slice(start, end + 1));
    if (text === undefined) return this.#mistake("a JSON string with its closing quote", start);
    this.#at = end + 1;
    return text;
  }

  #scalar(): unknown {
    const word = this.#match(WORD);
    if (word !== undefined) return words[word];
    const start = this.#at;
    const digits = this.#match(NUMBER);
    if (digits === undefined) return this.#mistake("a JSON value");
    const expected = lossOf(digits);
    if (expected !== undefined) return this.#refuse(start, expected, short(digits), true);
    const value = Number(digits);
    const isFloat = this.#floats && Number.isInteger(value) && /[.eE]/.test(digits);
    return isFloat ? new Float(value) : value;
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
  if (source.length <= SHORT && !UNPLAIN.test(source)) return source.slice(1, -1);
  try {
    const text: unknown = JSON.parse(source);
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}
