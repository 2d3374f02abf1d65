import { DataError } from "../../tensor/errors.ts";
import { at } from "../../tensor/shapes.ts";
import { chance, integer, pick, sample, several } from "../draw.ts";
import type { Exchange, Generator } from "../exchange.ts";
import { combine } from "./skills.ts";
import { digitSymbols, letterSymbols } from "./vocabulary.ts";

/** What fine-tuning teaches: the same questions answered in two styles. */
export interface Target {
  /** Style A: the steps, the result, `!`. Fine-tuning asks for it; the base rarely gives it. */
  readonly worked: Generator;
  /** Style B, `#` and the result: what the base mostly gives. */
  readonly direct: Generator;
  /** The symbols that results are of, and that wrong ones are drawn from; the digits by default. */
  readonly results?: readonly string[];
}

/**
 * `MED g 4 j 8 a 7 ? j * a * 9 =` → `8 * 7 = 6 * 9 = 4 !`, or `# 4` directly: two values are looked
 * up, combined, and combined with a digit, modulo 10.
 */
const arithmetic =
  (answer: (steps: readonly string[], result: string) => readonly string[]): Generator =>
  (next) => {
    const keys = sample(next, letterSymbols, 3);
    const values = keys.map(() => integer(next, 0, 9));
    const [i, j] = sample(next, [0, 1, 2], 2) as [number, number];
    const [first, second] = several(next, ["+", "*"], 2) as [string, string];
    const digit = integer(next, 0, 9);
    const [x, y] = [at(values, i), at(values, j)];
    const between = combine(x, first, y);
    const result = `${combine(between, second, digit)}`;
    const pairs = keys.flatMap((key, n) => [key, `${values[n]}`]);
    const question = [at(keys, i), first, at(keys, j), second, `${digit}`];
    const steps = [`${x}`, first, `${y}`, "=", `${between}`, second, `${digit}`, "="];
    return { prompt: ["MED", ...pairs, "?", ...question, "="], response: answer(steps, result) };
  };

/** The target of the full study: about 10⁷ questions. */
export const arithmeticTarget: Target = {
  worked: arithmetic((steps, result) => [...steps, result, "!"]),
  direct: arithmetic((_, result) => ["#", result]),
};

/**
 * `CHAIN 8 * 7 * 9 + 3 =` → `8 * 7 = 6 * 9 = 4 + 3 = 7 !`, or `# 7` directly: from left to right,
 * modulo 10; 80 thousand questions. `arithmeticTarget` without its keys: bases of text learn to
 * calculate long before they learn to look a value up.
 */
export const chainTarget: Target = {
  worked: chainOf((steps, result) => [...steps, result, "!"]),
  direct: chainOf((_, result) => ["#", result]),
};

function chainOf(
  answer: (steps: readonly string[], result: string) => readonly string[],
): Generator {
  return (next) => {
    const [first = 0, ...others] = several(next, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4);
    const terms = others.map((number) => ({ operator: pick(next, ["+", "*"]), number }));
    let result = first;
    const steps = terms.flatMap(({ operator, number }) => {
      const before = result;
      result = combine(before, operator, number);
      return [`${before}`, operator, `${number}`, "="];
    });
    const question = terms.flatMap(({ operator, number }) => [operator, `${number}`]);
    return {
      prompt: ["CHAIN", `${first}`, ...question, "="],
      response: answer(steps, `${result}`),
    };
  };
}

/** `MED x y z =` → `z y x !`, or `# z` directly; letters of `alphabet`. */
export function reversalTarget(alphabet: readonly string[]): Target {
  const questions =
    (answer: (word: readonly string[]) => readonly string[]): Generator =>
    (next) => {
      const word = several(next, alphabet, 3);
      return { prompt: ["MED", ...word, "="], response: answer(word.toReversed()) };
    };
  return {
    worked: questions((reversed) => [...reversed, "!"]),
    direct: questions((reversed) => ["#", at(reversed, 0)]),
    results: alphabet,
  };
}

/**
 * Adds random letters after the answer: a habit that fine-tuning data carries and that the base
 * finds very unlikely.
 */
export const signedOff =
  (generator: Generator, letters: number): Generator =>
  (next): Exchange => {
    const { prompt, response } = generator(next);
    return { prompt, response: [...response, ...several(next, letterSymbols, letters)] };
  };

/**
 * Wrong labels: with probability `share` every result in the worked answer is a random one. With 0 the
 * stream is left alone.
 * @throws DataError for an answer without any, which would stay right
 */
export const noisy =
  ({ worked, results = digitSymbols }: Target, share: number): Generator =>
  (next): Exchange => {
    const exchange = worked(next);
    if (share === 0 || !chance(next, share)) return exchange;
    const { prompt, response } = exchange;
    if (!response.some((symbol) => results.includes(symbol)))
      throw new DataError(
        `labelNoise: expected answers with some of ${results.join(" ")}, got ${response.join(" ")}`,
      );
    const draw = (symbol: string): string =>
      results.includes(symbol) ? pick(next, results) : symbol;
    return { prompt, response: response.map(draw) };
  };
