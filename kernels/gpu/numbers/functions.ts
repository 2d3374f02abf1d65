import { sineBody } from "./angles.ts";
import type { Language } from "./language.ts";

export type FunctionName =
  | "exp"
  | "log"
  | "logOnePlus"
  | "tanh"
  | "sqrt"
  | "sigmoid"
  | "sin"
  | "cos"
  | "maximum"
  | "less"
  | "exceeds"
  | "nothing";

/** A function of numbers, written in each language on its own. */
export interface NumberFunction {
  readonly parameters: readonly string[];
  /** Where JavaScript's own rules hold: an expression of its arguments. */
  host(...args: string[]): string;
  /** Statements that return a float; what GLSL and WGSL leave open is decided by them. */
  body(language: Language): string;
}

/** The largest float32. */
const LARGEST = "3.4028234e38";

const unary = (
  host: NumberFunction["host"],
  body: (language: Language) => string,
): NumberFunction => ({
  parameters: ["x"],
  host,
  body: (language) => `if (${language.isNan("x")}) { return x; }\n  ${body(language)}`,
});

const binary = (
  parameters: readonly [string, string],
  host: NumberFunction["host"],
  body: (language: Language) => string,
): NumberFunction => ({ parameters, host, body });

/** 2 artanh(z)'s series over z: 1 + s/3 + s²/5 + …, where s = z². */
const ARTANH = `1.0 + s * (${1 / 3} + s * (0.2 + s * (${1 / 7} + s * ${1 / 9})))`;
/** tanh(x)'s over x, where s = x². */
const TANH = `1.0 - s * (${1 / 3} - s * (${2 / 15} - s * (${17 / 315} - s * ${62 / 2835})))`;

/**
 * What kernels call where GPUs differ: a NaN stays NaN, infinities are infinite, and what has no value
 * is NaN, as in JavaScript. Some GPUs give log(0) = −88, exp(NaN) = ∞, max(NaN, 1) = 1.
 */
export const functions: Readonly<Record<FunctionName, NumberFunction>> = {
  exp: unary(
    (x) => `Math.exp(${x})`,
    ({ infinity }) => `if (x > 88.72284) { return ${infinity}; }
  if (x < -104.0) { return 0.0; }
  return exp(x);`,
  ),

  /** Near 1, where GPUs lose digits, by 2 artanh((x − 1)/(x + 1)). */
  log: unary(
    (x) => `Math.log(${x})`,
    ({ declare, infinity, nan }) => `if (x < 0.0) { return ${nan}; }
  if (x == 0.0) { return -${infinity}; }
  if (x > ${LARGEST}) { return x; }
  ${declare("float", "z", "(x - 1.0) / (x + 1.0)")}
  ${declare("float", "s", "z * z")}
  if (abs(x - 1.0) < 0.25) { return 2.0 * z * (${ARTANH}); }
  return log(x);`,
  ),

  /** log(1 + x) for x ≥ 0, with the digits of a small x. */
  logOnePlus: unary(
    (x) => `Math.log1p(${x})`,
    ({ declare }) => `if (x > ${LARGEST}) { return x; }
  ${declare("float", "z", "x / (x + 2.0)")}
  ${declare("float", "s", "z * z")}
  if (x < 0.25) { return 2.0 * z * (${ARTANH}); }
  return log(1.0 + x);`,
  ),

  /** GLSL's own gives NaN at ±100, and (1 − t)/(1 + t) alone loses all digits near 0. */
  tanh: unary(
    (x) => `Math.tanh(${x})`,
    ({ declare }) => `${declare("float", "size", "min(abs(x), 40.0)")}
  ${declare("float", "s", "size * size")}
  if (size < 0.25) { return x * (${TANH}); }
  ${declare("float", "t", "exp(-2.0 * size)")}
  ${declare("float", "y", "(1.0 - t) / (1.0 + t)")}
  if (x < 0.0) { return -y; }
  return y;`,
  ),

  sqrt: unary(
    (x) => `Math.sqrt(${x})`,
    ({ nan }) => `if (x < 0.0) { return ${nan}; }
  if (x == 0.0 || x > ${LARGEST}) { return x; }
  return sqrt(x);`,
  ),

  /** 1 / (1 + e⁻ˣ); exactly 0 where that is no normal number, for it may be multiplied by x. */
  sigmoid: unary(
    (x) => `(1 / (1 + Math.exp(-(${x}))))`,
    () => `if (x < -88.0) { return 0.0; }
  if (x > 88.0) { return 1.0; }
  return 1.0 / (1.0 + exp(-x));`,
  ),

  sin: unary(
    (x) => `Math.sin(${x})`,
    (language) => sineBody(language, 0),
  ),
  cos: unary(
    (x) => `Math.cos(${x})`,
    (language) => sineBody(language, 1),
  ),

  maximum: binary(
    ["a", "b"],
    (a, b) => `Math.max(${a}, ${b})`,
    ({ isNan }) => `if (${isNan("a")}) { return a; }
  if (${isNan("b")}) { return b; }
  return max(a, b);`,
  ),

  /** 1 where a < b, else 0. */
  less: binary(
    ["a", "b"],
    (a, b) => `(${a} < ${b} ? 1 : 0)`,
    ({ isNan }) => `if (${isNan("a")} || ${isNan("b")}) { return 0.0; }
  if (a < b) { return 1.0; }
  return 0.0;`,
  ),

  /** 1 where x is larger than the largest before it, or the first NaN. */
  exceeds: binary(
    ["x", "largest"],
    (x, largest) => `(${largest} == ${largest} && !(${x} <= ${largest}) ? 1 : 0)`,
    ({ isNan }) => `if (${isNan("largest")}) { return 0.0; }
  if (${isNan("x")} || x > largest) { return 1.0; }
  return 0.0;`,
  ),

  /** 0 · x: 0 of finite numbers, else NaN. */
  nothing: unary(
    (x) => `(0 * (${x}))`,
    ({ nan }) => `if (abs(x) > ${LARGEST}) { return ${nan}; }
  return 0.0;`,
  ),
};
