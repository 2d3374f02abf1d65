import { parseJson } from "../json/parseJson.ts";
import { DataError } from "../tensor/errors.ts";

/**
 * Reads a JSON value of a file of rows; whole floats stay `Float`, as a chat template spells them.
 * @throws DataError `column n: expected …, got …`
 */
export const parsePythonJson = (text: string): unknown =>
  parseJson(text, {
    floats: true,
    refuse: ({ index, expected, got }) => {
      throw new DataError(`column ${index + 1}: expected ${expected}, got ${got}`);
    },
  });
