import { DataError } from "../../tensor/errors.ts";
import { lastBoxed, lastTagged, plainMath } from "../tolerant/notation.ts";
import { parse } from "./expression.ts";
import { equalsExactly } from "./python.ts";
import { evaluate, type Rational } from "./rational.ts";

/** Longer answers are none. */
const MAX_LENGTH = 2000;

/** `x` and `:` between operands, and what a person reads as a product without a sign. */
const SPELLED: readonly (readonly [pattern: RegExp, by: string])[] = [
  [/[[{]/g, "("],
  [/[\]}]/g, ")"],
  [/(?<=[\d)]) {0,3}[xX] {0,3}(?=[\d(-])/g, "*"],
  [/(?<=[\d)]) {0,3}: {0,3}(?=[\d(])/g, "/"],
  [/(?<=\d),(?=\d{3}(?!\d))/g, ""],
  [/\) {0,3}(?=[(\d])/g, ")*"],
  [/(?<=\d) {0,3}\(/g, "*("],
];

/** Behind an expression: a full stop, a comma, a formula's end. */
const TAIL = /[\s.,;!$*`]+$/;
const HEAD = /^[\s$*`]+/;

/** The formula that a response gives: the last box, else the last `<answer>`, else the last line. */
function formulaIn(text: string): string | undefined {
  const said = lastBoxed(text) ?? lastTagged(text) ?? lastLine(text);
  return said.length > MAX_LENGTH ? undefined : said;
}

const SAID = /\b(?:answer|solution|expression|equation|formula) (?:is|would be|can be) /i;

/**
 * The last line with a digit, behind "the answer is", or behind its last colon with a blank:
 * "Answer: (3 + 5) * 2".
 */
function lastLine(text: string): string {
  const lines = text.slice(-2 * MAX_LENGTH).split("\n");
  const line = lines.findLast((each) => /\d/.test(each)) ?? "";
  const colon = line.lastIndexOf(": ");
  if (colon >= 0 && /[A-Za-z]/.test(line.slice(0, colon))) return line.slice(colon + 1);
  const said = line.search(SAID);
  return said < 0 ? line : line.slice(said).replace(SAID, "");
}

function exactly(side: string): Rational | undefined {
  try {
    return evaluate(parse(side));
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

/**
 * Whether a response solves a game in any usual notation. The result may be written too: of the
 * sides of `=` one uses each number, and all equal the target, in exact fractions.
 */
export function solvesTolerantly(
  text: string,
  target: number,
  usesEachOnce: (side: string) => boolean,
): boolean {
  const formula = formulaIn(text);
  if (formula === undefined || !Number.isFinite(target)) return false;
  const math = plainMath(formula).replace(HEAD, "").replace(TAIL, "");
  const plain = SPELLED.reduce((rest, [pattern, by]) => rest.replace(pattern, by), math);
  const sides = plain.split("=").map((side) => side.trim());
  if (sides.some((side) => !/^[\d+\-*/().\s]+$/.test(side) || /\/\/|\*\*/.test(side))) return false;
  return (
    sides.some(usesEachOnce) &&
    sides.every((side) => {
      const value = exactly(side);
      return value !== undefined && equalsExactly(value, target);
    })
  );
}
