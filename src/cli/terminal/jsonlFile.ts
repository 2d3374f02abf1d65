import { DataError } from "../../tensor/errors.ts";
import { decodeText, REPLACEMENT } from "../../text/decode.ts";
import { type Parsed, parseJsonl } from "../../text/jsonl.ts";
import { isParquet } from "../../text/parquet/isParquet.ts";
import { firstSign, recordsIn } from "../../text/rows.ts";
import { readBytes } from "./files.ts";

/** The rows of a JSONL file, and what is wrong with the others as `file:line: what`. */
export interface Read<Row> {
  readonly rows: readonly Row[];
  readonly problems: readonly string[];
}

/**
 * Reads a JSONL file in UTF-8; a line with other bytes is a problem.
 * @throws DataError for a file that is not there, or is none in UTF-8
 */
export async function readJsonlFile<Row>(
  path: string,
  parse: (text: string, file: string) => Parsed<Row>,
): Promise<Read<Row>> {
  return readJsonlBytes(await readBytes(path), path, parse);
}

/** @throws DataError for bytes that are no text in UTF-8 */
export function readJsonlBytes<Row>(
  bytes: Uint8Array,
  path: string,
  parse: (text: string, file: string) => Parsed<Row>,
): Read<Row> {
  const { text, valid } = decodeText(bytes, path, "JSONL in UTF-8");
  const lines = text.split("\n");
  const garbled = valid ? [] : lines.flatMap((line, i) => (line.includes(REPLACEMENT) ? [i] : []));
  for (const i of garbled) lines[i] = "";
  const { rows, problems } = parse(lines.join("\n"), path);
  const all = [
    ...problems.map(({ line, message }) => ({ line, message })),
    ...garbled.map((i) => ({ line: i + 1, message: "row: expected UTF-8, got other bytes" })),
  ];
  return {
    rows,
    problems: all
      .sort((a, b) => a.line - b.line)
      .map(({ line, message }) => `${path}:${line}: ${message}`),
  };
}

/**
 * Reads a file of rows as training data may have it: JSONL, and by what it begins with or is called
 * a JSON list, CSV or Parquet.
 * @param read throws a DataError for a row that cannot be used
 * @throws DataError for a file that is not there, or is broken as a whole
 */
export async function readRowsFile<Row>(
  path: string,
  read: (value: unknown) => Row,
): Promise<Read<Row>> {
  const bytes = await readBytes(path);
  const isOther = isParquet(bytes) || /\.csv$/i.test(path) || firstSign(bytes) === "[";
  if (!isOther) return readJsonlBytes(bytes, path, (text, file) => parseJsonl(text, file, read));
  const rows: Row[] = [];
  const problems: string[] = [];
  for (const { place, read: record } of await recordsIn(bytes, path)) {
    try {
      rows.push(read(record()));
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.push(`${place}: ${error.message}`);
    }
  }
  return { rows, problems };
}
