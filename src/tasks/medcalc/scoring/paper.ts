import { BLANK, strip, toFloat } from "./python.ts";
import type { Verdict } from "./verdict.ts";

/** The scorer of the paper's authors: reads `<answer>{"answer": "…"}</answer>` to the letter. */

/** What the authors' scorer puts in place of an answer that it does not find. */
export const UNPARSED = "-1000000000";

const OPEN = '<answer>{"answer": "';
const CLOSINGS = ['"}</answer>', '"}}</answer>'];

/** What is between the first opening of a line and the last closing of the same line. */
function between(text: string, closing: string): string | undefined {
  for (const line of text.split("\n")) {
    const start = line.indexOf(OPEN) + OPEN.length;
    const end = line.lastIndexOf(closing);
    if (start >= OPEN.length && end >= start) return line.slice(start, end);
  }
  return undefined;
}

/** Without the quotes of a tuple: those of Python, not those of JSON. */
const bare = (text: string): string => text.replace(/[' ]/g, "");

/**
 * The answer in a response. One in weeks and days is taken whole, and only where one brace closes;
 * any other is read up to the first space, and may have two.
 */
function answerIn(text: string, upper: string): string {
  const [single = "", double = ""] = CLOSINGS;
  const one = between(text, single);
  if (upper.includes("weeks") && upper.includes("days")) return one ?? UNPARSED;
  const answer = one ?? between(text, double);
  return answer === undefined ? UNPARSED : (answer.split(" ", 1)[0] ?? "");
}

/** The authors' verdict. An empty answer is wrong, whatever the right one is. */
export function scoreAsPaper(text: string, truth: string, lower: string, upper: string): Verdict {
  const answer = answerIn(text, upper);
  if (answer === "") return { extracted: answer, correct: false };
  const timed = upper.includes("weeks");
  const stripped = strip(answer, BLANK);
  const extracted = timed ? bare(stripped) : stripped;
  if (extracted === (timed ? bare(truth) : truth)) return { extracted, correct: true };
  const value = toFloat(extracted);
  const within = lower !== upper && toFloat(lower) <= value && value <= toFloat(upper);
  return { extracted, correct: within };
}
