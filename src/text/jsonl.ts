import { DataError } from "../tensor/errors.ts";
import { parseJson, shown } from "../weights/strictJson.ts";

export { shown } from "../weights/strictJson.ts";

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
