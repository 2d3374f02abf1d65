import { toFloat } from "./python.ts";
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

const bare = (text: string): string => text.replace(/['" ]/g, "");

/** The authors' verdict; an answer with a unit is read up to the first space. */
export function scoreAsPaper(text: string, truth: string, lower: string, upper: string): Verdict {
  const answer = CLOSINGS.map((closing) => between(text, closing)).find((it) => it !== undefined);
  const timed = /weeks|days/.test(upper);
  if (answer === undefined) return { extracted: UNPARSED, correct: false };
  if (timed) return { extracted: bare(answer), correct: bare(answer) === bare(truth) };
  const extracted = answer.split(" ", 1)[0] as string;
  if (extracted === truth) return { extracted, correct: true };
  const value = toFloat(extracted);
  const within = lower !== upper && toFloat(lower) <= value && value <= toFloat(upper);
  return { extracted, correct: within };
}
