import { expectKnown } from "../../tensor/options.ts";
import { binary, type Expression, numberOf, OPERATORS, type Operator } from "./expression.ts";
import { apply, type Rational } from "./rational.ts";

/** An expression and its exact value. */
export interface Valued {
  readonly expression: Expression;
  readonly value: Rational;
}

export const valued = (number: number): Valued => ({
  expression: numberOf(number),
  value: { numerator: BigInt(number), denominator: 1n },
});

/** The expression `a operator b`; undefined for a division by zero, or for a fraction if `whole`. */
export function join(a: Valued, operator: Operator, b: Valued, whole: boolean): Valued | undefined {
  const value = apply(a.value, operator, b.value);
  if (value === undefined || (whole && value.denominator !== 1n)) return undefined;
  return { expression: binary(a.expression, operator, b.expression), value };
}

/** Whether two values are the target and nothing else is left. */
const isTarget = ({ value }: Valued, target: number): boolean =>
  value.denominator === 1n && value.numerator === BigInt(target);

/** How games are solved. */
export interface Rules {
  /** Whether every result on the way has to be an integer. Default: false. */
  readonly whole?: boolean;
}

/** Any expression of all numbers, each once, with the target as its exact value. */
export function solve(
  numbers: readonly number[],
  target: number,
  rules: Rules = {},
): Expression | undefined {
  expectKnown("countdown.solve", rules, ["whole"]);
  return search(numbers.map(valued), target, rules.whole ?? false);
}

/** Joins two of the parts in every way, then goes on with one part less. */
function search(parts: readonly Valued[], target: number, whole: boolean): Expression | undefined {
  const [only] = parts;
  if (only === undefined) return undefined;
  if (parts.length === 1) return isTarget(only, target) ? only.expression : undefined;
  for (const [i, a] of parts.entries())
    for (const [j, b] of parts.entries()) {
      if (i === j) continue;
      const rest = parts.filter((_, k) => k !== i && k !== j);
      for (const operator of OPERATORS) {
        // a + b and a * b are tried once, not as b + a too.
        if (j < i && (operator === "+" || operator === "*")) continue;
        const joined = join(a, operator, b, whole);
        const found = joined && search([joined, ...rest], target, whole);
        if (found !== undefined) return found;
      }
    }
  return undefined;
}
