import { isRecord } from "../json/isRecord.ts";
import { systemReason } from "../json/reasons.ts";
import { utf8 } from "../json/utf8.ts";
import { DataError, located } from "../tensor/errors.ts";
import { expectKnown, expectOneOf } from "../tensor/options.ts";
import { type CsvRecord, readCsv } from "./csv.ts";
import { checkText } from "./decode.ts";
import { parsePythonJson } from "./json.ts";
import { shown } from "./jsonl.ts";
import { isParquet } from "./parquet/isParquet.ts";
import { readParquet } from "./parquet/read.ts";
import { type Row, type RowShape, readShape, rowShapes, shapeOf } from "./shapes.ts";

/** A file that is in memory; its name is for messages, and tells CSV. */
export interface DataFile {
  readonly name: string;
  readonly content: Uint8Array | string;
}

/** How a file of data is read. */
export interface RowsOptions {
  /** What the fields mean, where they could mean several things; by default they tell. */
  readonly shape?: RowShape;
}

/** A record of a file and where it stands. */
export interface Placed {
  readonly place: string;
  readonly read: () => unknown;
}

/** Longer lines are no rows: most likely the line ends are missing. */
const MAX_LINE: number = 2 ** 26;

const EXPECTED = "JSONL, JSON, CSV or Parquet in UTF-8";
const NEWLINE = 0x0a;

/** Line by line out of the bytes: a file may be longer than a text can be. */
function* jsonLines(bytes: Uint8Array, name: string): Generator<Placed> {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const found = bytes.indexOf(NEWLINE, start);
    const end = found === -1 ? bytes.length : found;
    const part = bytes.subarray(start, end);
    start = end + 1;
    if (part.every((byte) => byte <= 0x20)) continue;
    yield {
      place: `${name}:${line}`,
      read: () => {
        if (part.length > MAX_LINE)
          throw new DataError(`row: expected at most ${MAX_LINE} bytes a line, got ${part.length}`);
        return parsePythonJson(utf8(part, "row"));
      },
    };
  }
}

function* jsonArray(bytes: Uint8Array, name: string): Generator<Placed> {
  const items = located(name, () => parsePythonJson(utf8(bytes, "row")));
  if (!Array.isArray(items)) throw new DataError(`${name}: expected a list of rows`);
  for (const [i, item] of items.entries())
    yield { place: `${name}: row ${i + 1}`, read: () => item };
}

function* csv(bytes: Uint8Array, name: string): Generator<Placed> {
  const records = readCsv(located(name, () => utf8(bytes, "row")));
  const header: CsvRecord | undefined = records.next().value;
  const names = header?.fields.map((field) => field.trim()) ?? [];
  if (header?.error !== undefined) throw new DataError(`${name}: expected ${header.error}`);
  if (new Set(names).size < names.length)
    throw new DataError(`${name}: expected each column once, got ${shown(names.join(", "))}`);
  for (const { line, fields, error } of records)
    yield {
      place: `${name}:${line}`,
      read: () => {
        if (error !== undefined) throw new DataError(`row: expected ${error}`);
        if (fields.length !== names.length)
          throw new DataError(`row: expected ${names.length} fields, got ${fields.length}`);
        return Object.fromEntries(names.map((column, i) => [column, fields[i]]));
      },
    };
}

/** Values of Parquet as those of JSON. */
function plain(value: unknown, depth = 0): unknown {
  if (depth > 100) throw new DataError("row: expected at most 100 levels");
  if (typeof value === "bigint") {
    if (BigInt(Number(value)) === value) return Number(value);
    throw new DataError(`row: expected integers within ±(2^53 - 1), got ${value}`);
  }
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, plain(inner, depth + 1)]),
  );
}

async function parquet(bytes: Uint8Array, name: string): Promise<readonly Placed[]> {
  try {
    const objects = await readParquet(bytes);
    return objects.map((object, i) => ({
      place: `${name}: row ${i + 1}`,
      read: () => plain(object),
    }));
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new DataError(`${name}: expected Parquet, plain or snappy, got: ${error.message}`);
  }
}

function readRows(records: Iterable<Placed>, name: string, given?: RowShape): readonly Row[] {
  const rows: Row[] = [];
  let first: { readonly shape: RowShape; readonly place: string } | undefined;
  for (const { place, read } of records) {
    const row = located(place, (): Row => {
      const value = read();
      if (!isRecord(value)) throw new DataError(`row: expected an object, got ${shown(value)}`);
      const shape = given ?? shapeOf(value);
      first ??= { shape, place };
      if (shape !== first.shape)
        throw new DataError(`row: expected ${first.shape} as in ${first.place}, got ${shape}`);
      return { ...readShape(value, shape), place };
    });
    rows.push(row);
  }
  if (rows.length === 0) throw new DataError(`${name}: expected rows, got none`);
  return rows;
}

