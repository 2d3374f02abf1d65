import { DataError } from "../../tensor/errors.ts";
import { expectKnown, expectOneOf } from "../../tensor/options.ts";
import { type Expression, parse } from "./expression.ts";
import { equals, equalsExactly, evaluatePython } from "./python.ts";
import { evaluate } from "./rational.ts";
import { solvesTolerantly } from "./tolerant.ts";

/** A game and a response to it. */
export interface Attempt {
  /** Each has to be used exactly once. */
  readonly numbers: readonly number[];
  readonly target: number;
  readonly text: string;
}

/**
 * - `paper`: what the paper's authors accept: the first `boxed{…}`, to the last `}` of its line;
 *   its value, rounded as Python rounds, equals the target.
 * - `exact`: the same with exact fractions.
 * - `tinyzero`: the last `<answer>…</answer>`; within 10⁻⁵ of the target.
 * - `tolerant`: the last box or `<answer>`, else the last line, in any usual notation, with the
 *   result or without; exact fractions.
 */
export type Rule = (typeof RULES)[number];

const RULES = ["paper", "exact", "tinyzero", "tolerant"] as const;

/** By which rule a Countdown answer is found in its text, and what it may be made of. */
export interface VerifyOptions {
  /** Default: `paper`. */
  readonly rule?: Rule;
  /** Accept `//` and `**`, which the original programs let Python evaluate. Default: false. */
  readonly compat?: boolean;
}

function boxed(text: string): string | undefined {
  for (const line of text.split("\n")) {
    const start = line.indexOf("boxed{");
    const end = line.lastIndexOf("}");
    if (start >= 0 && end >= start + 6)
      return line.slice(start + 6, end).replaceAll("\\times", "*");
  }
  return undefined;
}

function answered(text: string): string | undefined {
  const end = text.lastIndexOf("</answer>");
  const start = text.lastIndexOf("<answer>", end);
  return end < 0 || start < 0 ? undefined : text.slice(start + 8, end).trim();
}

const sorted = (numbers: readonly number[]): readonly number[] =>
  [...numbers].sort((a, b) => a - b);

/** Whether the runs of digits in a text are exactly the numbers. */
function usesEachOnce(text: string, numbers: readonly number[]): boolean {
  const used = sorted((text.match(/\d+/g) ?? []).map(Number));
  return used.length === numbers.length && sorted(numbers).every((value, i) => value === used[i]);
}

const parsed = (text: string): Expression | undefined => {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
};

function hits(expression: Expression, target: number, rule: Rule): boolean {
  if (rule === "exact") {
    const value = evaluate(expression);
    return value !== undefined && Number.isFinite(target) && equalsExactly(value, target);
  }
  const value = evaluatePython(expression);
  if (value === undefined) return false;
  return rule === "paper" ? equals(value, target) : Math.abs(Number(value) - target) < 1e-5;
}

/**
 * Whether a response solves a game of Countdown. No text makes it throw.
 * @throws RangeError for a rule that it does not know
 */
export function verify({ numbers, target, text }: Attempt, options: VerifyOptions = {}): boolean {
  expectKnown("countdown.verify", options, ["rule", "compat"]);
  const { rule = "paper", compat = false } = options;
  expectOneOf("countdown.verify: rule", rule, RULES);
  if (rule === "tolerant")
    return solvesTolerantly(text, target, (side) => usesEachOnce(side, numbers));
  const said = rule === "tinyzero" ? answered(text) : boxed(text);
  if (said === undefined || !/^[\d+\-*/().\s]+$/.test(said)) return false;
  if (!usesEachOnce(said, numbers) || (!compat && /\/\/|\*\*/.test(said))) return false;
  const expression = parsed(said);
  return expression !== undefined && hits(expression, target, rule);
}
