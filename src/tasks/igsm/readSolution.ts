import { nameTable } from "./names.ts";
import type { Operator, ParameterId, Problem } from "./problem.ts";
import type { Equation, Formula, Solution, Step } from "./solution.ts";
import { type StyleName, styleOf } from "./style.ts";

/** A solution, or why a text is none; and what a stricter reader would object to. */
export type Reading =
  | { readonly solution: Solution; readonly objection: string }
  | { readonly why: string };

/** Text that is no solution; never leaves this file. No Error: a stack trace is slow. */
class Unreadable {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

const tables = new WeakMap<Problem, Map<StyleName, ReadonlyMap<string, ParameterId>>>();

function tableOf(problem: Problem, style: StyleName): ReadonlyMap<string, ParameterId> {
  const known = tables.get(problem) ?? new Map<StyleName, ReadonlyMap<string, ParameterId>>();
  tables.set(problem, known);
  const { possessive } = styleOf(style);
  const table =
    known.get(style) ?? nameTable(problem, ({ owner, owned }) => `${owner}${possessive}${owned}`);
  known.set(style, table);
  return table;
}

/** Reads a solution at detail level 0. Any text is safe; symbols and numbers are not yet checked. */
export function readSolution(problem: Problem, text: string, style: StyleName): Reading {
  const names = tableOf(problem, style);
  try {
    return style === "text" ? readText(text, names) : readCompact(text, names);
  } catch (error) {
    if (error instanceof Unreadable) return { why: error.why };
    throw error;
  }
}

type Names = ReadonlyMap<string, ParameterId>;

function parameterNamed(names: Names, name: string): ParameterId {
  const id = names.get(name);
  if (id === undefined) throw new Unreadable(`expected a parameter of the problem, got "${name}"`);
  return id;
}

/**
 * Reads `Define A's B as x; h = y + z = …; so x = …` as the original does: of the last part the
 * first four characters are passed over, whatever they are.
 */
function readText(text: string, names: Names): Reading {
  const sentences = text.trim().replace(/\.$/, "").split(". ");
  const objections: string[] = [];
  const solution = sentences.map((sentence): Step => {
    const parts = sentence.trim().split("; ");
    const head = parts[0] as string;
    const last = parts.at(-1) as string;
    const as = head.lastIndexOf(" as ");
    if (parts.length < 2 || !head.startsWith("Define ") || as < 7)
      throw new Unreadable(`expected "Define … as …; so … = …", got "${sentence}"`);
    const symbol = head.slice(as + 4);
    if (!last.startsWith(`so ${symbol} = `))
      objections.push(`expected "so ${symbol}" in "${last}"`);
    const definition = readEquation(`${symbol}${afterFour(last)}`);
    const between = parts.slice(1, -1).map(readEquation);
    return {
      parameter: parameterNamed(names, head.slice(7, as)),
      equations: [...between, definition],
    };
  });
  return { solution, objection: objections[0] ?? "" };
}

/** A text without its first four characters, of which some may take two places. */
const afterFour = (text: string): string =>
  /^[\0-\x7f]{4}/.test(text)
    ? text.slice(4)
    : `${[...text.slice(0, 8)].slice(4).join("")}${text.slice(8)}`;

/** Reads `h = y + z = … ; x = A . B = …  ; ans 7`. */
function readCompact(text: string, names: Names): Reading {
  const clauses = text.split(";").map((clause) => clause.trim());
  const said = /^ans (\d{1,15})$/.exec(clauses.pop() as string)?.[1];
  const solution: Step[] = [];
  let equations: Equation[] = [];
  for (const clause of clauses) {
    const [symbol, name, ...rest] = clause.split(" = ");
    const defines = name?.includes(" . ");
    equations.push(readEquation(defines ? [symbol, ...rest].join(" = ") : clause));
    if (defines) {
      solution.push({ parameter: parameterNamed(names, name as string), equations });
      equations = [];
    }
  }
  const result = solution.at(-1)?.equations.at(-1)?.result;
  if (said === undefined || equations.length > 0 || Number(said) !== result)
    throw new Unreadable(`expected the last step and "ans ${result ?? "…"}" at the end`);
  return { solution, objection: "" };
}

/** `x = y + z = 3 + 4 = 7`, `x = y = 7` or `x = 7` */
function readEquation(text: string): Equation {
  const parts = text.split(" = ");
  const [symbol, ...formulas] = parts as [string, ...string[]];
  const fail = (): never => {
    throw new Unreadable(`expected an equation, got "${text}"`);
  };
  if ([...symbol].length !== 1 || formulas.length < 1 || formulas.length > 3) return fail();
  const result = numberOf(formulas.at(-1) as string) ?? fail();
  const hint = formulas.length > 1 ? readFormula(formulas[0] as string, operandOf) : undefined;
  const calculation =
    formulas.length === 3 ? readFormula(formulas[1] as string, numberOf) : ([result] as const);
  if ((hint === undefined && formulas.length > 1) || calculation === undefined) return fail();
  return { symbol, ...(hint && { hint }), calculation, result };
}

function readFormula<T>(
  text: string,
  read: (word: string) => T | undefined,
): Formula<T> | undefined {
  const words = text.split(" ");
  const [first, operator, second] = words as [string, string?, string?];
  const left = read(first);
  if (left === undefined) return undefined;
  if (words.length === 1) return [left];
  const right = read(second ?? "");
  const known = operator === "+" || operator === "-" || operator === "*";
  return words.length === 3 && known && right !== undefined
    ? [left, operator satisfies Operator, right]
    : undefined;
}

const numberOf = (word: string): number | undefined =>
  /^\d{1,15}$/.test(word) ? Number(word) : undefined;

const operandOf = (word: string): number | string | undefined =>
  word === "" ? undefined : (numberOf(word) ?? word);
