import type { Expression, Operator } from "./expression.ts";

/** An exact number: in lowest terms, the denominator positive. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));

/** numerator / denominator, or undefined where that is division by zero. */
function rational(numerator: bigint, denominator = 1n): Rational | undefined {
  if (denominator === 0n) return undefined;
  const sign = denominator < 0n ? -1n : 1n;
  const shared = gcd(numerator < 0n ? -numerator : numerator, denominator * sign) * sign;
  return { numerator: numerator / shared, denominator: denominator / shared };
}

type Combine = (a: Rational, b: Rational) => Rational | undefined;

const floor = ({ numerator, denominator }: Rational): Rational => {
  const whole = numerator / denominator;
  return {
    numerator: whole * denominator > numerator ? whole - 1n : whole,
    denominator: 1n,
  };
};

/** A result of more bits than this is not worked out. */
const MAX_BITS = 4096;

const bits = (value: bigint): number => value.toString(2).length;

function power(
  base: Rational,
  { numerator: exponent, denominator }: Rational,
): Rational | undefined {
  const size = exponent < 0n ? -exponent : exponent;
  const isTooLarge =
    size > MAX_BITS ||
    (bits(base.numerator) + bits(base.denominator)) * Number(size) > 2 * MAX_BITS;
  if (denominator !== 1n || isTooLarge) return undefined;
  const [top, bottom] = [base.numerator ** size, base.denominator ** size];
  return exponent < 0n ? rational(bottom, top) : rational(top, bottom);
}

const divide: Combine = (a, b) =>
  rational(a.numerator * b.denominator, a.denominator * b.numerator);

const combine: Readonly<Record<Operator, Combine>> = {
  "+": (a, b) =>
    rational(
      a.numerator * b.denominator + b.numerator * a.denominator,
      a.denominator * b.denominator,
    ),
  "-": (a, b) =>
    rational(
      a.numerator * b.denominator - b.numerator * a.denominator,
      a.denominator * b.denominator,
    ),
  "*": (a, b) => rational(a.numerator * b.numerator, a.denominator * b.denominator),
  "/": divide,
  "//": (a, b) => {
    const quotient = divide(a, b);
    return quotient && floor(quotient);
  },
  "**": power,
};

/** A decimal number, exactly. */
function decimal(text: string): Rational {
  const [whole = "", fraction = ""] = text.split(".");
  return rational(BigInt(`${whole}${fraction}`), 10n ** BigInt(fraction.length)) as Rational;
}

/** `a operator b`; undefined for a division by zero and for powers that are no small rationals. */
export const apply = (a: Rational, operator: Operator, b: Rational): Rational | undefined =>
  combine[operator](a, b);

/** The exact value; undefined where there is none. */
export function evaluate(expression: Expression): Rational | undefined {
  if (expression.kind === "number") return decimal(expression.text);
  if (expression.kind === "negate") {
    const value = evaluate(expression.operand);
    return value && { ...value, numerator: -value.numerator };
  }
  const left = evaluate(expression.left);
  const right = left && evaluate(expression.right);
  return left && right && apply(left, expression.operator, right);
}
