import { hasUnseen } from "../report/escape.ts";
import { refuse } from "../text/jsonl.ts";

/** Says no with a DataError that names the place. */
export type Check = (value: unknown, path: string) => void;
export type Fields = Readonly<Record<string, Check>>;

/** Longer texts are no labels. */
const LONGEST = 1000;

/** A text that may stand in a line of a terminal; it may be empty. */
export const line: Check = (value, path) => {
  if (typeof value !== "string") return refuse(path, "a text", value);
  if (value.length > LONGEST) refuse(path, `a text of at most ${LONGEST} characters`, value);
  if (hasUnseen(value)) refuse(path, "a text without control characters", value);
};

/** A model's symbols: any text, which is shown as such. */
export const symbol: Check = (value, path) => {
  if (typeof value !== "string") refuse(path, "a text", value);
};

export const text: Check = (value, path) => {
  if (value === "") refuse(path, "a text", value);
  line(value, path);
};

/** Names of files have room for so many, with what is written behind and before them. */
export const LONGEST_NAME = 100;

/** What messages call a name that may be a file's or folder's own, in any folder. */
export const NAME = "letters, digits, dots, - and _";

export const isName = (value: unknown): value is string =>
  typeof value === "string" && /^\w[\w.-]*$/.test(value);

/** A name that becomes a file's or folder's: never a path, nor hidden, nor empty, nor too long. */
export const name: Check = (value, path) => {
  if (!isName(value)) return refuse(path, NAME, value);
  if (value.length > LONGEST_NAME)
    refuse(path, `a name of at most ${LONGEST_NAME} characters`, value);
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
/** A positive integer that is not larger. */
export const countUpTo = (most: number): Check =>
  number(`an integer from 1 to ${most}`, (x) => Number.isInteger(x) && x > 0 && x <= most);
export const flag: Check = (value, path) => {
  if (typeof value !== "boolean") refuse(path, "true or false", value);
};
export const countOrNone: Check = number("an integer ≥ 0", (x) => Number.isInteger(x) && x >= 0);
export const belowOne: Check = number("a number in [0, 1)", (x) => x >= 0 && x < 1);

export const oneOf =
  (names: readonly string[]): Check =>
  (value, path) => {
    if (!names.includes(value as string)) refuse(path, `one of ${names.join(", ")}`, value);
  };

/** A list, each of whose items holds. */
export const listOf =
  (check: Check, most = 1e6): Check =>
  (value, path) => {
    if (!Array.isArray(value)) return refuse(path, "a list", value);
    if (value.length > most) refuse(path, `a list of at most ${most}`, value.length);
    for (const [i, item] of value.entries()) check(item, `${path}[${i}]`);
  };

/** An object with any names, each of whose values holds. */
export const recordOf =
  (check: Check): Check =>
  (value, path) => {
    for (const [key, item] of Object.entries(objectAt(value, path))) {
      text(key, path);
      check(item, `${path}.${key}`);
    }
  };

export function objectAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    refuse(path, "an object", value);
  return value as Readonly<Record<string, unknown>>;
}

/** An object with all of `needed`, some of `known`, and nothing else. */
export const record = (needed: Fields, known: Fields = {}): Check => {
  const [must, may] = [Object.entries(needed), Object.entries(known)];
  return (value, path) => {
    const given = objectAt(value, path);
    for (const name of Object.keys(given))
      if (!Object.hasOwn(needed, name) && !Object.hasOwn(known, name))
        refuse(
          `${path}.${name}`,
          `nothing beside ${Object.keys({ ...needed, ...known }).join(", ")}`,
          given[name],
        );
    for (const [name, check] of must) check(given[name], `${path}.${name}`);
    for (const [name, check] of may)
      if (given[name] !== undefined) check(given[name], `${path}.${name}`);
  };
};
