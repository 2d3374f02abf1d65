import type {
  ColumnMetaData,
  DataPageHeader,
  FileMetaData,
  PageHeader,
  SchemaTree,
} from "hyparquet";
import { whole } from "./refuse.ts";
import { checkDeltas, checkRuns, type Reader } from "./runs.ts";

/** Parts of hyparquet that look at a file without reading its rows. */
export interface Library {
  readonly parquetMetadata: (bytes: Uint8Array) => FileMetaData;
  readonly parquetHeader: (reader: Reader) => PageHeader;
  readonly getSchemaPath: (schema: FileMetaData["schema"], path: string[]) => SchemaTree[];
  readonly getMaxRepetitionLevel: (path: SchemaTree[]) => number;
  readonly getMaxDefinitionLevel: (path: SchemaTree[]) => number;
  readonly snappyUncompress: (from: Uint8Array, to: Uint8Array) => void;
  readonly deltaBinaryUnpack: (reader: Reader, count: number, output: Int32Array) => void;
  readonly readRleBitPackedHybrid: (
    reader: Reader,
    width: number,
    output: Uint8Array,
    length?: number,
  ) => void;
}

/** Bytes that snappy makes of one at most: a copy of 64 stands in 3. */
const SNAPPY_MOST = 22;

type SecondHeader = NonNullable<PageHeader["data_page_header_v2"]>;

/** Of a group of rows: its bytes, and how many values they are to hold. */
export interface Column {
  readonly name: string;
  readonly meta: ColumnMetaData;
  readonly path: SchemaTree[];
  readonly values: number;
  readonly chunk: Uint8Array;
}

/**
 * Whether the pages of a column can hold what their headers and runs claim.
 * @throws DataError for what cannot be; an error of the library's for what is no page
 */
export function checkPages(column: Column, library: Library): void {
  const { name, chunk, meta } = column;
  const reader = { view: viewOf(chunk), offset: 0 };
  let left = column.values;
  // As the reader goes: a last byte alone is no page.
  while (reader.offset < chunk.length - 1) {
    const page = library.parquetHeader(reader);
    const held = whole(
      `bytes of a page of ${name}`,
      page.compressed_page_size,
      chunk.length - reader.offset,
    );
    const plain = meta.codec === "UNCOMPRESSED";
    const most = plain ? held : SNAPPY_MOST * held;
    const size = whole(
      `bytes of a page of ${name}, decompressed`,
      page.uncompressed_page_size,
      most,
    );
    const packed = chunk.subarray(reader.offset, reader.offset + held);
    reader.offset += held;
    const {
      data_page_header: v1,
      data_page_header_v2: v2,
      dictionary_page_header: dictionary,
    } = page;
    if (page.type === "DICTIONARY_PAGE" && dictionary)
      whole(`values of the dictionary of ${name}`, dictionary.num_values, 8 * size);
    if (page.type === "DATA_PAGE" && v1) {
      left -= whole(`values of a page of ${name}`, v1.num_values, left);
      checkValues(column, decompressed(packed, size, plain, library), v1, library);
    }
    if (page.type === "DATA_PAGE_V2" && v2) {
      left -= whole(`values of a page of ${name}`, v2.num_values, left);
      checkSecond(column, packed, v2, size, library);
    }
  }
}

const viewOf = ({ buffer, byteOffset, length }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, length);

function decompressed(
  packed: Uint8Array,
  size: number,
  plain: boolean,
  { snappyUncompress }: Library,
): Uint8Array {
  if (plain) return packed;
  const page = new Uint8Array(size);
  snappyUncompress(packed, page);
  return page;
}

/** The smallest width in bits that holds a number. */
const bitsOf = (value: number): number => 32 - Math.clz32(value);

/** The levels and values of a page of the first kind, all in one. */
function checkValues(
  column: Column,
  page: Uint8Array,
  { num_values: count, encoding }: DataPageHeader,
  library: Library,
): void {
  const { name, path } = column;
  const reader = { view: viewOf(page), offset: 0 };
  const repetition = path.length > 1 ? library.getMaxRepetitionLevel(path) : 0;
  const definition = library.getMaxDefinitionLevel(path);
  let nulls = 0;
  for (const most of [repetition, definition]) {
    if (most === 0) continue;
    const levels = new Uint8Array(count);
    checkRuns(name, { ...reader }, bitsOf(most), count);
    library.readRleBitPackedHybrid(reader, bitsOf(most), levels);
    // The last are the definition's, where there are any.
    nulls = most === definition ? levels.filter((level) => level !== most).length : 0;
    whole(`bytes of the levels of ${name}`, reader.offset, page.length);
  }
  checkEncoded(column, reader, count - nulls, encoding, false, library);
}

/** A page of the second kind: its levels stand before what is compressed. */
function checkSecond(
  column: Column,
  packed: Uint8Array,
  header: SecondHeader,
  size: number,
  library: Library,
): void {
  const { name, path, meta } = column;
  const { num_values: count, num_nulls, encoding, is_compressed } = header;
  const nulls = whole(`nulls of a page of ${name}`, num_nulls, count);
  const first = whole(
    `bytes of the levels of ${name}`,
    header.repetition_levels_byte_length,
    packed.length,
  );
  const second = whole(
    `bytes of the levels of ${name}`,
    header.definition_levels_byte_length,
    packed.length - first,
  );
  const reader = { view: viewOf(packed), offset: 0 };
  const [repetition, definition] = [
    library.getMaxRepetitionLevel(path),
    library.getMaxDefinitionLevel(path),
  ];
  if (repetition > 0) checkRuns(name, { ...reader }, bitsOf(repetition), count, first);
  reader.offset = first;
  if (definition > 0) checkRuns(name, { ...reader }, bitsOf(definition), count, second);
  const rest = packed.subarray(first + second);
  const plain = is_compressed === false || meta.codec === "UNCOMPRESSED";
  const most = plain ? rest.length : SNAPPY_MOST * rest.length;
  const bytes = whole(`bytes of a page of ${name}, decompressed`, size - first - second, most);
  const page = decompressed(rest, bytes, plain, library);
  checkEncoded(column, { view: viewOf(page), offset: 0 }, count - nulls, encoding, true, library);
}

/** The values of a page, where they may claim more than they hold. */
function checkEncoded(
  { name, path, meta }: Column,
  reader: Reader,
  count: number,
  encoding: DataPageHeader["encoding"],
  isSecond: boolean,
  { deltaBinaryUnpack }: Library,
): void {
  const room = reader.view.byteLength - reader.offset;
  const isBoolean = meta.type === "BOOLEAN";
  if (encoding === "RLE" && (isBoolean || isSecond)) checkRuns(name, reader, 1, count);
  else if (encoding === "RLE" || encoding.endsWith("_DICTIONARY")) {
    const bare = isBoolean && !isSecond;
    const width = bare ? 1 : whole(`bits of ${name}`, reader.view.getUint8(reader.offset++), 32);
    if (width > 0 || isSecond) checkRuns(name, reader, width, count, bare ? undefined : room - 1);
  } else if (encoding === "BYTE_STREAM_SPLIT")
    whole(`bytes of ${name}`, count * (path.at(-1)?.element.type_length ?? 1), room);
  else if (encoding.startsWith("DELTA_"))
    checkDeltas(name, reader, count, encoding, deltaBinaryUnpack);
}
