import { parseJson, short } from "../json/parseJson.ts";
import { DataError } from "../tensor/errors.ts";

/**
 * Reads JSON of which nothing is lost: no key twice, no integer beyond 2⁵³ that a double would
 * round, and no number that a double takes for ±Infinity or 0.
 * @param where what the text is, for messages: `row`
 * @throws DataError that names the field: `messages[0].id: expected …, got 9007199254740993`
 */
export const parseRow = (text: string, where: string): unknown =>
  parseJson(text, {
    refuse: ({ index, path, expected, got, isJson }) => {
      if (isJson) throw new DataError(`${path || where}: expected ${expected}, got ${got}`);
      throw new DataError(`${where}: expected JSON, got ${short(text)} (column ${index + 1})`);
    },
  });

/** A value as messages show it, cut short, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint") return `${value}`;
  try {
    return short(JSON.stringify(value) ?? "nothing");
  } catch {
    return "a value that cannot be written";
  }
}

/** @throws DataError always: what was expected at a place, and what stands there */
export const refuse = (place: string, expected: string, value: unknown): never => {
  throw new DataError(`${place}: expected ${expected}, got ${shown(value)}`);
};

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
 * something would be lost, as `parseRow` says.
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
        rows.push(read(parseRow(line, "row")));
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
