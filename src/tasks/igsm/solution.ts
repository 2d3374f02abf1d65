import { expectKnown } from "../../tensor/options.ts";
import { type Definition, definitionsOf, dependencyOrder } from "./definitions.ts";
import type { Operator, ParameterId, Problem } from "./problem.ts";
import { calculate } from "./values.ts";

/** One operand, or two with an operator. */
export type Formula<T> = readonly [T] | readonly [T, Operator, T];

/** `symbol = hint = calculation = result`, e.g. x = y + 3 = 4 + 3 = 7. */
export interface Equation {
  readonly symbol: string;
  /** In symbols; a stated number has none. */
  readonly hint?: Formula<number | string>;
  /** The same in numbers. */
  readonly calculation: Formula<number>;
  readonly result: number;
}

/** Finds one parameter: equations for what lies between, and last the one for the parameter. */
export interface Step {
  readonly parameter: ParameterId;
  readonly equations: readonly Equation[];
}

/** A chain of thought; the last step finds the parameter asked for. */
export type Solution = readonly Step[];

/** The symbols of the original: one letter each. */
export const letters: readonly string[] = [
  ..."abcdefghijklmnopqrstuvwxyz",
  ..."ABCDEFGHIJKLMNOPQRSTUVWXYZ",
];

/** What a step calculates, before the results between have symbols. */
type Tree =
  | { readonly number: number }
  | { readonly parameter: ParameterId }
  | { readonly left: Tree; readonly operator: Operator; readonly right: Tree };

/** ((t₁ ∘ t₂) ∘ t₃) …, and the constant before it. */
function treeOf({ constant, operator, terms }: Definition): Tree {
  const combine =
    (by: Operator) =>
    (left: Tree, right: Tree): Tree => ({ left, operator: by, right });
  const products = terms.map((ids) =>
    ids.map((parameter): Tree => ({ parameter })).reduce(combine("*")),
  );
  const [first, ...rest] = products;
  if (first === undefined) return { number: constant?.value ?? 0 };
  const body = rest.reduce(combine(operator), first);
  return constant ? combine(constant.operator)({ number: constant.value }, body) : body;
}

interface Found {
  readonly symbol: string;
  readonly value: number;
}

/**
 * Solves a problem step by step.
 * @param order the parameters to find, each after what it depends on, the one asked for last
 * @param symbols at least as many one-character symbols as there are equations
 * @throws RangeError when the symbols run out, DataError as `values` does
 */
export function solve(
  problem: Problem,
  options: { readonly order?: readonly ParameterId[]; readonly symbols?: readonly string[] } = {},
): Solution {
  expectKnown("igsm.solve", options, ["order", "symbols"]);
  const { order = dependencyOrder(problem), symbols = letters } = options;
  const definition = definitionsOf(problem);
  const found = new Map<ParameterId, Found>();
  let used = 0;
  const fresh = (): string => {
    const symbol = symbols[used++];
    if (symbol === undefined)
      throw new RangeError(`igsm.solve: expected at most ${symbols.length} equations, got more`);
    return symbol;
  };
  return order.map((parameter) => {
    const symbol = fresh();
    const equations = equationsOf(treeOf(definition(parameter)), symbol, problem, found, fresh);
    found.set(parameter, { symbol, value: (equations.at(-1) as Equation).result });
    return { parameter, equations };
  });
}

/** The equations of one step: operands before what combines them. */
function equationsOf(
  tree: Tree,
  symbol: string,
  { modulus }: Problem,
  found: ReadonlyMap<ParameterId, Found>,
  fresh: () => string,
): Equation[] {
  const equations: Equation[] = [];
  const operand = (node: Tree): { readonly shown: number | string; readonly value: number } => {
    if ("number" in node) return { shown: node.number, value: node.number };
    if ("parameter" in node) {
      const { symbol: shown, value } = found.get(node.parameter) as Found;
      return { shown, value };
    }
    const equation = write(node, fresh);
    return { shown: equation.symbol, value: equation.result };
  };
  const write = (node: Tree, name: () => string): Equation => {
    const equation = "left" in node ? binary(node, name) : single(node, name);
    equations.push(equation);
    return equation;
  };
  const single = (node: Tree, name: () => string): Equation => {
    const { shown, value } = operand(node);
    const hint = typeof shown === "string" && { hint: [shown] as const };
    return { symbol: name(), ...hint, calculation: [value], result: value };
  };
  const binary = (node: Extract<Tree, { left: Tree }>, name: () => string): Equation => {
    const [left, right] = [operand(node.left), operand(node.right)];
    return {
      symbol: name(),
      hint: [left.shown, node.operator, right.shown],
      calculation: [left.value, node.operator, right.value],
      result: calculate(left.value, node.operator, right.value, modulus),
    };
  };
  write(tree, () => symbol);
  return equations;
}
