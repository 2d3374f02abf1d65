import type { Definition } from "./definitions.ts";
import type { Operator, ParameterId } from "./problem.ts";
import { calculate } from "./values.ts";

/**
 * A polynomial in the parameters, of degree ≤ 2: the coefficient, not 0, of each product of
 * parameters. Two formulas mean the same if their polynomials are equal.
 */
export type Polynomial = ReadonlyMap<string, number>;

export const constant = (value: number, modulus: number): Polynomial => {
  const reduced = calculate(value, "+", 0, modulus);
  return new Map(reduced === 0 ? [] : [["", reduced]]);
};

export const variable = (id: ParameterId): Polynomial => new Map([[id, 1]]);

const separator = "*";

const degree = (product: string): number => (product === "" ? 0 : product.split(separator).length);

const times = (a: string, b: string): string =>
  [a, b]
    .filter((product) => product !== "")
    .sort()
    .join(separator);

function collect(terms: Iterable<readonly [string, number]>, modulus: number): Polynomial {
  const sum = new Map<string, number>();
  for (const [product, coefficient] of terms)
    sum.set(product, calculate(sum.get(product) ?? 0, "+", coefficient, modulus));
  for (const [product, coefficient] of sum) if (coefficient === 0) sum.delete(product);
  return sum;
}

/** a ∘ b, or nothing where the degree would exceed 2: no parameter is defined so. */
export function combine(
  a: Polynomial,
  operator: Operator,
  b: Polynomial,
  modulus: number,
): Polynomial | undefined {
  if (operator !== "*")
    return collect(
      [...a, ...[...b].map(([p, c]) => [p, operator === "-" ? -c : c] as const)],
      modulus,
    );
  const degreeOf = (polynomial: Polynomial) => Math.max(0, ...[...polynomial.keys()].map(degree));
  if (degreeOf(a) + degreeOf(b) > 2) return undefined;
  return collect(
    [...a].flatMap(([p, c]) => [...b].map(([q, d]) => [times(p, q), c * d] as const)),
    modulus,
  );
}

/** What a definition says, as a polynomial. */
export function polynomialOf(definition: Definition, modulus: number): Polynomial {
  const { constant: given, operator, terms } = definition;
  const sign = (index: number) => (operator === "-" && index > 0 ? -1 : 1);
  const body = collect(
    terms.map((ids, i) => [ids.toSorted().join(separator), sign(i)] as const),
    modulus,
  );
  if (!given) return body;
  return combine(constant(given.value, modulus), given.operator, body, modulus) as Polynomial;
}

export const equal = (a: Polynomial, b: Polynomial): boolean =>
  a.size === b.size && [...a].every(([product, coefficient]) => b.get(product) === coefficient);
