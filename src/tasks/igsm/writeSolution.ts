import type { Problem } from "./problem.ts";
import type { Equation, Formula, Solution, Step } from "./solution.ts";
import { type StyleName, styleOf } from "./style.ts";
import { writeName } from "./write.ts";

/** How much a solution spells out. */
export interface Detail {
  /** `full`: "Define A's B as x", `symbol`: "Define x", `name`: "A's B", used as its own symbol. */
  readonly define: "full" | "symbol" | "name";
  /** Whether the formula in symbols is written. */
  readonly hints: boolean;
  /** Whether the formula in numbers is written. */
  readonly calculations: boolean;
}

/**
 * The 12 detail levels of the original: level = define + 3 · (no hints) + 6 · (no calculations).
 * @throws RangeError for other numbers
 */
function detailOf(level: number): Detail {
  const define = (["full", "symbol", "name"] as const)[level % 3];
  if (define === undefined || level >= 12)
    throw new RangeError(`igsm: expected a detail level 0 … 11, got ${level}`);
  return { define, hints: Math.floor(level / 3) % 2 === 0, calculations: level < 6 };
}

/** How a solution is put into words; a row of a data file, which says more, will do. */
export interface SolutionFormat {
  readonly style?: StyleName;
  /** 0 … 11; the default, 0, spells everything out and is the only one that can be checked. */
  readonly detailLevel?: number;
}

/** A solution in words. @throws RangeError for an unknown detail level */
export function writeSolution(
  problem: Problem,
  solution: Solution,
  format: SolutionFormat = {},
): string {
  const steps = writeSteps(problem, solution, format);
  const result = solution.at(-1)?.equations.at(-1)?.result;
  return format.style === "compact"
    ? [...steps, `ans ${result}`].join(" ; ")
    : ` ${steps.join(". ")}.`;
}

/** The steps of a solution in words. @throws RangeError for an unknown detail level */
export function writeSteps(
  problem: Problem,
  solution: Solution,
  { style = "text", detailLevel = 0 }: SolutionFormat = {},
): string[] {
  const detail = detailOf(detailLevel);
  const names = new Map<string, string>();
  const nameOf = ({ parameter }: Step): string => writeName(problem, parameter, styleOf(style));
  if (detail.define === "name")
    for (const step of solution) names.set(symbolOf(step), nameOf(step));
  const equation = (head: string, one: Equation): string => writeEquation(head, one, detail, names);
  const write = style === "text" ? textStep : compactStep;
  return solution.map((step) => write(step, nameOf(step), detail, equation));
}

/** The symbol that a step defines. */
const symbolOf = ({ equations }: Step): string => (equations.at(-1) as Equation).symbol;

type WriteEquation = (head: string, equation: Equation) => string;

/** `Define A's B as x; h = y + z = 3 + 4 = 7; so x = …` */
function textStep(step: Step, name: string, { define }: Detail, write: WriteEquation): string {
  const between = step.equations.slice(0, -1).map((equation) => write(equation.symbol, equation));
  const last = step.equations.at(-1) as Equation;
  const head = {
    full: `Define ${name} as ${last.symbol}`,
    symbol: `Define ${last.symbol}`,
    name,
  }[define];
  const symbol = define === "name" ? name : last.symbol;
  return [head, ...between, `so ${write(symbol, last)}`].join("; ");
}

/** `h = y + z = 3 + 4 = 7 ; x = A . B = …` */
function compactStep(step: Step, name: string, { define }: Detail, write: WriteEquation): string {
  const between = step.equations.slice(0, -1).map((equation) => write(equation.symbol, equation));
  const last = step.equations.at(-1) as Equation;
  const head = { full: `${last.symbol} = ${name}`, symbol: last.symbol, name }[define];
  return [...between, write(head, last)].join(" ; ");
}

function writeEquation(
  head: string,
  { hint, calculation, result }: Equation,
  { hints, calculations }: Detail,
  names: ReadonlyMap<string, string>,
): string {
  const formula = (parts: Formula<number | string>): string =>
    parts.map((part) => names.get(`${part}`) ?? part).join(" ");
  return [
    head,
    ...(hints && hint ? [formula(hint)] : []),
    ...(calculations && calculation.length === 3 ? [formula(calculation)] : []),
    result,
  ].join(" = ");
}
