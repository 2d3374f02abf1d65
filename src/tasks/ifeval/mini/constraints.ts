import { integer, pick, type Stream } from "../../draw.ts";
import type { InstructionId } from "../instructions.ts";
import type { Kwargs } from "../kwargs.ts";
import { letters, storyWords } from "./symbols.ts";

/** Kinds of constraints, by the word that a prompt has for them. */
export type Kind =
  | "words"
  | "letter"
  | "bullets"
  | "slots"
  | "has"
  | "not"
  | "end"
  | "no"
  | "lower"
  | "upper"
  | "title"
  | "two"
  | "quote";

/** A constraint as symbols of the prompt: `words >= 6`. */
export type Constraint = readonly [kind: Kind, ...args: string[]];

/** The instruction of IFEval that a constraint is. */
export interface Asked {
  readonly id: InstructionId;
  readonly kwargs: Kwargs;
}

interface Rule {
  /** Draws the arguments; numbers up to `most`. */
  readonly draw: (next: Stream, most: number) => readonly string[];
  readonly asked: (args: readonly string[]) => Asked;
  /** What the arguments look like in a prompt. */
  readonly form: RegExp;
}

const none = (): readonly string[] => [];
const EMPTY = /^$/;
const COUNT = /^[1-9]$/;
const AT_LEAST = /^>= [1-9]$/;
const WORD = /^[a-z]+$/;

const plain = (id: InstructionId): Rule => ({
  draw: none,
  asked: () => ({ id, kwargs: {} }),
  form: EMPTY,
});

const withWord = (id: InstructionId, kwargs: (word: string) => Kwargs): Rule => ({
  draw: (next) => [pick(next, storyWords)],
  asked: ([word]) => ({ id, kwargs: kwargs(word as string) }),
  form: WORD,
});

const relationOf = (symbol: string | undefined): string =>
  symbol === "<" ? "less than" : "at least";

const countOf = (next: Stream, min: number, most: number): string =>
  `${integer(next, min, Math.max(min, most))}`;

/** What each kind asks for. */
export const rules: Readonly<Record<Kind, Rule>> = {
  words: {
    draw: (next, most) => [pick(next, [">=", "<"]), countOf(next, 3, most)],
    asked: ([relation, count]) => ({
      id: "length_constraints:number_words",
      kwargs: { relation: relationOf(relation), num_words: Number(count) },
    }),
    form: /^(?:>=|<) [1-9]$/,
  },
  letter: {
    draw: (next, most) => [pick(next, letters), ">=", countOf(next, 2, most)],
    asked: ([letter, , count]) => ({
      id: "keywords:letter_frequency",
      kwargs: { letter, let_relation: "at least", let_frequency: Number(count) },
    }),
    form: /^[a-z] >= [1-9]$/,
  },
  bullets: {
    draw: (next, most) => [countOf(next, 2, Math.min(most, 4))],
    asked: ([count]) => ({
      id: "detectable_format:number_bullet_lists",
      kwargs: { num_bullets: Number(count) },
    }),
    form: COUNT,
  },
  slots: {
    draw: (next, most) => [">=", countOf(next, 1, Math.min(most, 3))],
    asked: ([, count]) => ({
      id: "detectable_content:number_placeholders",
      kwargs: { num_placeholders: Number(count) },
    }),
    form: AT_LEAST,
  },
  has: withWord("keywords:existence", (word) => ({ keywords: [word] })),
  not: withWord("keywords:forbidden_words", (word) => ({ forbidden_words: [word] })),
  end: withWord("startend:end_checker", (word) => ({ end_phrase: word })),
  no: { ...plain("punctuation:no_comma"), draw: () => [","], form: /^,$/ },
  lower: plain("change_case:english_lowercase"),
  upper: plain("change_case:english_capital"),
  title: plain("detectable_format:title"),
  two: plain("combination:two_responses"),
  quote: plain("startend:quotation"),
};

export const kinds: readonly Kind[] = Object.keys(rules) as Kind[];

/** Kinds that cannot be asked for together. */
const CONFLICTS: readonly (readonly Kind[])[] = [
  ["lower", "upper"],
  ["bullets", "two", "quote"],
];

/** Whether the kinds can be asked for together. */
export const areCompatible = (asked: readonly Kind[]): boolean =>
  CONFLICTS.every((conflict) => asked.filter((kind) => conflict.includes(kind)).length < 2);

/** A sixth of the combinations of two kinds or more, always the same: to be kept for tests. */
export const isHeldOut = (asked: readonly Kind[]): boolean =>
  asked.length > 1 && asked.reduce((sum, kind) => sum + kinds.indexOf(kind), 0) % 6 === 0;

/** The instruction of a constraint. */
export const askedBy = ([kind, ...args]: Constraint): Asked => rules[kind].asked(args);

/** A constraint out of a prompt; undefined if it is none. */
export function readConstraint(symbols: readonly string[]): Constraint | undefined {
  const [kind, ...args] = symbols;
  if (kind === undefined || !Object.hasOwn(rules, kind)) return undefined;
  return rules[kind as Kind].form.test(args.join(" ")) ? [kind as Kind, ...args] : undefined;
}
