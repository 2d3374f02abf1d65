import { at } from "../../../tensor/shapes.ts";
import { roundHalfEven } from "../rounding.ts";
import { evaluateLiteral, type PythonNumber } from "./python.ts";

/** Raised inside, for anything that is no arithmetic; never leaves this file. */
class NotArithmetic extends Error {}

const TOKEN =
  /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_][\w.]*)|(\*\*|\/\/|[-+*/%(),]))/y;

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(text);
    if (match === null) throw new NotArithmetic();
    tokens.push(at(match, 0).trimStart());
  }
  return tokens;
}

const integer = (value: number): PythonNumber => ({ value, float: false });
const float = (value: number): PythonNumber => ({ value, float: true });

/** A result of `a` and `b`: whole if both are. */
const joined = (a: PythonNumber, b: PythonNumber, value: number): PythonNumber => ({
  value,
  float: a.float || b.float,
});

function nonzero(b: PythonNumber): number {
  if (b.value === 0) throw new NotArithmetic();
  return b.value;
}

type Binary = (a: PythonNumber, b: PythonNumber) => PythonNumber;

const power: Binary = (a, b) => {
  const value = a.value ** b.value;
  if ((a.value === 0 && b.value < 0) || Number.isNaN(value)) throw new NotArithmetic();
  return b.value < 0 ? float(value) : joined(a, b, value);
};

const products: ReadonlyMap<string, Binary> = new Map<string, Binary>([
  ["*", (a, b) => joined(a, b, a.value * b.value)],
  ["/", (a, b) => float(a.value / nonzero(b))],
  ["//", (a, b) => joined(a, b, Math.floor(a.value / nonzero(b)))],
  ["%", (a, b) => joined(a, b, a.value - nonzero(b) * Math.floor(a.value / b.value))],
]);

const sums: ReadonlyMap<string, Binary> = new Map<string, Binary>([
  ["+", (a, b) => joined(a, b, a.value + b.value)],
  ["-", (a, b) => joined(a, b, a.value - b.value)],
]);

/** `round(x)` is whole; `round(1234, -2)` is 1200. */
function rounded(x: PythonNumber, digits?: PythonNumber): PythonNumber {
  if (digits?.float) throw new NotArithmetic();
  const places = digits?.value ?? 0;
  // No double has that many decimals that matter.
  if (places > 22) return x;
  const unit = 10 ** Math.min(Math.max(0, -places), 308);
  const value = roundHalfEven(x.value / unit, Math.max(0, places)) * unit;
  return { value, float: digits !== undefined && x.float };
}

/** `log(x)` and `log(x, base)`, which is a quotient of two logarithms. */
const logarithm = (x: PythonNumber, base?: PythonNumber): PythonNumber =>
  base === undefined
    ? float(Math.log(x.value))
    : float(Math.log(x.value) / nonzero(float(Math.log(base.value))));

/** A function of one number or two, and how many arguments Python takes. */
interface Call {
  readonly least: number;
  readonly most: number;
  readonly apply: (
    first: PythonNumber,
    second: PythonNumber | undefined,
    all: readonly PythonNumber[],
  ) => PythonNumber;
}

const one = (apply: (x: PythonNumber) => PythonNumber): Call => ({ least: 1, most: 1, apply });

/** A function of a real number, like `math.sqrt`. */
const real = (f: (x: number) => number): Call => one(({ value }) => float(f(value)));

const whole = (f: (x: number) => number): Call => one(({ value }) => integer(f(value)));

/** Of two numbers or more: `min` of one would look into it. */
const extreme = (picksFirst: (a: number, b: number) => boolean): Call => ({
  least: 2,
  most: Number.POSITIVE_INFINITY,
  apply: (_, __, all) => all.reduce((a, b) => (picksFirst(a.value, b.value) ? a : b)),
});

const FUNCTIONS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ["abs", one((x) => ({ ...x, value: Math.abs(x.value) }))],
  ["round", { least: 1, most: 2, apply: rounded }],
  ["int", whole(Math.trunc)],
  ["float", real((x) => x)],
  ["min", extreme((a, b) => a <= b)],
  ["max", extreme((a, b) => a >= b)],
  ["pow", { least: 2, most: 2, apply: (a, b = integer(1)) => power(a, b) }],
  ["sqrt", real(Math.sqrt)],
  ["exp", real(Math.exp)],
  ["log", { least: 1, most: 2, apply: logarithm }],
  ["ln", real(Math.log)],
  ["log2", real(Math.log2)],
  ["log10", real(Math.log10)],
  ["floor", whole(Math.floor)],
  ["ceil", whole(Math.ceil)],
]);

/** @throws NotArithmetic for another number of arguments, and where Python's `math` raises */
function call({ least, most, apply }: Call, values: readonly PythonNumber[]): PythonNumber {
  const [first, second] = values;
  if (first === undefined || values.length < least || values.length > most)
    throw new NotArithmetic();
  const result = apply(first, second, values);
  if (!Number.isFinite(result.value)) throw new NotArithmetic();
  return result;
}

/** As many nested parentheses as Python's parser takes. */
const MAX_DEPTH = 200;

/** A descent over the tokens; the position is its only state. */
function parse(tokens: readonly string[]): PythonNumber {
  let place = 0;
  let depth = 0;
  const accept = (token: string): boolean => tokens[place] === token && ++place > 0;
  const chain = (
    operators: ReadonlyMap<string, Binary>,
    operand: () => PythonNumber,
  ): PythonNumber => {
    let value = operand();
    for (;;) {
      const operator = operators.get(tokens[place] ?? "");
      if (operator === undefined) return value;
      place++;
      value = operator(value, operand());
    }
  };
  const sum = (): PythonNumber => {
    if (++depth > MAX_DEPTH) throw new NotArithmetic();
    const value = chain(sums, () => chain(products, signed));
    depth--;
    return value;
  };
  const signed = (): PythonNumber => {
    let sign = 1;
    while (tokens[place] === "-" || tokens[place] === "+")
      if (tokens[place++] === "-") sign = -sign;
    const { value, float } = raised();
    return { value: sign * value, float };
  };
  const raised = (): PythonNumber => {
    const base = atom();
    if (!accept("**")) return base;
    if (++depth > MAX_DEPTH) throw new NotArithmetic();
    const value = power(base, signed());
    depth--;
    return value;
  };
  // A parenthesis that is never closed ends with the text.
  const close = (): void => {
    if (!accept(")") && place < tokens.length) throw new NotArithmetic();
  };
  const list = (): PythonNumber[] => {
    const values = [sum()];
    while (accept(",")) values.push(sum());
    close();
    return values;
  };
  const atom = (): PythonNumber => {
    const token = tokens[place++] ?? "";
    if (token === "(") {
      const value = sum();
      close();
      return value;
    }
    const known = FUNCTIONS.get(token.replace(/^(?:math|np|numpy)\./, ""));
    if (known !== undefined && accept("(")) return call(known, list());
    const literal = evaluateLiteral(token);
    if (literal === undefined) throw new NotArithmetic();
    return literal;
  };
  const value = sum();
  if (place < tokens.length) throw new NotArithmetic();
  return value;
}

/**
 * The value of an arithmetic expression in Python's notation, `^` for powers; undefined for
 * anything else: names, errors, results that are no finite real number.
 */
export function evaluateExpression(text: string): PythonNumber | undefined {
  try {
    const result = parse(tokenize(text.replaceAll("^", "**")));
    return Number.isFinite(result.value) ? result : undefined;
  } catch (error) {
    if (error instanceof NotArithmetic) return undefined;
    throw error;
  }
}
