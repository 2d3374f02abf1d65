/**
 * What a number of a JSON text would have to be so that a double keeps it; undefined where it does.
 * Integers that a double has, or that are written as `JSON.stringify` writes a double, keep what
 * they mean; fractions are rounded, as everywhere.
 * @example lossOf("9007199254740993") // "an integer that a double has, …"
 */
export function lossOf(digits: string): string | undefined {
  const value = Number(digits);
  if (!Number.isFinite(value)) return "a number that is not too large for a double";
  if (value === 0 && !isKept(digits)) return "a number that is not too small for a double";
  if (/[.eE]/.test(digits) || Number.isSafeInteger(value)) return undefined;
  return `${value}` === digits || BigInt(value) === BigInt(digits)
    ? undefined
    : "an integer that a double has, as those below 2^53 (or a text of its digits)";
}

/** Whether a double takes a decimal number for neither ∞, nor for 0 where it is not. */
export function isKept(digits: string): boolean {
  const value = Number(digits);
  return Number.isFinite(value) && (value !== 0 || !/[1-9]/.test(digits.split(/e/i, 1)[0] ?? ""));
}
