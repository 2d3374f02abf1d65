import { DataError } from "../tensor/errors.ts";
import { parseJson } from "./parseJson.ts";

/**
 * Reads the JSON of a file, of which nothing is lost or altered.
 * @param file names it in messages
 * @throws DataError that names file, line, column and, of a value that could not be kept, its key
 * @example readJson('{"a": 1e400}', "w.json") // w.json: expected …, got 1e400 at a (line 1, column 7)
 */
export const readJson = (text: string, file: string): unknown =>
  parseJson(text, {
    refuse: ({ index, path, expected, got, isJson }) => {
      const before = text.slice(0, index).split("\n");
      const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
      const what = isJson ? expected : `JSON: ${expected}`;
      throw new DataError(
        `${file}: expected ${what}, got ${got}${path && ` at ${path}`} (${place})`,
      );
    },
  });
