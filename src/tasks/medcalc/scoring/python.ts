/** Python's idea of numbers, as far as the benchmark's scorer leans on it. */

import { PYTHON_SPACE } from "../../pythonSpace.ts";

/** A number with its Python type: 3 and 3.0 print differently. */
export interface PythonNumber {
  readonly value: number;
  readonly float: boolean;
  /** The digits of a whole number that was read, which may be too many for `value`. */
  readonly text?: string;
}

/** `text.strip(…)` of the characters that a pattern matches one by one; linear in the text. */
export function strip(text: string, characters: RegExp): string {
  let [start, end] = [0, text.length];
  while (start < end && characters.test(text[start] as string)) start++;
  while (end > start && characters.test(text[end - 1] as string)) end--;
  return text.slice(start, end);
}

/** One character of white space. */
export const BLANK: RegExp = new RegExp(`[${PYTHON_SPACE}]`);

/** Python refuses to read whole numbers with more digits. */
const MAX_DIGITS = 4300;

const LITERAL =
  /^([+-]?)(?:(\d+\.\d*(?:e[+-]?\d+)?|\d+e[+-]?\d+|\.\d+(?:e[+-]?\d+)?)|(0+|[1-9]\d*))$/i;

/** A numeric literal as Python's `eval` takes it: `007` is an error there, `007.0` is not. */
export function evaluateLiteral(text: string): PythonNumber | undefined {
  const match = LITERAL.exec(text);
  if (match === null) return undefined;
  const value = Number(text);
  if (match[2] !== undefined) return { value, float: true };
  return text.length > MAX_DIGITS ? undefined : { value: value + 0, float: false, text };
}

/** `str` of a number. */
export function show({ value, float, text }: PythonNumber): string {
  if (!float) return BigInt(text ?? value).toString();
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16))
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  const digits = Object.is(value, -0) ? "-0" : `${value}`;
  return Number.isInteger(value) ? `${digits}.0` : digits;
}

const FLOAT = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i;

/** `float` of a text; NaN where Python raises. */
export function toFloat(text: string): number {
  const bare = strip(text, BLANK);
  if (FLOAT.test(bare)) return Number(bare.replaceAll("_", ""));
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(bare);
  if (infinite === null) return Number.NaN;
  return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
