import { DataError } from "../../tensor/errors.ts";

/**
 * A secret as a request carries it. `fetch` shows a value that it refuses, whole, in its error.
 * @param name of the variable or file that holds it, for the error, which does not repeat it
 * @throws DataError for characters that no header carries
 */
export function headerValue(name: string, secret: string): string {
  if (/^[\x21-\x7e]+$/.test(secret)) return secret;
  throw new DataError(
    `${name}: expected letters, digits and signs of ASCII on one line, got other characters`,
  );
}
