import { parseArgs } from "node:util";
import { isName, LONGEST_NAME, NAME } from "../../experiment/checks.ts";
import { isKept } from "../../json/lossOf.ts";
import { optionMeant } from "./suggest.ts";
import { UsageError } from "./usage.ts";

/** An option of a command. */
export interface Knob<T> {
  /** What stands behind the option, as the help shows it; empty for a flag. */
  readonly value: string;
  readonly about: string;
  readonly expected: string;
  /** Undefined for a text that is not as expected. @throws UsageError to say more of it */
  readonly read: (text: string, option: string) => T | undefined;
  /** Whether it may be given again: what is read are lists, which are joined. */
  readonly isRepeated?: true;
}

/** Options by name in camel case: `maxOp` is `--max-op`. */
export type Knobs = Readonly<Record<string, Knob<unknown>>>;

/** What was given; what was not is absent. */
export type Values<K extends Knobs> = {
  readonly [N in keyof K]?: K[N] extends Knob<infer T> ? T : never;
};

/** A name of a file or folder. */
export const fileName = (about: string): Knob<string> => ({
  value: "<name>",
  about,
  expected: NAME,
  read: (given, option) => {
    if (given.length > LONGEST_NAME)
      throw new UsageError(
        `${option}: expected at most ${LONGEST_NAME} characters, got ${given.length}`,
      );
    return isName(given) ? given : undefined;
  },
});

/** Seeds: how many from 0, or which ones. */
export const seedList = (about: string): Knob<readonly number[]> => ({
  value: "<n | list>",
  about,
  expected: "a count (3) or a list (7,8,9 or 7,)",
  read: (given, option) => {
    const parts = given.replace(/,$/, "").split(",");
    if (!parts.every((part) => /^\d{1,9}$/.test(part))) return undefined;
    const numbers = parts.map(Number);
    if (given.includes(",")) {
      if (new Set(numbers).size < numbers.length)
        throw new UsageError(`${option}: expected different seeds, got ${given}`);
      return numbers;
    }
    const count = Number(given);
    if (count < 1 || count > 1000)
      throw new UsageError(`${option}: expected between 1 and 1000 seeds, got ${given}`);
    return Array.from({ length: count }, (_, i) => i);
  },
});

/** A text as it stands. */
export const text = (value: string, about: string): Knob<string> => ({
  value,
  about,
  expected: value,
  read: (given) => (given === "" ? undefined : given),
});

export const flag = (about: string): Knob<true> => ({
  value: "",
  about,
  expected: "no value",
  read: () => true,
});

/** Texts, each given by the option once more. */
export const texts = (value: string, about: string): Knob<readonly string[]> => ({
  value,
  about,
  expected: value,
  read: (given) => (given === "" ? undefined : [given]),
  isRepeated: true,
});

/** Of commands that write to a place of the user's choice. */
export const overwrite: Knob<true> = flag("replaces a file that is there");

/** A whole number, both ends included. */
export const whole = (about: string, min: number, max: number): Knob<number> => ({
  value: "<n>",
  about,
  expected: `a whole number from ${min} to ${max}`,
  read: (given) => {
    const number = Number(given);
    // Of -0 its sign says nothing.
    return /^-?\d{1,15}$/.test(given) && number >= min && number <= max ? number + 0 : undefined;
  },
});

