import { expectKnown, expectOneOf } from "../tensor/options.ts";
import { lastBoxed } from "./tolerant/notation.ts";
import { answeredNumber, statedNumber, type Written } from "./tolerant/numbers.ts";

/**
 * The final number of a text, compared with that of a reference as the paper's authors do it, or as
 * a person would: how the number was found does not matter.
 */
/**
 * - `paper`: what the paper's authors read: any run of digits, dots and commas.
 * - `tolerant`: what a person reads: the last box, else `####`, else what "answer" announces, else
 *   the last number; with thousands separators, signs of Unicode, fractions and units.
 */
export type Rule = (typeof RULES)[number];

const RULES = ["paper", "tolerant"] as const;

/** By which rule the final answer is found in a text. */
export interface AnswerOptions {
  /** Default: `paper`. */
  readonly rule?: Rule;
}

const NUMBERS = /-?[0-9.,]+/g;
const AFTER_HASHES = /####\s*(-?[0-9.,]+)/;
const BOXED = /boxed\{\s*(-?[0-9.,]+)/;

/** The last number of a text; a single dot is none. */
const lastNumber = (text: string): string | undefined =>
  (text.match(NUMBERS) ?? []).filter((number) => number !== ".").at(-1);

function afterLastHashes(text: string): string | undefined {
  const at = text.lastIndexOf("###");
  return at < 0 ? undefined : text.slice(at + 3);
}

const withoutLastDots = (text: string): string => {
  let end = text.length;
  while (text[end - 1] === ".") end--;
  return text.slice(0, end);
};

/** What a person takes for the final number. */
function readTolerant(text: string): Written | undefined {
  const box = lastBoxed(text);
  const boxed = box === undefined ? undefined : statedNumber(box);
  if (boxed !== undefined) return boxed;
  const hashes = text.lastIndexOf("####");
  const marked = hashes < 0 ? undefined : statedNumber(text.slice(hashes + 4, hashes + 4 + MARKED));
  return marked ?? answeredNumber(text);
}

/** What follows the hashes is looked at this far. */
const MARKED = 200;

function readPaper(text: string): string | undefined {
  const stripped = text.trim();
  const body = stripped.endsWith(".") ? stripped.slice(0, -1) : stripped;
  const found =
    AFTER_HASHES.exec(body)?.[1] ??
    BOXED.exec(body)?.[1] ??
    lastNumber(afterLastHashes(body) ?? body);
  return found === undefined ? undefined : withoutLastDots(found.replaceAll(",", ""));
}

function ruleOf(options: AnswerOptions): Rule {
  expectKnown("finalAnswer", options, ["rule"]);
  const { rule = "paper" } = options;
  expectOneOf("finalAnswer: rule", rule, RULES);
  return rule;
}

/**
 * The final answer of a text as it is written, without commas and last dots. By the paper's rule
 * the number after `####`, else the first in `boxed{`, else the last number after the last `###`,
 * else the last number; undefined if there is none.
 * @throws RangeError for a rule that it does not know
 * @example extract("x = \u22127", { rule: "tolerant" }) // "-7"
 */
export function extract(text: string, options: AnswerOptions = {}): string | undefined {
  const rule = ruleOf(options);
  return rule === "tolerant" ? readTolerant(text)?.text : readPaper(text);
}

const amount = (answer: string | undefined): number =>
  answer === undefined || answer === "" ? Number.NaN : Number(answer);

/** Thirds and the like are equal where their doubles are all but equal. */
const SAME = 1e-12;

/**
 * Whether the final numbers of a text and of a reference are there and equal; by the tolerant rule
 * to a relative 10⁻¹².
 * @throws RangeError for a rule that it does not know
 */
export function match(text: string, reference: string, options: AnswerOptions = {}): boolean {
  const rule = ruleOf(options);
  if (rule === "paper") return amount(readPaper(text)) === amount(readPaper(reference));
  const [said, right] = [readTolerant(text)?.value, readTolerant(reference)?.value];
  if (said === undefined || right === undefined) return false;
  return Math.abs(said - right) <= SAME * Math.max(Math.abs(said), Math.abs(right));
}
