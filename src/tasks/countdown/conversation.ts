import { type Expression, format } from "./expression.ts";
import { type Game, question } from "./generate.ts";
import { evaluate, type Rational } from "./rational.ts";

/** A turn of a conversation. */
export interface Message {
  readonly role: "user" | "assistant";
  readonly content: string;
}

/** `10`, or `10 / 3`. */
function valueText(expression: Expression): string {
  const { numerator, denominator } = evaluate(expression) as Rational;
  return denominator === 1n ? `${numerator}` : `${numerator} / ${denominator}`;
}

/** In parentheses where it is no plain number. */
const operandText = (expression: Expression): string => {
  const text = valueText(expression);
  return /^\d+$/.test(text) ? text : `(${text})`;
};

/** `5 * 2 = 10` for each operation, the inner ones first. */
function stepsOf(expression: Expression): readonly string[] {
  if (expression.kind !== "binary") return [];
  const { left, operator, right } = expression;
  const own = `${operandText(left)} ${operator} ${operandText(right)} = ${valueText(expression)}`;
  return [...stepsOf(left), ...stepsOf(right), own];
}

/** A training conversation: the question, the steps of the solution and the boxed expression. */
export const conversation = (game: Game): readonly [Message, Message] => [
  { role: "user", content: question(game) },
  {
    role: "assistant",
    content: [...stepsOf(game.solution), `\\boxed{${format(game.solution)}}`].join("\n"),
  },
];
