import { expectKnown } from "../../tensor/options.ts";
import { type Key, stream } from "../../tensor/random.ts";
import { integer, pick, type Stream, sample } from "../draw.ts";
import { OptionsError } from "../optionsError.ts";
import { type Expression, OPERATORS } from "./expression.ts";
import { join, type Rules, type Valued, valued } from "./solve.ts";

/** A game: reach the target with all the numbers, each once. */
export interface Game {
  readonly numbers: readonly number[];
  readonly target: number;
  /** One way to do it. */
  readonly solution: Expression;
}

/** What games are drawn; both ends of every range are included. */
export interface GameOptions extends Rules {
  /** How many numbers. Default: 3 to 4. */
  readonly count?: readonly [min: number, max: number];
  /** The numbers. Default: 1 to 99. */
  readonly number?: readonly [min: number, max: number];
  /** The target, an integer. Default: 1 to 99. */
  readonly target?: readonly [min: number, max: number];
}

/** How many expressions are drawn before a game is given up. */
const PATIENCE = 100_000;

function checkRange(name: string, [min, max]: readonly [number, number], least: number): void {
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || min < least || max < min)
    throw new OptionsError(
      `countdown.generate: expected ${least} ≤ min ≤ max for ${name}, got ${min} and ${max}`,
    );
}

/** A random expression of the parts, each once; undefined if it breaks a rule. */
function combined(next: Stream, parts: readonly Valued[], whole: boolean): Valued | undefined {
  if (parts.length === 1) return parts[0];
  const [i, j] = sample(next, [...parts.keys()], 2) as [number, number];
  const joined = join(parts[i] as Valued, pick(next, OPERATORS), parts[j] as Valued, whole);
  return joined && combined(next, [joined, ...parts.filter((_, k) => k !== i && k !== j)], whole);
}

/**
 * A game drawn from a stream. The target is the value of a random expression, so it can be reached.
 * @throws OptionsError for ranges that are empty or that no expression reaches
 */
export function drawGame(next: Stream, options: GameOptions = {}): Game {
  expectKnown("countdown.generate", options, ["count", "number", "target", "whole"]);
  const { count = [3, 4], number = [1, 99], target = [1, 99], whole = false } = options;
  checkRange("count", count, 1);
  checkRange("number", number, 0);
  checkRange("target", target, Number.MIN_SAFE_INTEGER);
  for (let tries = 0; tries < PATIENCE; tries++) {
    const numbers = Array.from({ length: integer(next, ...count) }, () => integer(next, ...number));
    const drawn = combined(next, numbers.map(valued), whole);
    if (drawn === undefined || drawn.value.denominator !== 1n) continue;
    const value = Number(drawn.value.numerator);
    if (value >= target[0] && value <= target[1])
      return { numbers, target: value, solution: drawn.expression };
  }
  throw new OptionsError(
    `countdown.generate: expected a target from ${target[0]} to ${target[1]} within reach`,
  );
}

/** A game; the same key gives the same game. @throws OptionsError as `drawGame` */
export const generate = (source: Key, options: GameOptions = {}): Game =>
  drawGame(stream(source), options);

/** The question, for a model that answers in words. */
export const question = ({ numbers, target }: Pick<Game, "numbers" | "target">): string =>
  `Using the numbers ${numbers.join(", ")}, write an expression that equals ${target}. ` +
  "Use each number exactly once, with +, -, *, / and parentheses. " +
  "Let's think step by step and output the expression in \\boxed{}.";
