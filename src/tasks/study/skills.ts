import { at } from "../../tensor/shapes.ts";
import { chance, integer, pick, type Stream, sample, several } from "../draw.ts";
import type { Generator } from "../exchange.ts";
import { digitSymbols, letterSymbols } from "./vocabulary.ts";

/** How many letters a question has, and which. */
export interface Letters {
  readonly alphabet: readonly string[];
  readonly min: number;
  readonly max: number;
}

const drawLetters = (next: Stream, { alphabet, min, max }: Letters): string[] =>
  several(next, alphabet, integer(next, min, max));

/** a∘b modulo 10, the arithmetic of the study. */
export const combine = (a: number, operator: string, b: number): number =>
  (operator === "+" ? a + b : a * b) % 10;

/** `REV a b c =` → `c b a` */
export const reverse =
  (letters: Letters): Generator =>
  (next) => {
    const word = drawLetters(next, letters);
    return { prompt: ["REV", ...word, "="], response: word.toReversed() };
  };

/** `SORT c a b =` → `a b c` */
export const sort =
  (letters: Letters): Generator =>
  (next) => {
    const word = drawLetters(next, letters);
    return { prompt: ["SORT", ...word, "="], response: word.toSorted() };
  };

/** `CALC 7 * 8 =` → `6`, modulo 10 */
export const calculate: Generator = (next) => {
  const [a, b, operator] = [integer(next, 0, 9), integer(next, 0, 9), pick(next, ["+", "*"])];
  return {
    prompt: ["CALC", `${a}`, operator, `${b}`, "="],
    response: [`${combine(a, operator, b)}`],
  };
};

/** `KV g 4 j 8 ? j =` → `8`, 2 to 4 pairs of distinct keys */
export const recall: Generator = (next) => {
  const keys = sample(next, letterSymbols, integer(next, 2, 4));
  const values = several(next, digitSymbols, keys.length);
  const asked = integer(next, 0, keys.length - 1);
  const pairs = keys.flatMap((key, i) => [key, at(values, i)]);
  return {
    prompt: ["KV", ...pairs, "?", at(keys, asked), "="],
    response: [at(values, asked)],
  };
};

/** A way to dress an echoed word up. */
export type Flag = "UP" | "BANG" | "QUOTE";

const dress: Readonly<Record<Flag, (word: readonly string[]) => readonly string[]>> = {
  UP: (word) => word.map((letter) => letter.toUpperCase()),
  BANG: (word) => [...word, "!"],
  QUOTE: (word) => ['"', ...word, '"'],
};

/** `ECHO UP BANG : a b =` → `A B !`; each flag is on half of the time. */
export const echo =
  (letters: Letters, flags: readonly Flag[]): Generator =>
  (next) => {
    const word = drawLetters(next, letters);
    const on = flags.filter(() => chance(next));
    return {
      prompt: ["ECHO", ...on, ":", ...word, "="],
      response: on.reduce((text, flag) => dress[flag](text), word as readonly string[]),
    };
  };

/** One unit is `factor` of the other. */
export interface UnitPair {
  readonly from: string;
  readonly to: string;
  readonly factor: number;
}

/** `CONV 7 m > n =` → `2 1`: 7 m are 21 n; two digits */
export const convert =
  (units: readonly UnitPair[]): Generator =>
  (next) => {
    const { from, to, factor } = pick(next, units);
    const amount = integer(next, 1, 9);
    return {
      prompt: ["CONV", `${amount}`, from, ">", to, "="],
      response: [...`${amount * factor}`.padStart(2, "0")],
    };
  };

/** `BOOL 1 & 0 | 1 =` → `1`, from left to right */
export const decide: Generator = (next) => {
  const values = several(next, [0, 1], 3);
  const operators = several(next, ["&", "|"], 2);
  const outcome = values.reduce((left, right, i) =>
    operators[i - 1] === "&" ? left & right : left | right,
  );
  const prompt = values.flatMap((value, i) =>
    i === 0 ? [`${value}`] : [at(operators, i - 1), `${value}`],
  );
  return { prompt: ["BOOL", ...prompt, "="], response: [`${outcome}`] };
};

/** `COPY c a c =` → `c a c` */
export const copy =
  (letters: Letters): Generator =>
  (next) => {
    const word = drawLetters(next, letters);
    return { prompt: ["COPY", ...word, "="], response: word };
  };

/** `CNT b a b c ? b =` → `2`; letters of a few, so that they come again */
export const countLetter =
  (letters: Letters): Generator =>
  (next) => {
    const word = drawLetters(next, letters);
    const asked = pick(next, letters.alphabet);
    const times = word.filter((letter) => letter === asked).length;
    return { prompt: ["CNT", ...word, "?", asked, "="], response: [`${times}`] };
  };