/** A number from `min` on. */
export const number = (about: string, min: number): Knob<number> => ({
  value: "<x>",
  about,
  expected: `a number ≥ ${min}`,
  read: (given) =>
    /^(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(given) && isKept(given) && Number(given) >= min
      ? Number(given)
      : undefined,
});

/** A probability. */
export const share = (about: string): Knob<number> => ({
  value: "<p>",
  about,
  expected: "a number from 0 to 1",
  read: (given) =>
    /^(\d+\.?\d*|\.\d+)$/.test(given) && isKept(given) && Number(given) <= 1
      ? Number(given)
      : undefined,
});

/** `3..4`, or `3` for `3..3`. */
export const range = (about: string): Knob<readonly [min: number, max: number]> => ({
  value: "<a..b>",
  about,
  expected: "a range a..b with a ≤ b",
  read: (given) => {
    const found = /^(-?\d{1,15})(?:\.\.(-?\d{1,15}))?$/.exec(given);
    if (found === null) return undefined;
    const min = Number(found[1]);
    const max = Number(found[2] ?? found[1]);
    return min <= max ? [min, max] : undefined;
  },
});

/** @param value what the help shows in place of all choices */
export const oneOf = <const T extends string>(
  about: string,
  choices: readonly T[],
  value: string = `<${choices.join("|")}>`,
): Knob<T> => ({
  value,
  about,
  expected: `one of ${choices.join(", ")}`,
  read: (given) => choices.find((choice) => choice === given),
});

/** `--data-file` without its dashes, of `dataFile`. */
export const optionOf = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** @throws UsageError that names the option and what it expects */
export const readKnobs = <K extends Knobs>(args: readonly string[], knobs: K): Values<K> =>
  valuesOf(parse(args, knobs, false).values, knobs);

/** Options, and what stands among them without one. @throws UsageError as `readKnobs` */
export function readArguments<K extends Knobs>(
  args: readonly string[],
  knobs: K,
): { readonly values: Values<K>; readonly rest: readonly string[] } {
  const { values, positionals } = parse(args, knobs, true);
  return { values: valuesOf(values, knobs), rest: positionals };
}

function valuesOf<K extends Knobs>(given: Given, knobs: K): Values<K> {
  const values = Object.entries(knobs).flatMap(([name, knob]) => {
    const option = optionOf(name);
    const said = given[option];
    if (said === undefined) return [];
    const read = (text: string): unknown => {
      const value = knob.read(text, `--${option}`);
      if (value !== undefined) return value;
      throw new UsageError(`--${option}: expected ${knob.expected}, got ${text}`);
    };
    const value = Array.isArray(said) ? said.flatMap((each) => read(`${each}`)) : read(`${said}`);
    return [[name, value] as const];
  });
  return Object.fromEntries(values) as Values<K>;
}

type Given = Readonly<Record<string, unknown>>;

function parse(
  args: readonly string[],
  knobs: Knobs,
  allowPositionals: boolean,
): { readonly values: Given; readonly positionals: readonly string[] } {
  const options = Object.fromEntries(
    Object.entries(knobs).map(([name, { value, isRepeated = false }]) => [
      optionOf(name),
      {
        type: value === "" ? ("boolean" as const) : ("string" as const),
        multiple: isRepeated,
      },
    ]),
  );
  const parsed = (() => {
    try {
      return parseArgs({ args: [...args], options, strict: true, allowPositionals, tokens: true });
    } catch (error) {
      const [message = ""] = (error as Error).message.split(/\.\s/);
      const [, unknown] = /^Unknown option '--(.*)'/.exec(message) ?? [];
      const meant = unknown && optionMeant(unknown, Object.keys(options));
      throw new UsageError(`${message}${meant ? `, did you mean --${meant}` : ""}; see --help`);
    }
  })();
  const seen = new Set<string>();
  for (const token of parsed.tokens) {
    if (token.kind !== "option") continue;
    if (seen.has(token.name) && !options[token.name]?.multiple)
      throw new UsageError(`--${token.name}: expected it once, got it again; see --help`);
    seen.add(token.name);
  }
  return parsed;
}

/** Those of the values that belong to `knobs`. */
export const only = <K extends Knobs>(values: Values<Knobs>, knobs: K): Values<K> =>
  Object.fromEntries(
    Object.entries(values).filter(([name]) => Object.hasOwn(knobs, name)),
  ) as Values<K>;

const COLUMN = 26;

/**
 * A line or more for each option: `  --count <n>             how many rows`.
 * @param headings stand before the options that they name, where there are many
 */
export const describeKnobs = (
  knobs: Knobs,
  headings: Readonly<Record<string, string | undefined>> = {},
): string =>
  Object.entries(knobs)
    .map(([name, { value, about }], i) => {
      const option = `  --${optionOf(name)}${value === "" ? "" : ` ${value}`}`;
      const gap =
        option.length < COLUMN - 1 ? " ".repeat(COLUMN - option.length) : `\n${" ".repeat(COLUMN)}`;
      const heading = headings[name];
      const above = heading === undefined ? "" : `${i > 0 ? "\n" : ""}${heading}\n`;
      return `${above}${option}${gap}${about.replaceAll("\n", `\n${" ".repeat(COLUMN)}`)}\n`;
    })
    .join("");
