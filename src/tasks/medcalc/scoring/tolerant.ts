import { daysIn, lastDate } from "../../tolerant/dates.ts";
import { lastBoxed, lastTagged } from "../../tolerant/notation.ts";
import { answeredNumber, statedNumber, type Written } from "../../tolerant/numbers.ts";
import { roundHalfEven } from "../rounding.ts";
import type { Output } from "../types.ts";
import { lastAnswer, readExpression } from "./benchmark.ts";
import { toFloat } from "./python.ts";
import type { Verdict } from "./verdict.ts";

/** A scorer that reads what models write: any notation, any usual spelling of a date, and prose. */

const WRONG: Verdict = { extracted: null, correct: false };

/** `"answer": "…"` as JSON has it, where the text ends before the brace. */
const FIELD = /["'][Aa]nswer["']\s{0,20}:\s{0,20}(?:"([^"\n]{0,2000})"|([^",}\n]{1,2000}))/g;

/** What is said to be the answer, if anything is; else undefined: the whole text is prose. */
function fieldIn(text: string): string | undefined {
  const field = lastAnswer(text);
  if (field !== "") return field;
  const [, quoted, bare] = [...text.matchAll(FIELD)].at(-1) ?? [];
  const said = quoted ?? bare ?? lastBoxed(text) ?? lastTagged(text);
  return said?.trim() === "" ? undefined : said;
}

/** Units with a number in them, which is no answer. */
const UNITS =
  /\/\s{0,3}1\.73\s{0,3}m\S{0,3}|(?:\*|\u00d7|x)?\s{0,3}10\s{0,3}\^\s{0,3}\d{1,2}\s{0,3}\/\s{0,3}\p{L}{1,3}/gu;

const numberIn = (field: string | undefined, text: string): Written | undefined =>
  field === undefined
    ? answeredNumber(text.replace(UNITS, " "))
    : statedNumber(field.replace(UNITS, " "));

type Judge = (field: string | undefined, text: string, bounds: Bounds) => Verdict;

interface Bounds {
  readonly truth: string;
  readonly lower: string;
  readonly upper: string;
}

const judges: Readonly<Record<Output, Judge>> = {
  date: (field, text, { truth }) => {
    const extracted = lastDate(field ?? text);
    if (extracted === undefined) return WRONG;
    return { extracted, correct: extracted === lastDate(truth) };
  },
  duration: (field, text, { truth }) => {
    const days = daysIn(field ?? text);
    if (days === undefined) return WRONG;
    return { extracted: `(${Math.floor(days / 7)}, ${days % 7})`, correct: days === daysIn(truth) };
  },
  integer: (field, text, { truth }) => {
    const number = numberIn(field, text);
    if (number === undefined) return WRONG;
    // "12/15" is a score out of another, not a quotient.
    const points = number.value * number.divisor;
    return { extracted: number.text, correct: roundHalfEven(points) === toFloat(truth) };
  },
  decimal: (field, text, { lower, upper }) => {
    const computed = field === undefined ? undefined : readExpression(field);
    const number = numberIn(field, text);
    const value = computed?.value ?? number?.value;
    if (value === undefined) return WRONG;
    const [a, b] = [toFloat(lower), toFloat(upper)];
    const within = (x: number): boolean => Math.min(a, b) <= x && x <= Math.max(a, b);
    const isShare = computed === undefined && number?.isPercent === true;
    return {
      extracted: computed === undefined ? (number?.text ?? null) : `${value}`,
      correct: within(value) || (isShare && within(value / 100)),
    };
  },
};

/** The verdict of a patient reader: null where it finds nothing of the kind that is asked for. */
export function scoreTolerantly(
  text: string,
  output: Output,
  truth: string,
  lower: string,
  upper: string,
): Verdict {
  return judges[output](fieldIn(text), text, { truth, lower, upper });
}
