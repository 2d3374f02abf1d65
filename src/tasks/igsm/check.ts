import { expectKnown, expectOneOf } from "../../tensor/options.ts";
import { definitionsOf, dependencyOrder, parentsOf } from "./definitions.ts";
import { combine, constant, equal, type Polynomial, polynomialOf, variable } from "./polynomial.ts";
import type { ParameterId, Problem } from "./problem.ts";
import { readSolution } from "./readSolution.ts";
import type { Equation, Formula, Solution, Step } from "./solution.ts";
import type { StyleName } from "./style.ts";
import { plainSolution } from "./tolerant.ts";
import { answer, calculate } from "./values.ts";

/**
 * `strict`: what the original's process check asks. Every equation quotes its symbols' values and
 * calculates rightly, every step refers to exactly the parameters that its parameter depends on,
 * and the last step answers the question. Operators in symbols are not compared with those in
 * numbers, and steps may be unnecessary.
 * `tight`: also, each step's formula means what the problem says, operators agree, and every step
 * and equation is needed.
 * `tolerant`: what `strict` asks, of a solution in any usual notation; see `plainSolution`.
 */
export type CheckMode = (typeof MODES)[number];

const MODES = ["strict", "tight", "tolerant"] as const;

/** Whether a solution is right, and why not. */
export interface Verdict {
  readonly correct: boolean;
  /** What is wrong; empty where nothing is. */
  readonly why: string;
}

/** What a symbol stands for. */
interface Meaning {
  readonly value: number;
  /** The parameters that it refers to, through the results between. */
  readonly parameters: ReadonlySet<ParameterId>;
  /** Absent where the formula is none that a parameter can have, and where nobody asks. */
  readonly polynomial?: Polynomial | undefined;
}

