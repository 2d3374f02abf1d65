import type { Expression, Operator } from "./expression.ts";
import { apply, type Rational } from "./rational.ts";

/** A number of Python: `int` or `float`. */
export type PythonNumber = bigint | number;

const whole = (value: bigint): Rational => ({ numerator: value, denominator: 1n });

const floats: Readonly<Record<Operator, (a: number, b: number) => number | undefined>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => (b === 0 ? undefined : a / b),
  "//": (a, b) => (b === 0 ? undefined : Math.floor(a / b)),
  "**": (a, b) => (a === 0 && b < 0 ? undefined : a ** b),
};

/** A quotient of integers that doubles have exactly is rounded once, as in Python. */
const isExact = (value: bigint): boolean =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);

const inIntegers = (a: bigint, operator: Operator, b: bigint): PythonNumber | undefined => {
  if (operator === "/")
    return isExact(a) && isExact(b) ? floats["/"](Number(a), Number(b)) : undefined;
  if (operator === "**" && b < 0n) return floats["**"](Number(a), Number(b));
  return apply(whole(a), operator, whole(b))?.numerator;
};

/**
 * The value that Python gives an expression, `float` rounding and all; undefined where it would
 * raise an error, where the value is not finite, and for integers of more than 53 bits under `/`.
 */
export function evaluatePython(expression: Expression): PythonNumber | undefined {
  if (expression.kind === "number")
    return expression.text.includes(".") ? Number(expression.text) : BigInt(expression.text);
  if (expression.kind === "negate") {
    const value = evaluatePython(expression.operand);
    return value === undefined ? undefined : -value;
  }
  const left = evaluatePython(expression.left);
  const right = evaluatePython(expression.right);
  if (left === undefined || right === undefined) return undefined;
  const value =
    typeof left === "bigint" && typeof right === "bigint"
      ? inIntegers(left, expression.operator, right)
      : floats[expression.operator](Number(left), Number(right));
  return typeof value === "number" && !Number.isFinite(value) ? undefined : value;
}

/** Whether a number equals a target, exactly, as Python's `==` says. */
export const equals = (value: PythonNumber, target: number): boolean =>
  typeof value === "bigint"
    ? Number.isInteger(target) && value === BigInt(target)
    : value === target;

/** Whether an exact value equals a target. */
export const equalsExactly = (value: Rational, target: number): boolean => {
  const [scaled, scale] = fractionOf(target);
  return value.numerator * scale === scaled * value.denominator;
};

/** A double as numerator and denominator, a power of two. */
function fractionOf(value: number): readonly [bigint, bigint] {
  let [scaled, scale] = [value, 1n];
  while (!Number.isInteger(scaled)) [scaled, scale] = [scaled * 2, scale * 2n];
  return [BigInt(scaled), scale];
}