/** Bytes of a file; what is no file on a disk, such as a pipe, may never end. */
const MOST_BYTES = 2 ** 30;

function readWhole(fs: typeof import("node:fs"), path: string): Uint8Array {
  const file = fs.openSync(path, "r");
  try {
    if (fs.fstatSync(file).isFile()) return fs.readFileSync(file);
    const parts: Uint8Array[] = [];
    for (let bytes = 0; bytes <= MOST_BYTES; ) {
      const part = new Uint8Array(2 ** 20);
      const read = fs.readSync(file, part);
      if (read === 0) return Buffer.concat(parts, bytes);
      parts.push(part.subarray(0, read));
      bytes += read;
    }
    throw new DataError(`rowsOf: expected ${path} to end within ${MOST_BYTES} bytes, got more`);
  } finally {
    fs.closeSync(file);
  }
}

/** Reads a path where there are files: Node. No import, so that pages can be built. */
function open(path: string): DataFile {
  const fs = globalThis.process?.getBuiltinModule?.("node:fs");
  if (fs === undefined)
    throw new DataError(
      `rowsOf: expected a file's content, got a path where no files are: ${path}`,
    );
  try {
    return { name: path, content: readWhole(fs, path) };
  } catch (error) {
    if (error instanceof DataError) throw error;
    const reason = systemReason(error) ?? (error instanceof Error ? error.message : `${error}`);
    throw new DataError(`${path}: expected a file to read, got ${reason}`);
  }
}

/**
 * The records of a file: JSONL, a JSON list, CSV with a header; of Parquet a promise of them.
 * @param name tells CSV
 * @throws DataError for bytes that are no UTF-8, for what is none of these; a list or a table that is
 *   broken throws it when it is read
 */
export function recordsIn(
  bytes: Uint8Array,
  name: string,
): Iterable<Placed> | Promise<Iterable<Placed>> {
  if (isParquet(bytes)) return parquet(bytes, name);
  checkText(bytes, name, EXPECTED, "rowsOf");
  if (/\.csv$/i.test(name)) return csv(bytes, name);
  const sign = firstSign(bytes);
  if (sign === "[") return jsonArray(bytes, name);
  if (sign === "{" || sign === "") return jsonLines(bytes, name);
  throw new DataError(`rowsOf: expected ${name} to be ${EXPECTED}, got ${shown(sign)} first`);
}

/** The first character that is no space or byte order mark; empty where there is none. */
export function firstSign(bytes: Uint8Array): string {
  const start = bytes.findIndex((byte) => byte > 0x20 && byte !== 0xef && byte < 0x80);
  return start === -1 ? "" : String.fromCharCode(bytes[start] ?? 0);
}

/**
 * The rows of a file of training data: JSONL, a JSON list, CSV with a header, Parquet. Each row is a
 * conversation (`messages`, or `conversations` of `from` and `value`), `prompt` and `completion`
 * (texts or messages), `instruction`, `input` and `output`, `question` and `answer`, or `text`; other
 * fields are passed over, but for `system`, `tools` and `chat_template_kwargs`, which are refused beside a
 * prompt and completion of text.
 * @param file a path (Node), or a name and its content
 * @returns the rows; a promise of them for Parquet alone. `encodeRows` takes both
 * @throws DataError naming the place: rows of no shape, of several or of another than the first; keys
 *   that stand twice, integers beyond 2^53, deep nesting, bytes that are no UTF-8
 * @example
 * const rows = await rowsOf({ name: "mine.jsonl", content: '{"prompt": "2+2=", "completion": "4"}' });
 */
export function rowsOf(
  file: string | DataFile,
  options: RowsOptions = {},
): readonly Row[] | Promise<readonly Row[]> {
  expectKnown("rowsOf", options, ["shape"]);
  const { shape } = options;
  if (shape !== undefined) expectOneOf("rowsOf: shape", shape, rowShapes);
  const { name, content } = typeof file === "string" ? open(file) : (Object(file) as DataFile);
  if (typeof name !== "string" || !(typeof content === "string" || content instanceof Uint8Array))
    throw new TypeError(`rowsOf: expected a path, or { name, content }, got ${shown(file)}`);
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const records = recordsIn(bytes, name);
  return records instanceof Promise
    ? records.then((all) => readRows(all, name, shape))
    : readRows(records, name, shape);
}
