import { DataError } from "../../tensor/errors.ts";

/** The four operations of the game, and the two more that Python would read. */
export type Operator = "+" | "-" | "*" | "/" | "//" | "**";

/** An arithmetic expression. */
export type Expression =
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "negate"; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly operator: Operator;
      readonly left: Expression;
      readonly right: Expression;
    };

export const numberOf = (value: number): Expression => ({ kind: "number", text: `${value}` });

export const binary = (left: Expression, operator: Operator, right: Expression): Expression => ({
  kind: "binary",
  operator,
  left,
  right,
});

/** The four operations of the game. */
export const OPERATORS: readonly Operator[] = ["+", "-", "*", "/"];

const TOKEN = /[ \t\f]*(\d+\.?\d*|\.\d+|\/\/|\*\*|[-+*/()])/y;
/** Python reads no deeper. */
const MAX_DEPTH = 200;
const LEADING_ZERO = /^0+[1-9]\d*$|^0\d*[1-9]\d*$/;

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const end = text.trimEnd().length;
  for (let at = 0; at < end; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null)
      throw new DataError(
        `parse: expected a number or + - * / ( ), got ${text.slice(at, at + 10)}`,
      );
    tokens.push(match[1] as string);
  }
  return tokens;
}

/**
 * Reads an expression by Python's rules: precedence, from left to right (`**` from right to left),
 * signs before any operand.
 * @throws DataError for anything else
 */
export function parse(text: string): Expression {
  const tokens = tokenize(text);
  let at = 0;
  let depth = 0;
  const refuse = (expected: string): never => {
    throw new DataError(`parse: expected ${expected}, got ${tokens[at] ?? "the end"}`);
  };

  function chain(operators: readonly string[], operand: () => Expression): Expression {
    let left = operand();
    while (operators.includes(tokens[at] ?? "")) {
      const operator = tokens[at++] as Operator;
      left = binary(left, operator, operand());
    }
    return left;
  }
  const sum = (): Expression => chain(["+", "-"], product);
  const product = (): Expression => chain(["*", "/", "//"], signed);

  function signed(): Expression {
    let isNegative = false;
    for (; tokens[at] === "+" || tokens[at] === "-"; at++)
      if (tokens[at] === "-") isNegative = !isNegative;
    const operand = power();
    return isNegative ? { kind: "negate", operand } : operand;
  }

  function power(): Expression {
    const base = atom();
    if (tokens[at] !== "**") return base;
    at++;
    return binary(base, "**", signed());
  }

  function atom(): Expression {
    const token = tokens[at] ?? "";
    if (token === "(") {
      if (++depth > MAX_DEPTH) refuse(`at most ${MAX_DEPTH} nested parentheses`);
      at++;
      const inner = sum();
      if (tokens[at] !== ")") refuse(")");
      at++;
      depth--;
      return inner;
    }
    if (!/^[\d.]/.test(token) || LEADING_ZERO.test(token)) refuse("a number");
    at++;
    return { kind: "number", text: token };
  }

  const expression = sum();
  if (at < tokens.length) refuse("the end");
  return expression;
}

const rank: Readonly<Record<Operator, number>> = {
  "+": 1,
  "-": 1,
  "*": 2,
  "/": 2,
  "//": 2,
  "**": 4,
};

const rankOf = (expression: Expression): number =>
  expression.kind === "binary" ? rank[expression.operator] : expression.kind === "negate" ? 3 : 5;

/** Symbols of an expression, with parentheses only where they are needed. */
export function symbolsOf(expression: Expression): readonly string[] {
  if (expression.kind === "number") return [expression.text];
  if (expression.kind === "negate") return ["-", ...wrapped(expression.operand, 4)];
  const { operator, left, right } = expression;
  const own = rank[operator];
  // The side that Python would take anyway needs no parentheses where ranks are equal.
  const [lowestLeft, lowestRight] = operator === "**" ? [own + 1, own - 1] : [own, own + 1];
  return [...wrapped(left, lowestLeft), operator, ...wrapped(right, lowestRight)];
}

const wrapped = (expression: Expression, lowest: number): readonly string[] =>
  rankOf(expression) < lowest ? ["(", ...symbolsOf(expression), ")"] : symbolsOf(expression);

/** As a person would write it: `(3 + 5) * 2`. */
export const format = (expression: Expression): string =>
  symbolsOf(expression).join(" ").replaceAll("( ", "(").replaceAll(" )", ")");
