import { DataError } from "../tensor/errors.ts";
import { parseRow } from "../text/jsonl.ts";

/**
 * JSON of a file that somebody may have written by hand, of which nothing is lost: no key twice, no
 * integer that a number cannot hold.
 * @param file its path, for messages, with a line where it holds several: `metrics.jsonl:3`
 * @throws DataError with the file and field, what was expected and what stands there
 */
export function readJson(text: string, file: string): unknown {
  try {
    return parseRow(text, file);
  } catch (error) {
    if (!(error instanceof DataError) || error.message.startsWith(`${file}: `)) throw error;
    throw new DataError(`${file}: ${error.message}`);
  }
}
