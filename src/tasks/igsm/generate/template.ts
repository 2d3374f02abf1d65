import { parameterOf } from "../problem.ts";
import type { Solution } from "../solution.ts";
import type { Split } from "./options.ts";
import { sha256 } from "./sha256.ts";

/** Templates fall into 23 bins, of which the first 16 are for training. */
const BINS = 23;
const TRAINING_BINS = 16;

/** A solution without its names and numbers, its symbols numbered as they appear. */
export function sketch(solution: Solution): string {
  const numbers = new Map<string, number>();
  const canonical = (symbol: string): string => {
    const number = numbers.get(symbol) ?? numbers.size;
    numbers.set(symbol, number);
    return `s${number}`;
  };
  return solution
    .map(({ parameter, equations }) => {
      const kind = parameterOf(parameter).kind === "instance" ? "Inst" : "Inter";
      const formulas = equations.map(({ symbol, hint = [0] }) => {
        const words = hint.map((part, i) =>
          typeof part === "number" ? 0 : i === 1 ? part : canonical(part),
        );
        return `${canonical(symbol)} = ${words.join(" ")}`;
      });
      return `${kind}: ${formulas.join("; ")}`;
    })
    .join(". ");
}

/** The bin, 0 … 22, of a solution's template: SHA-256 of its sketch modulo 23. */
export const binOf = (solution: Solution): number =>
  sha256(sketch(solution)).reduce((rest, word) => (rest * 2 ** 32 + word) % BINS, 0);

/** Whether a template may be drawn: tests use none of the templates of training. */
export const isIn = (split: Split, bin: number): boolean =>
  split === "any" || (split === "train") === bin < TRAINING_BINS;