/** A fault; never leaves this file. No Error: most responses are wrong, and a stack trace is slow. */
class Wrong {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

const demand = (holds: boolean, why: () => string): void => {
  if (!holds) throw new Wrong(why());
};

/**
 * Checks a solution, chain of thought and answer; any text is safe.
 * @param problem a problem whose parameters have values, as from `parse` and `generate`
 * @param solutionText at detail level 0
 * @throws RangeError for a mode that it does not know
 */
export function check(
  problem: Problem,
  solutionText: string,
  options: { readonly mode: CheckMode; readonly style?: StyleName },
): Verdict {
  expectKnown("igsm.check", options, ["mode", "style"]);
  const { mode, style = "text" } = options;
  expectOneOf("igsm.check: mode", mode, MODES);
  const isPlain = mode === "tolerant" && style === "text";
  const text = isPlain ? plainSolution(solutionText) : solutionText;
  const reading = readSolution(problem, text, style);
  if ("why" in reading) return { correct: false, why: reading.why };
  try {
    const { solution, objection } = reading;
    verify(problem, solution, mode);
    if (mode === "tight") {
      demand(objection === "", () => objection);
      demandNeeded(problem, solution);
    }
    return { correct: true, why: "" };
  } catch (error) {
    if (error instanceof Wrong) return { correct: false, why: error.why };
    throw error;
  }
}

function verify(problem: Problem, solution: Solution, mode: CheckMode): void {
  const meanings = new Map<string, Meaning>();
  for (const step of solution) verifyStep(problem, step, meanings, mode);
  const last = solution.at(-1);
  demand(
    last?.parameter === problem.question,
    () => "expected the last step to find what is asked",
  );
  const result = last?.equations.at(-1)?.result;
  const right = answer(problem);
  demand(result === right, () => `expected the answer ${right}, got ${result}`);
}

function verifyStep(
  problem: Problem,
  { parameter, equations }: Step,
  meanings: Map<string, Meaning>,
  mode: CheckMode,
): void {
  equations.forEach((equation, i) => {
    const { symbol } = equation;
    demand(!meanings.has(symbol), () => `expected a new symbol, got ${symbol} again`);
    const meaning = meaningOf(equation, meanings, problem.modulus, mode);
    const isLast = i === equations.length - 1;
    if (isLast) verifyDefinition(problem, parameter, symbol, meaning, mode);
    const own = { parameters: new Set([parameter]), polynomial: variable(parameter) };
    meanings.set(symbol, isLast ? { value: meaning.value, ...own } : meaning);
  });
}

/** Compares a step's formula with the sentence, or the structure, that defines the parameter. */
function verifyDefinition(
  problem: Problem,
  parameter: ParameterId,
  symbol: string,
  { parameters, polynomial }: Meaning,
  mode: CheckMode,
): void {
  const definition = stated(problem, parameter);
  const parents = new Set(parentsOf(definition));
  demand(
    parents.size === parameters.size && [...parents].every((id) => parameters.has(id)),
    () => `expected ${symbol} to refer to what its parameter depends on, and nothing else`,
  );
  if (mode === "tight")
    demand(
      polynomial !== undefined && equal(polynomial, polynomialOf(definition, problem.modulus)),
      () => `expected the formula of ${symbol} to mean what the problem says`,
    );
}

function stated(
  problem: Problem,
  parameter: ParameterId,
): ReturnType<ReturnType<typeof definitionsOf>> {
  const isStated =
    parameter.startsWith("1") || problem.statements.some((one) => one.parameter === parameter);
  demand(isStated, () => "expected a parameter that the problem states, got another");
  return definitionsOf(problem)(parameter);
}

/** What an equation gives its symbol, after checking its arithmetic. */
function meaningOf(
  {
    symbol,
    hint = [],
    calculation,
    result,
  }: Omit<Equation, "hint"> & { readonly hint?: Formula<number | string> | readonly [] },
  meanings: ReadonlyMap<string, Meaning>,
  modulus: number,
  mode: CheckMode,
): Meaning {
  const fault = (what: string) => () => `expected ${what} in the equation of ${symbol}`;
  const [numbers, by] = [operandsOf(calculation), calculation[1] ?? "+"];
  const value = numbers.reduce((a, b) => calculate(a, by, b, modulus));
  demand(value === result, fault(`the result ${value}, not ${result},`));
  const shown = hint.length === 0 ? [...numbers] : operandsOf(hint);
  demand(shown.length === numbers.length, fault("as many numbers as symbols"));
  const named = shown.some((operand) => typeof operand === "string");
  demand(named || shown.length === 1, fault("a symbol"));
  const operands = shown.map((operand): Meaning => {
    if (typeof operand === "number")
      return { value: operand, parameters: new Set(), polynomial: constant(operand, modulus) };
    const known = meanings.get(operand);
    if (known === undefined) throw new Wrong(fault(`no unknown symbol ${operand}`)());
    return known;
  });
  operands.forEach((operand, i) => {
    demand(operand.value === numbers[i], fault(`the value ${operand.value}, not ${numbers[i]},`));
  });
  const operator = hint[1] ?? by;
  if (mode === "tight") demand(operator === by, fault("one operator"));
  const [left, right] = operands as [Meaning, Meaning?];
  if (right === undefined) return { ...left, value };
  const known = mode === "tight" && left.polynomial && right.polynomial;
  return {
    value,
    parameters: new Set([...left.parameters, ...right.parameters]),
    polynomial: known ? combine(left.polynomial, operator, right.polynomial, modulus) : undefined,
  };
}

const operandsOf = <T>([first, , second]: Formula<T>): readonly T[] =>
  second === undefined ? [first] : [first, second];

/** Every parameter is found once and leads to the question; every result between is used. */
function demandNeeded(problem: Problem, solution: Solution): void {
  const needed = new Set(dependencyOrder(problem));
  const found = new Set<ParameterId>();
  for (const { parameter } of solution) {
    demand(needed.has(parameter) && !found.has(parameter), () => "expected no unnecessary step");
    found.add(parameter);
  }
  const quoted = new Set(
    solution.flatMap(({ equations }) => equations.flatMap(({ hint }) => [...(hint ?? [])])),
  );
  for (const { equations } of solution)
    for (const { symbol } of equations.slice(0, -1))
      demand(quoted.has(symbol), () => `expected no unused equation, got that of ${symbol}`);
}
