import { isTensor } from "./tensor.ts";

/** What is missing of T's names in a list of them; nothing where it is complete. */
type Missing<T, K extends readonly string[]> = Exclude<keyof T & string, K[number]>;

/**
 * Refuses options that nobody reads, so that a misspelt name is no silent default.
 * @param known every name of the options' type: the compiler refuses a list without one
 * @throws TypeError for what is no object, or naming the first stranger and the names there are
 */
export function expectKnown<T extends object, const K extends readonly (keyof T & string)[]>(
  op: string,
  options: T,
  known: [Missing<T, K>] extends [never] ? K : readonly [...K, Missing<T, K>],
): void {
  expectNames(op, options, known);
}

/** The same where the names are known at run time alone. */
export function expectNames(op: string, options: unknown, known: readonly string[]): void {
  const names = known.join(", ");
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new TypeError(`${op}: expected options of ${names}, got ${shown(options)}`);
  const stranger = Object.keys(options).find((name) => !known.includes(name));
  if (stranger === undefined) return;
  throw new TypeError(`${op}: expected options of ${names}, got ${stranger}`);
}

/**
 * Whether a number is one in float32 too, in which engines compute: there, settings beyond 3.4e38 are
 * infinite, and those below 7e-46 are 0.
 */
export function isFloat32(x: unknown): x is number {
  if (typeof x !== "number") return false;
  const held = Math.fround(x);
  return Number.isFinite(held) && (held !== 0 || x === 0);
}

/** To which float32 counts one by one: one more is the same again. */
export const MOST_COUNTED: number = 2 ** 24;

/** A setting as a message shows it: with what it is in float32, where that is another kind of number. */
export const inFloat32 = (x: unknown): string =>
  typeof x === "number" && Number.isFinite(x) && !isFloat32(x)
    ? `${x}, which is ${Math.fround(x)} in float32`
    : `${x}`;

/** What was given in place of something else, for messages; a tensor would refuse to be a text. */
export const shown = (value: unknown): string => {
  if (Array.isArray(value)) return "a list";
  if (isTensor(value)) return "a tensor";
  return typeof value === "function" ? "a function" : String(value);
};

/**
 * What a function of the caller's answers to a question of yes or no.
 * @throws TypeError for a promise, which would be a yes whatever it holds
 */
export function answered(where: string, answer: unknown): boolean {
  if (typeof answer === "object" && answer !== null && "then" in answer)
    throw new TypeError(`${where}: expected true or false, got a promise`);
  return Boolean(answer);
}

/** @throws TypeError unless an option is true or false, or not given */
export function expectFlags(where: string, flags: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(flags))
    if (value !== undefined && typeof value !== "boolean")
      throw new TypeError(`${where}: expected ${name} to be true or false, got ${shown(value)}`);
}

/** @throws RangeError unless an option has one of the values that it can have */
export function expectOneOf(where: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== "string" || !known.includes(value))
    throw new RangeError(`${where}: expected one of ${known.join(", ")}, got ${shown(value)}`);
}

/** What is given of options: one that is undefined is one that is not given. */
export const definedIn = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
