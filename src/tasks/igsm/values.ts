import { type Definition, definitionsOf, dependencyOrder, operationsOf } from "./definitions.ts";
import type { Operator, ParameterId, Problem } from "./problem.ts";

/** a ∘ b modulo M, in 0 … M−1. */
export function calculate(a: number, operator: Operator, b: number, modulus: number): number {
  const exact = operator === "+" ? a + b : operator === "-" ? a - b : a * b;
  return ((exact % modulus) + modulus) % modulus;
}

function evaluate(
  { constant, operator, terms }: Definition,
  modulus: number,
  at: (id: ParameterId) => number,
): number {
  const product = (ids: readonly ParameterId[]) =>
    ids.map(at).reduce((a, b) => calculate(a, "*", b, modulus));
  const body = terms
    .map(product)
    .reduce((a, b, i) => (i === 0 ? b : calculate(a, operator, b, modulus)), 0);
  return constant ? calculate(constant.value, constant.operator, body, modulus) : body;
}

function valuesOf(problem: Problem, order: readonly ParameterId[]): Map<ParameterId, number> {
  const definition = definitionsOf(problem);
  const found = new Map<ParameterId, number>();
  for (const id of order)
    found.set(
      id,
      evaluate(definition(id), problem.modulus, (parent) => found.get(parent) as number),
    );
  return found;
}

/**
 * The value, 0 … modulus−1, of every parameter that a problem states, uses or asks for.
 * @throws DataError for parameters that depend on themselves or on one that no sentence states
 */
export function values(problem: Problem): Readonly<Record<ParameterId, number>> {
  const stated = problem.statements.map(({ parameter }) => parameter);
  const order = dependencyOrder(problem, [...stated, problem.question]);
  return Object.fromEntries(valuesOf(problem, order));
}

/** The value of the parameter asked for, 0 … modulus−1. @throws DataError as `values` does */
export const answer = (problem: Problem): number =>
  valuesOf(problem, dependencyOrder(problem)).get(problem.question) as number;

/** How many operations (`op`) the question takes: the number of equations of the solution. */
export function operations(problem: Problem): number {
  const definition = definitionsOf(problem);
  return dependencyOrder(problem).reduce((sum, id) => sum + operationsOf(definition(id)), 0);
}
