import { DataError } from "../tensor/errors.ts";

/** The mark of a byte that is no UTF-8. */
export const REPLACEMENT = "\ufffd";

const startsWith = (bytes: Uint8Array, ...start: readonly number[]): boolean =>
  start.every((byte, i) => bytes[i] === byte);

/**
 * Looks for what no text in UTF-8 is.
 * @param expected what the file should be, for messages
 * @throws DataError for UTF-16, for archives, and for files that hold zero bytes
 */
export function checkText(
  bytes: Uint8Array,
  file: string,
  expected: string,
  where = "readRows",
): void {
  const refuse = (got: string): never => {
    throw new DataError(`${where}: expected ${file} to be ${expected}, got ${got}`);
  };
  if (startsWith(bytes, 0xff, 0xfe) || startsWith(bytes, 0xfe, 0xff)) refuse("UTF-16");
  if (startsWith(bytes, 0x50, 0x4b, 3, 4)) refuse("a zip archive: unpack it first");
  if (startsWith(bytes, 0x1f, 0x8b)) refuse("a gzip archive: unpack it first");
  const zero = bytes.indexOf(0);
  if (zero !== -1) refuse(`a zero byte at offset ${zero}`);
}

/** As many characters as a text can have in V8. */
const LONGEST_TEXT = 2 ** 29 - 24;

/**
 * The text of a file in UTF-8, without a byte order mark. Where bytes are no UTF-8 the text holds
 * U+FFFD and `valid` is false.
 * @param expected what the file should be, for messages
 * @throws DataError as `checkText`
 */
export function decodeText(
  bytes: Uint8Array,
  file: string,
  expected = "CSV in UTF-8 or parquet",
): { text: string; valid: boolean } {
  checkText(bytes, file, expected);
  if (bytes.length > LONGEST_TEXT)
    throw new DataError(
      `readRows: expected ${file} to hold at most ${LONGEST_TEXT} bytes, got ${bytes.length}`,
    );
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), valid: true };
  } catch {
    return { text: new TextDecoder("utf-8").decode(bytes), valid: false };
  }
}
