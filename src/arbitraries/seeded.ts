import fc from "fast-check";

/** What all numbers of a case follow from. */
export const seeds: fc.Arbitrary<number> = fc.nat(2 ** 31 - 1);

/** Values that say which numbers they came from when a property fails. */
export function printed<T extends object>(value: T, text: string): T {
  Object.defineProperty(value, fc.toStringMethod, { value: () => text });
  return value;
}
