import { DataError } from "../tensor/errors.ts";

/** A text as messages show it, cut short. */
const short = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** Brackets nest no deeper. */
const MAX_DEPTH = 500;

const TOKEN = /["{}[\],:]|-?\d[\d.eE+-]*/g;

/** The tokens of a text that is JSON, without `true`, `false` and `null`. */
function* tokens(text: string): Generator<string> {
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const start = match.index;
    if (match[0] !== '"') yield match[0];
    else {
      // No pattern: it would need a stack as long as the string.
      const end = closingQuote(text, start);
      yield text.slice(start, end);
      TOKEN.lastIndex = end;
    }
  }
}

/** Where a string ends, its quote included: a quote behind an even number of backslashes. */
function closingQuote(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  return text.length;
}

/** A bracket that is open: where its values are, and which keys have been. */
interface Open {
  readonly keys: Set<string> | undefined;
  place: string;
  index: number;
}

const placeIn = (path: readonly Open[], where: string): string => {
  const names = path.map(({ keys, place, index }) => (keys ? `.${place}` : `[${index}]`)).join("");
  return names === "" ? where : names.replace(/^\./, "");
};

/** What a number would lose as a double; undefined for nothing. */
function lossOf(digits: string): string | undefined {
  const value = Number(digits);
  if (!Number.isFinite(value)) return "a number that is not too large for a double";
  if (value === 0 && /[1-9]/.test(digits.split(/e/i, 1)[0] ?? ""))
    return "a number that is not too small for a double";
  if (/[.eE]/.test(digits) || Number.isSafeInteger(value)) return undefined;
  // Those that a double has, or that are written for a double, keep what they mean.
  return `${value}` === digits || BigInt(value) === BigInt(digits)
    ? undefined
    : "an integer that a double has, as those below 2^53 (or a text of its digits)";
}

/** Refuses what `JSON.parse` took without a word, naming the field. */
function expectLossless(text: string, where: string): void {
  const path: Open[] = [];
  let awaitsKey = false;
  for (const token of tokens(text)) {
    const inner = path.at(-1);
    if (token === "{" || token === "[") {
      if (path.length >= MAX_DEPTH)
        throw new DataError(`${where}: expected at most ${MAX_DEPTH} nested brackets, got more`);
      path.push({ keys: token === "{" ? new Set() : undefined, place: "", index: 0 });
      awaitsKey = token === "{";
    } else if (token === "}" || token === "]") {
      path.pop();
      awaitsKey = false;
    } else if (token === ",") {
      if (inner) inner.index++;
      awaitsKey = inner?.keys !== undefined;
    } else if (token.startsWith('"')) {
      if (awaitsKey && inner) addKey(token, inner, path, where);
      awaitsKey = false;
    } else if (token !== ":") {
      const wanted = lossOf(token);
      if (wanted !== undefined)
        throw new DataError(`${placeIn(path, where)}: expected ${wanted}, got ${short(token)}`);
    }
  }
}

function addKey(token: string, object: Open, path: readonly Open[], where: string): void {
  const key = JSON.parse(token) as string;
  object.place = short(key);
  if (object.keys?.has(key))
    throw new DataError(`${placeIn(path, where)}: expected a key once, got it twice`);
  object.keys?.add(key);
}

/**
 * Reads JSON of which nothing is lost: no key twice, no integer beyond 2⁵³ that a double would
 * round, and no number that a double takes for ±Infinity or 0.
 * @param where what the text is, for messages: `row`
 * @throws DataError that names the field: `messages[0].id: expected …, got 9007199254740993`
 */
export function parseJson(text: string, where: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DataError(`${where}: expected JSON, got ${short(text)}`);
  }
  expectLossless(text, where);
  return value;
}

/** A value as messages show it, cut short, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint") return `${value}`;
  try {
    return short(JSON.stringify(value) ?? "nothing");
  } catch {
    return "a value that cannot be written";
  }
}

/** A line of a file that cannot be used: where, and what was expected. */
export interface Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** The rows of a file that can be used, and what is wrong with the others. */
export interface Parsed<Row> {
  readonly rows: readonly Row[];
  readonly problems: readonly Problem[];
}

/**
 * Reads a file with a JSON value a line; blank lines, a byte order mark and CRLF are fine. A row
 * that `read` refuses with a DataError becomes a problem and the rest goes on; so does one of which
 * something would be lost, as `parseJson` says.
 * @param file its name, for the problems
 */
export function parseJsonl<Row>(
  text: string,
  file: string,
  read: (value: unknown) => Row,
): Parsed<Row> {
  const rows: Row[] = [];
  const problems: Problem[] = [];
  text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .forEach((line, i) => {
      if (line.trim() === "") return;
      try {
        rows.push(read(parseJson(line, "row")));
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        problems.push({ file, line: i + 1, message: error.message });
      }
    });
  return { rows, problems };
}

/** Writes a JSON value a line. */
export const writeJsonl = (rows: readonly unknown[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** @throws DataError unless the value is an object */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new DataError(`row: expected an object, got ${shown(value)}`);
  return value as Readonly<Record<string, unknown>>;
}
