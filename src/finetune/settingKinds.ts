/** What settings of a fine-tune may be, in recipe files and on the command line. */
import { inFloat32, isFloat32 } from "../tensor/options.ts";
import { shown } from "../text/jsonl.ts";

/** What a setting may be, in a recipe file and on the command line. */
export interface Setting<T> {
  readonly about: string;
  /** What stands behind the option in the help; empty for a flag. */
  readonly value: string;
  readonly expected: string;
  readonly is: (value: unknown) => value is T;
}

/** A setting that has a value where nothing is said. */
export interface DefaultedSetting<T> extends Setting<T> {
  readonly default: T;
}

export type Kind<T> = Omit<Setting<T>, "about">;

export const text = (value: string): Kind<string> => ({
  value,
  expected: "a text",
  is: (x): x is string => typeof x === "string" && x !== "",
});

export const whole = (min: number, max = 1e9): Kind<number> => ({
  value: "<n>",
  expected: max < 1e9 ? `a whole number from ${min} to ${max}` : `a whole number ≥ ${min}`,
  is: (x): x is number => typeof x === "number" && Number.isInteger(x) && x >= min && x <= max,
});

// Engines compute in float32: a number that is 0, 1 or infinite there is not the one that was asked for.

export const share = (isOpen = false): Kind<number> => ({
  value: "<p>",
  expected: isOpen ? "a number from 0 to below 1" : "a number from 0 to 1",
  is: (x): x is number => isFloat32(x) && x >= 0 && (isOpen ? Math.fround(x) < 1 : x <= 1),
});

export const between: Kind<number> = {
  value: "<p>",
  expected: "a number between 0 and 1",
  is: (x): x is number => isFloat32(x) && x > 0 && Math.fround(x) < 1,
};

export const upToOne: Kind<number> = {
  value: "<p>",
  expected: "a number above 0 and at most 1",
  is: (x): x is number => isFloat32(x) && x > 0 && x <= 1,
};

export const positive: Kind<number> = {
  value: "<x>",
  expected: "a number above 0",
  is: (x): x is number => isFloat32(x) && x > 0,
};

export const fromZero: Kind<number> = {
  value: "<x>",
  expected: "a number ≥ 0",
  is: (x): x is number => isFloat32(x) && x >= 0,
};

export const flag: Kind<boolean> = {
  value: "",
  expected: "true or false",
  is: (x): x is boolean => typeof x === "boolean",
};

export const oneOf = <const T extends string>(...choices: readonly T[]): Kind<T> => ({
  value: `<${choices.join("|")}>`,
  expected: `one of ${choices.join(", ")}`,
  is: (x): x is T => choices.some((choice) => choice === x),
});

export const open = <T>(kind: Kind<T>, about: string): Setting<T> => ({ ...kind, about });

export const row = <T>(kind: Kind<T>, about: string, byDefault: T): DefaultedSetting<T> => ({
  ...{ ...kind, about },
  default: byDefault,
});

/** Names one behind the other, as many on a line as the help has room for. */
export const inLines = (names: readonly string[]): string =>
  names
    .map((name, i) => (i < names.length - 1 ? `${name},` : name))
    .reduce((text, name) => {
      const line = text.slice(text.lastIndexOf("\n") + 1);
      return `${text}${line.length + name.length < ROOM ? " " : "\n"}${name}`;
    });

/** Characters of a line of the help beside an option. */
const ROOM = 54;

/** A value that a setting does not take, for messages: a number with what it is in float32. */
export const refusedValue = (value: unknown): string => {
  if (typeof value !== "number") return shown(value);
  const isOne = value < 1 && Math.fround(value) === 1;
  return isOne ? `${value}, which is 1 in float32` : inFloat32(value);
};
