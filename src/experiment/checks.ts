import { DataError } from "../tensor/errors.ts";
import { shown } from "../text/jsonl.ts";

/** Says no with a DataError that names the place. */
export type Check = (value: unknown, path: string) => void;
export type Fields = Readonly<Record<string, Check>>;

export const refuse = (path: string, expected: string, value: unknown): never => {
  throw new DataError(`${path}: expected ${expected}, got ${shown(value)}`);
};

export const text: Check = (value, path) => {
  if (typeof value !== "string" || value === "") refuse(path, "a text", value);
};

/** A finite number for which `holds`. */
export const number =
  (expected: string, holds: (x: number) => boolean): Check =>
  (value, path) => {
    if (typeof value !== "number" || !Number.isFinite(value) || !holds(value))
      refuse(path, expected, value);
  };

export const positive: Check = number("a positive number", (x) => x > 0);
export const notNegative: Check = number("a number ≥ 0", (x) => x >= 0);
export const share: Check = number("a number in [0, 1]", (x) => x >= 0 && x <= 1);
export const count: Check = number("a positive integer", (x) => Number.isInteger(x) && x > 0);
export const countOrNone: Check = number("an integer ≥ 0", (x) => Number.isInteger(x) && x >= 0);
export const belowOne: Check = number("a number in [0, 1)", (x) => x >= 0 && x < 1);

export const oneOf =
  (names: readonly string[]): Check =>
  (value, path) => {
    if (!names.includes(value as string)) refuse(path, `one of ${names.join(", ")}`, value);
  };

export function objectAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    refuse(path, "an object", value);
  return value as Readonly<Record<string, unknown>>;
}

/** An object with all of `needed`, some of `known`, and nothing else. */
export const record =
  (needed: Fields, known: Fields = {}): Check =>
  (value, path) => {
    const given = objectAt(value, path);
    for (const name of Object.keys(given))
      if (!Object.hasOwn(needed, name) && !Object.hasOwn(known, name))
        refuse(
          `${path}.${name}`,
          `nothing beside ${Object.keys({ ...needed, ...known }).join(", ")}`,
          given[name],
        );
    for (const [name, check] of Object.entries(needed)) check(given[name], `${path}.${name}`);
    for (const [name, check] of Object.entries(known))
      if (given[name] !== undefined) check(given[name], `${path}.${name}`);
  };
