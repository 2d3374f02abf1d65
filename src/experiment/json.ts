import { DataError } from "../tensor/errors.ts";
import { parseJson } from "../weights/json.ts";

/** Nothing that is written here is nested so deep. */
const DEEPEST = 32;

/**
 * JSON of a file that somebody may have written by hand: no key twice, no integer that a number
 * cannot hold.
 * @param file its path, for messages
 * @param line of the file, where it holds several
 * @throws DataError with the file and line, what was expected and what stands there
 */
export function readJson(text: string, file: string, line?: number): unknown {
  const refuse = (index: number, expected: string, got: string): never => {
    const at = line ?? (index > 0 ? text.slice(0, index).split("\n").length : undefined);
    throw new DataError(
      `${file}${at === undefined ? "" : `:${at}`}: expected ${expected}, got ${got}`,
    );
  };
  return parseJson(text, DEEPEST, refuse, { exact: true });
}

/** The text of a file. @throws DataError for bytes that are no UTF-8 */
export function textOf(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new DataError(`${file}: expected UTF-8, got other bytes`);
  }
}
