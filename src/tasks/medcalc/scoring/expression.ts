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
    tokens.push(match[1] ?? match[2] ?? (match[3] as string));
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
  if (a.value === 0 && b.value < 0) throw new NotArithmetic();
  return b.value < 0 ? float(value) : joined(a, b, value);
};

const products: Readonly<Record<string, Binary>> = {
  "*": (a, b) => joined(a, b, a.value * b.value),
  "/": (a, b) => float(a.value / nonzero(b)),
  "//": (a, b) => joined(a, b, Math.floor(a.value / nonzero(b))),
  "%": (a, b) => joined(a, b, a.value - nonzero(b) * Math.floor(a.value / b.value)),
};

const sums: Readonly<Record<string, Binary>> = {
  "+": (a, b) => joined(a, b, a.value + b.value),
  "-": (a, b) => joined(a, b, a.value - b.value),
};

/** A function of real numbers, like `math.sqrt`. */
const real =
  (f: (x: number) => number) =>
  ([x]: readonly PythonNumber[]): PythonNumber =>
    float(f((x as PythonNumber).value));

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

const least =
  (pick: (a: PythonNumber, b: PythonNumber) => boolean) => (all: readonly PythonNumber[]) =>
    all.reduce((a, b) => (pick(a, b) ? a : b));

const FUNCTIONS: ReadonlyMap<string, (values: readonly PythonNumber[]) => PythonNumber> = new Map([
  [
    "abs",
    ([x]: readonly PythonNumber[]) => ({
      ...(x as PythonNumber),
      value: Math.abs((x as PythonNumber).value),
    }),
  ],
  ["round", ([x, digits]: readonly PythonNumber[]) => rounded(x as PythonNumber, digits)],
  ["int", ([x]: readonly PythonNumber[]) => integer(Math.trunc((x as PythonNumber).value))],
  ["float", real((x) => x)],
  ["min", least((a, b) => a.value <= b.value)],
  ["max", least((a, b) => a.value >= b.value)],
  ["pow", ([a, b]: readonly PythonNumber[]) => power(a as PythonNumber, b as PythonNumber)],
  ["sqrt", real(Math.sqrt)],
  ["exp", real(Math.exp)],
  ["log", real(Math.log)],
  ["ln", real(Math.log)],
  ["log10", real(Math.log10)],
  ["floor", ([x]: readonly PythonNumber[]) => integer(Math.floor((x as PythonNumber).value))],
  ["ceil", ([x]: readonly PythonNumber[]) => integer(Math.ceil((x as PythonNumber).value))],
]);

/** As many nested parentheses as Python's parser takes. */
const MAX_DEPTH = 200;

/** A descent over the tokens; the position is its only state. */
function parse(tokens: readonly string[]): PythonNumber {
  let at = 0;
  let depth = 0;
  const accept = (token: string): boolean => tokens[at] === token && ++at > 0;
  const chain = (
    operators: Readonly<Record<string, Binary>>,
    operand: () => PythonNumber,
  ): PythonNumber => {
    let value = operand();
    while (Object.hasOwn(operators, tokens[at] ?? ""))
      value = (operators[tokens[at++] as string] as Binary)(value, operand());
    return value;
  };
  const sum = (): PythonNumber => {
    if (++depth > MAX_DEPTH) throw new NotArithmetic();
    const value = chain(sums, () => chain(products, signed));
    depth--;
    return value;
  };
  const signed = (): PythonNumber => {
    let sign = 1;
    while (tokens[at] === "-" || tokens[at] === "+") if (tokens[at++] === "-") sign = -sign;
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
    if (!accept(")") && at < tokens.length) throw new NotArithmetic();
  };
  const list = (): PythonNumber[] => {
    const values = [sum()];
    while (accept(",")) values.push(sum());
    close();
    return values;
  };
  const atom = (): PythonNumber => {
    const token = tokens[at++] ?? "";
    if (token === "(") {
      const value = sum();
      close();
      return value;
    }
    const call = FUNCTIONS.get(token.replace(/^(?:math|np|numpy)\./, ""));
    if (call !== undefined && accept("(")) return call(list());
    const literal = evaluateLiteral(token);
    if (literal === undefined) throw new NotArithmetic();
    return literal;
  };
  const value = sum();
  if (at < tokens.length) throw new NotArithmetic();
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
