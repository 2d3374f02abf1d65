import { PYTHON_SPACE } from "../../pythonSpace.ts";
import { roundHalfEven } from "../rounding.ts";
import type { Output } from "../types.ts";
import { evaluateExpression } from "./expression.ts";
import { BLANK, evaluateLiteral, type PythonNumber, show, strip } from "./python.ts";
import type { Verdict } from "./verdict.ts";

/** The scorer of MedCalc-Bench itself: reads the last `"answer": …}` of a response. */

const KEY = /[Aa]nswer":/g;
const BLANKS = new RegExp(`[${PYTHON_SPACE}]*`, "y");

/** The prompts' placeholders, which count as no answer. */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  "str(short_and_direct_answer_of_the_question)",
  "str(value which is the answer to the question)",
  "X.XX",
]);

/**
 * What follows the last `answer":` up to a brace on the same line. Each search starts behind the
 * last find, and a key in a line without a brace is passed over, so that the time is linear.
 */
export function lastAnswer(text: string): string {
  let found = "";
  let brace = 0;
  let newline = 0;
  KEY.lastIndex = 0;
  for (let key = KEY.exec(text); key !== null; key = KEY.exec(text)) {
    BLANKS.lastIndex = KEY.lastIndex;
    BLANKS.exec(text);
    const start = BLANKS.lastIndex;
    if (brace < start) brace = nextIndex(text, "}", start);
    if (newline < start) newline = nextIndex(text, "\n", start);
    if (brace >= newline) continue;
    found = text.slice(start, brace);
    KEY.lastIndex = brace + 1;
  }
  const bare = strip(strip(found, BLANK), /"/);
  return PLACEHOLDERS.has(bare) ? "" : bare;
}

/** Where `part` is next, or behind the text. */
function nextIndex(text: string, part: string, start: number): number {
  const index = text.indexOf(part, start);
  return index === -1 ? text.length : index;
}

// A number starts where no digit is before it: the same finds as without, in linear time.
const DATE = /^(0?[1-9]|1[0-2])\/(0?[1-9]|[12][0-9]|3[01])\/(\d{4})/;
const OUT_OF = /(?<!\d)(\d+) out of/;
const LIST = /(?<!\d)\d+((?:, ?-?\d+)+)/;
const NUMBER = /-?\p{Nd}+(?:\.\p{Nd}+)?/gu;
const PERCENT = /-?(?<!\d)\d+(?:\.\d+)?%/g;
const FILTRATION = new RegExp(`(-?(?<!\\d)\\d+(?:\\.\\d+)?)[${PYTHON_SPACE}]*mL/min/1.73`);
const WEEKS = new RegExp(
  `(\\d+)[${PYTHON_SPACE}]*(?:(?:weeks?["']?,?|["'],?|,)[${PYTHON_SPACE}]*)?["']?(\\d+)`,
);

/** Month, day and year if there is such a day. */
function readDate(text: string): string | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [month, day, year] = match.slice(1).map(Number) as [number, number, number];
  const time = new Date(0);
  time.setUTCFullYear(year, month - 1, day);
  if (year === 0 || time.getUTCMonth() + 1 !== month) return undefined;
  return [month, day, match[3]].map((part) => `${part}`.padStart(2, "0")).join("/");
}

/** `(weeks, days)`; numbers with leading zeros are none. */
function readDuration(text: string): string | undefined {
  const match = WEEKS.exec(text);
  if (match === null) return undefined;
  const parts = match.slice(1).map((part) => evaluateLiteral(part));
  return parts.includes(undefined) ? undefined : `(${match[1]}, ${match[2]})`;
}

/** The text of a whole number: `N` of "N out of", the length of a list, else the last number. */
function readInteger(text: string): string | undefined {
  const outOf = OUT_OF.exec(text);
  if (outOf !== null) return outOf[1];
  const list = LIST.exec(text);
  if (list !== null) return `${list[1]?.split(",").length}`;
  return text.match(NUMBER)?.at(-1);
}

/** What the benchmark takes out of arithmetic; the g of `log`, which it loses, stays. */
const UNITS = /weight|height|mg\/dl|g\/dl|mmol\/L|kg|mEq\/L|(?<!lo)g/g;

/** Arithmetic without units and a comment, with the parentheses at its start that it lacks. */
function tidy(text: string): string {
  const bare = text.replace(UNITS, "").split("#", 1)[0] ?? "";
  const excess = bare.split(")").length - bare.split("(").length;
  return "(".repeat(Math.max(0, excess)) + bare;
}

/** Where arithmetic stands in `str(…)`. */
function arithmeticIn(text: string): string | undefined {
  const open = text.indexOf("str(");
  const close = text.lastIndexOf(")");
  return open !== -1 && close >= open + 4 ? text.slice(open + 4, close) : undefined;
}

/** The value of `str(…)`; undefined without one, or where there is no arithmetic in it. */
export function readExpression(text: string): PythonNumber | undefined {
  const arithmetic = arithmeticIn(text);
  return arithmetic === undefined ? undefined : evaluateExpression(tidy(arithmetic));
}

/** The value of `str(…)`, of a filtration rate, of a percentage, else of the last number. */
function readDecimal(text: string): PythonNumber | undefined {
  if (arithmeticIn(text) !== undefined) return readExpression(text);
  const rate = FILTRATION.exec(text);
  if (rate !== null) return evaluateLiteral(rate[1] ?? "");
  const percent = text.match(PERCENT)?.at(-1);
  if (percent !== undefined) {
    const value = evaluateLiteral(percent.slice(0, -1))?.value;
    return value === undefined ? undefined : { value: value / 100, float: true };
  }
  return evaluateLiteral(text.match(NUMBER)?.at(-1) ?? "");
}

const WRONG: Verdict = { extracted: null, correct: false };

const judges: Readonly<
  Record<Output, (answer: string, truth: string, lower: string, upper: string) => Verdict>
> = {
  date: (answer, truth) => {
    const extracted = readDate(answer);
    return extracted === undefined ? WRONG : { extracted, correct: extracted === readDate(truth) };
  },
  duration: (answer, truth) => {
    const extracted = readDuration(answer);
    return extracted === undefined
      ? WRONG
      : { extracted, correct: extracted === readDuration(truth) };
  },
  integer: (answer, truth) => {
    const extracted = readInteger(answer);
    const value = evaluateLiteral(extracted ?? "")?.value;
    if (extracted === undefined || value === undefined) return WRONG;
    return { extracted, correct: roundHalfEven(value) === evaluateLiteral(truth)?.value };
  },
  decimal: (answer, _, lower, upper) => {
    const number = readDecimal(answer);
    if (number === undefined) return WRONG;
    const [least, most] = [evaluateLiteral(lower)?.value, evaluateLiteral(upper)?.value];
    const correct =
      least !== undefined && most !== undefined && least <= number.value && number.value <= most;
    return { extracted: show(number), correct };
  },
};

/** The benchmark's verdict: null where its scorer finds nothing or stops with an error. */
export const scoreAsBenchmark = (
  text: string,
  output: Output,
  truth: string,
  lower: string,
  upper: string,
): Verdict => judges[output](lastAnswer(text), truth.trim(), lower.trim(), upper.trim());
