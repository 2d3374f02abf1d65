import { cellText } from "../../../report/escape.ts";
import { DataError } from "../../../tensor/errors.ts";

/** The numbers behind a figure. */
export interface DataTable {
  /** A file's name, without its ending. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Datum[])[];
}

/** Empty where there is none. */
export type Datum = number | string | boolean | undefined;

/**
 * A table as CSV: a line a row, ended as the RFC asks; numbers with all their digits; texts that a
 * spreadsheet would take for a formula begin with `'`.
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
export const toCsv = ({ columns, rows }: DataTable): string =>
  [columns, ...rows].map((row) => `${row.map(field).join(",")}\r\n`).join("");

function field(datum: Datum): string {
  const text = typeof datum === "string" ? cellText(datum) : `${datum ?? ""}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A table from records: a column for each field of any of them, in order of appearance. */
export function tableOf(
  name: string,
  records: readonly Readonly<Record<string, Datum>>[],
): DataTable {
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return { name, columns, rows: records.map((record) => columns.map((column) => record[column])) };
}

/** A measurement's fields as columns: `prior.rev` for those of its records; lists are left out. */
export const flatten = (fields: object, prefix = ""): Record<string, Datum> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]): [string, Datum][] => {
      if (Array.isArray(value)) return [];
      if (typeof value === "object" && value !== null)
        return Object.entries(flatten(value, `${prefix}${name}.`));
      if (!["number", "string", "boolean", "undefined"].includes(typeof value))
        throw new DataError(`${prefix}${name}: expected a number or a text, got ${typeof value}`);
      return [[`${prefix}${name}`, value as Datum]];
    }),
  );

/** A link that holds its file. */
export const dataUrl = (text: string): string =>
  `data:text/csv;charset=utf-8;base64,${Buffer.from(`\ufeff${text}`).toString("base64")}`;
