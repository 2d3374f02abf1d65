import { DataError } from "../../tensor/errors.ts";

/** @throws DataError */
export function refuse(expected: string, got: string): never {
  throw new DataError(`expected ${expected}, got ${got}`);
}

/**
 * A number of a header.
 * @throws DataError unless it is whole and from 0 to `most`
 */
export function whole(what: string, value: unknown, most: number): number {
  const isNumber = typeof value === "number" || typeof value === "bigint";
  const number = isNumber ? Number(value) : Number.NaN;
  if (!(Number.isSafeInteger(number) && number >= 0 && number <= most))
    refuse(`${what} from 0 to ${most}`, isNumber ? `${value}` : `${typeof value}`);
  return number;
}
