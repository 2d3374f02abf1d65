import { pick } from "./draw.ts";
import type { Generator } from "./exchange.ts";
import { calculate, convert, decide, echo, recall, reverse, sort } from "./skills.ts";
import { arithmeticTarget, reversalTarget, type Target } from "./target.ts";
import { letterSymbols } from "./vocabulary.ts";

/** The skills that a base model has before fine-tuning, and what fine-tuning teaches. */
export interface Suite {
  /** Prior skills by name. */
  readonly skills: Readonly<Record<string, Generator>>;
  readonly target: Target;
  /** Positions that the longest question and answer takes: as many programs are traced as there
   * are lengths. */
  readonly positions: { readonly skill: number; readonly target: number };
}

export type SuiteName = "full" | "smoke";

const firstLetters = letterSymbols.slice(0, 6);

export const suites: Readonly<Record<SuiteName, Suite>> = {
  full: {
    skills: {
      rev: reverse({ alphabet: letterSymbols, min: 3, max: 5 }),
      sort: sort({ alphabet: letterSymbols, min: 3, max: 5 }),
      calc: calculate,
      kv: recall,
      echo: echo({ alphabet: letterSymbols, min: 2, max: 4 }, ["UP", "BANG", "QUOTE"]),
      conv: convert([
        { from: "m", to: "n", factor: 3 },
        { from: "m", to: "p", factor: 4 },
        { from: "n", to: "q", factor: 7 },
        { from: "p", to: "q", factor: 6 },
      ]),
      bool: decide,
    },
    target: arithmeticTarget,
    positions: { skill: 18, target: 25 },
  },
  smoke: {
    skills: {
      rev: reverse({ alphabet: firstLetters, min: 3, max: 3 }),
      echo: echo({ alphabet: firstLetters, min: 2, max: 2 }, ["UP", "BANG"]),
      conv: convert([{ from: "m", to: "n", factor: 3 }]),
      bool: decide,
    },
    target: reversalTarget(firstLetters),
    positions: { skill: 11, target: 10 },
  },
};

/** Any prior skill, each as likely as the others. */
export const anySkill = ({ skills }: Suite): Generator => {
  const generators = Object.values(skills);
  return (next) => pick(next, generators)(next);
};
