import { DataError } from "../../../tensor/errors.ts";
import { type CsvRecord, readCsv } from "../../../text/csv.ts";
import { decodeText, REPLACEMENT } from "../../../text/decode.ts";
import { isParquet } from "../../../text/parquet/isParquet.ts";
import { readParquet } from "../../../text/parquet/read.ts";
import { type Cells, type Column, findColumns, missingColumns } from "./columns.ts";
import { FieldError, type Problem, quote, type Row, readRow } from "./row.ts";

/** A data file as far as it can be read. */
export interface Dataset {
  readonly rows: readonly Row[];
  /** The rows that were left out, and why. */
  readonly problems: readonly Problem[];
  /** Which published version the number of rows and the columns speak for. */
  readonly version: string;
}

/** A record by column, or what is wrong with it. */
interface Line {
  readonly line: number;
  readonly cells: Cells;
  readonly error?: FieldError;
}

const VERSIONS: Readonly<Record<number, string>> = {
  1047: "v1.0 test",
  10053: "v1.0 train",
  1100: "v1.1 or later, test",
  10543: "v1.1 or v1.2, train",
  10538: "Verified, train",
};

function versionOf(found: Partial<Record<Column, number>>, count: number): string {
  if (found.calculatorId === undefined) return "corrected labels";
  return VERSIONS[count] ?? "unknown";
}

/** @throws DataError naming the columns that are missing */
function checkHeader(header: readonly string[], file: string): Partial<Record<Column, number>> {
  const found = findColumns(header);
  const missing = missingColumns(found);
  if (missing.length > 0)
    throw new DataError(
      `readRows: expected ${file} to have the columns ${missing.join(", ")}, got ${quote(header.join(", "))}`,
    );
  return found;
}

const pickCells = (found: Partial<Record<Column, number>>, fields: readonly unknown[]): Cells =>
  Object.fromEntries(Object.entries(found).map(([column, place]) => [column, fields[place]]));

function dataset(
  file: string,
  found: Partial<Record<Column, number>>,
  lines: readonly Line[],
): Dataset {
  const rows: Row[] = [];
  const problems: Problem[] = [];
  for (const { line, cells, error } of lines)
    try {
      if (error !== undefined) throw error;
      rows.push(readRow(cells, line));
    } catch (thrown) {
      if (!(thrown instanceof FieldError)) throw thrown;
      const { field, expected, got, message } = thrown;
      problems.push({ file, line, field, expected, got, message });
    }
  return { rows, problems, version: versionOf(found, lines.length) };
}

/** What is wrong with a record before its fields are looked at. */
function malformed(
  { fields, error }: CsvRecord,
  header: readonly string[],
  valid: boolean,
): FieldError | undefined {
  if (error !== undefined) return new FieldError("record", error, `${fields.length} fields`);
  if (fields.length !== header.length)
    return new FieldError("record", `${header.length} fields`, `${fields.length}`);
  const garbled = valid ? -1 : fields.findIndex((field) => field.includes(REPLACEMENT));
  if (garbled === -1) return undefined;
  return new FieldError(header[garbled] as string, "UTF-8", quote(fields[garbled]));
}

/**
 * The rows of a CSV file of MedCalc-Bench, whichever version: columns are found by name.
 * @throws DataError for a file that is no CSV in UTF-8, is empty or lacks a column; anything wrong
 * with a row is a problem that leaves it out
 */
export function readCsvRows(bytes: Uint8Array, file: string): Dataset {
  const { text, valid } = decodeText(bytes, file);
  const records = readCsv(text);
  const header = records.next().value;
  if (!header) throw new DataError(`readRows: expected ${file} to have a header, got no line`);
  if (header.error !== undefined)
    throw new DataError(`readRows: expected ${header.error} in the header of ${file}`);
  const found = checkHeader(header.fields, file);
  const lines = Array.from(records, (record): Line => {
    const cells = pickCells(found, record.fields);
    const error = malformed(record, header.fields, valid);
    return error === undefined ? { line: record.line, cells } : { line: record.line, cells, error };
  });
  return dataset(file, found, lines);
}

/** Reads the rows of a parquet file as objects. */
export type ParquetReader = (bytes: Uint8Array) => Promise<readonly Record<string, unknown>[]>;

/** @throws DataError for a file that is no parquet, or is cut off */
async function readParquetRows(
  bytes: Uint8Array,
  file: string,
  read: ParquetReader,
): Promise<Dataset> {
  let objects: readonly Record<string, unknown>[];
  try {
    objects = await read(bytes);
  } catch (error) {
    if (error instanceof DOMException) throw error;
    const reason = error instanceof Error ? error.message : `${error}`;
    throw new DataError(
      `readRows: expected ${file} to be parquet, plain or snappy, got: ${reason}`,
    );
  }
  const header = Object.keys(objects[0] ?? {});
  const found = checkHeader(header, file);
  const lines = objects.map((object, i): Line => {
    const fields = header.map((name) => object[name]);
    return { line: i + 1, cells: pickCells(found, fields) };
  });
  return dataset(file, found, lines);
}

/**
 * The rows of a file of MedCalc-Bench: CSV, or parquet by its first bytes.
 * @param file its name, for messages
 * @param read how parquet is read, for those who cannot wait for a file that was altered
 * @throws DataError as `readCsvRows`
 */
export async function readRows(
  bytes: Uint8Array,
  file: string,
  read: ParquetReader = readParquet,
): Promise<Dataset> {
  return isParquet(bytes) ? readParquetRows(bytes, file, read) : readCsvRows(bytes, file);
}
