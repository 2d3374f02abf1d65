import { DataError } from "../../tensor/errors.ts";
import { expectKnown } from "../../tensor/options.ts";
import type { Stream } from "../draw.ts";
import type { Exchange } from "../exchange.ts";
import type { Mini, MiniVerdict } from "../mini.ts";
import { OptionsError } from "../optionsError.ts";
import { type Expression, symbolsOf } from "./expression.ts";
import { drawGame, type Game } from "./generate.ts";
import { evaluate } from "./rational.ts";
import { solve } from "./solve.ts";
import { verify } from "./verify.ts";

/** The vocabulary. */
export const miniSymbols: readonly string[] = [
  ..."0123456789",
  ..."+-*/()=;>",
  ...["REACH", "ans"],
];

/** The knobs of difficulty; both ends of every range are included. */
export interface MiniOptions {
  /** How many numbers; the default is 2 to 3. */
  readonly count?: readonly [min: number, max: number];
  /** The numbers, of one digit; the default is 1 to 9. */
  readonly number?: readonly [min: number, max: number];
  /** The target, not negative; the default is 1 to 20. */
  readonly target?: readonly [min: number, max: number];
}

/** More numbers take too long to solve. */
const MAX_COUNT = 4;

const digitsOf = (value: number | bigint): readonly string[] => [...`${value}`];

/** `REACH 3 5 2 > 1 3 =` */
const promptOf = ({ numbers, target }: Pick<Game, "numbers" | "target">): readonly string[] => [
  "REACH",
  ...numbers.map(String),
  ">",
  ...digitsOf(target),
  "=",
];

/** `5 * 2 = 1 0 ;` for each operation, the inner ones first. All results are integers. */
function steps(expression: Expression): readonly string[] {
  if (expression.kind !== "binary") return [];
  const { left, operator, right } = expression;
  const value = (part: Expression): readonly string[] =>
    digitsOf(evaluate(part)?.numerator as bigint);
  const own = [...value(left), operator, ...value(right), "=", ...value(expression), ";"];
  return [...steps(left), ...steps(right), ...own];
}

/** Symbols of the longest prompt and response: `9 * 9 = 8 1 ;`, one digit more at each step. */
function longest(count: number, target: number): number {
  const places = digitsOf(target).length;
  const step = 3 * (count + 1) + 3;
  const answer = 1 + 2 * count - 1 + 2 * Math.max(count - 2, 0);
  return count + places + 3 + (count - 1) * step + answer;
}

const game = (prompt: readonly string[]): Pick<Game, "numbers" | "target"> => {
  const parts = /^REACH((?: \d)+) >((?: \d)+) =$/.exec(prompt.join(" "));
  if (parts === null)
    throw new DataError(`miniCountdown: expected REACH … > … =, got ${prompt.join(" ")}`);
  return {
    numbers: (parts[1] as string).trim().split(" ").map(Number),
    target: Number((parts[2] as string).replaceAll(" ", "")),
  };
};

function score(prompt: readonly string[], response: readonly string[]): MiniVerdict {
  const answer = response.slice(response.lastIndexOf("ans") + 1).join("");
  const correct =
    response.includes("ans") &&
    verify({ ...game(prompt), text: `\\boxed{${answer}}` }, { rule: "exact" });
  return { correct, why: correct ? "" : `expected ${prompt.slice(1).join(" ")}, got ${answer}` };
}

/**
 * Countdown for a tiny transformer: `REACH 3 5 2 > 1 3 =` → `5 * 2 = 1 0 ; 3 + 1 0 = 1 3 ; ans 3 + 5
 * * 2`, or only `ans 3 + 5 * 2`. Of several solutions it is always the first that `solve` finds.
 * @throws OptionsError (also while drawing) for options that no game meets
 */
export function miniCountdown(options: MiniOptions = {}): Mini {
  expectKnown("miniCountdown", options, ["count", "number", "target"]);
  const { count = [2, 3], number = [1, 9], target = [1, 20] } = options;
  if (count[1] > MAX_COUNT || number[1] > 9 || target[0] < 0)
    throw new OptionsError(
      `miniCountdown: expected at most ${MAX_COUNT} numbers of one digit and targets ≥ 0, got ${count[1]}, ${number[1]} and ${target[0]}`,
    );
  const draw = (next: Stream, answer: (solution: Expression) => readonly string[]): Exchange => {
    const drawn = drawGame(next, { count, number, target, whole: true });
    const solution = solve(drawn.numbers, drawn.target, { whole: true }) as Expression;
    return { prompt: promptOf(drawn), response: answer(solution) };
  };
  const direct = (solution: Expression): readonly string[] => ["ans", ...symbolsOf(solution)];
  return {
    symbols: miniSymbols,
    target: {
      worked: (next) => draw(next, (solution) => [...steps(solution), ...direct(solution)]),
      direct: (next) => draw(next, direct),
    },
    positions: longest(count[1], target[1]),
    score: (prompt, response) => {
      game(prompt);
      return score(prompt, response);
    },
  };
}
