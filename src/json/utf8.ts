import { DataError } from "../tensor/errors.ts";

/** The text that bytes are in UTF-8. @throws DataError naming the place where they are none */
export function utf8(bytes: Uint8Array, place: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new DataError(`${place}: expected UTF-8, got other bytes`);
  }
}
