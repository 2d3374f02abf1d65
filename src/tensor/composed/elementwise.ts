import * as ops from "../ops.ts";
import { expectKnown } from "../options.ts";
import { last } from "../shapes.ts";
import type { FloatTensor } from "../tensor.ts";
import { equal, greaterEqual } from "./compare.ts";

const { abs, add, div, exp, less, log, maximum, mul, mulNoNan, select, sqrt, square, sub } = ops;
type Operand = ops.Operand;

/** `select` by the name that it has in PyTorch and NumPy: a where condition ≠ 0, else b. */
export const where: typeof ops.select = ops.select;

/**
 * The positive part of x. Its gradient at 0 is 0, as in PyTorch and JAX.
 * @example await engine.run(() => relu(tensor([-2, 0, 3]))) // [0, 0, 3]
 */
export const relu = (x: Operand): FloatTensor =>
  // The maximum of two that are equal would share the gradient; and NaN stays.
  select(less(0, x), x, ops.stopGradient(maximum(x, 0)));

/** Bounds of `clamp`. */
export interface ClampOptions {
  /** −∞ by default. */
  readonly min?: number;
  /** ∞ by default. */
  readonly max?: number;
}

/**
 * x between two bounds. Its gradient is 1 where x lies between them or on one, as in PyTorch, else 0.
 * @throws RangeError where the bounds are no numbers in this order; TypeError for other options
 * @example await engine.run(() => clamp(tensor([-2, 0.5, 3]), { min: 0, max: 1 })) // [0, 0.5, 1]
 */
export function clamp(x: Operand, options: ClampOptions): FloatTensor {
  expectKnown("clamp", options, ["min", "max"]);
  const { min = -Infinity, max = Infinity } = options;
  if (!(min <= max)) throw new RangeError(`clamp: expected min ≤ max, got ${min} and ${max}`);
  return select(less(x, min), min, select(less(max, x), max, x));
}

/** Powers to this one are products. */
const MOST_FACTORS = 64;

/**
 * x to the power of `exponent`. An integer from −64 to 64 makes products, exact but for their
 * rounding, for any x; so do ±½ roots. Every other exponent, a tensor above all, makes
 * exp(exponent · log x): NaN for x < 0. At x = 0 the slope is that of the power, infinite below 1, and an
 * exponent from 0 on has none.
 * @example await engine.run(() => pow(tensor([-2, 3]), 3)) // [-8, 27]
 * @example await engine.run(() => pow(2, tensor([0.5, -1]))) // [1.414, 0.5]
 */
export function pow(x: Operand, exponent: Operand): FloatTensor {
  if (typeof exponent !== "number") {
    if (typeof x === "number" && x !== 0) return throughLog(x, exponent);
    const atZero = mul(equal(x, 0), greaterEqual(exponent, 0));
    return select(atZero, ofZero(x, exponent), throughLog(select(atZero, 1, x), exponent));
  }
  if (exponent < 0 && (exponent === -0.5 || isFactorCount(-exponent)))
    // Of 1/x, whose slope at 0 is infinite; that of x² is 0 there, and 0 · ∞ no number.
    return pow(div(1, x), -exponent);
  if (exponent === 0.5) return sqrt(x);
  if (isFactorCount(exponent)) return product(ops.asTensor(x), exponent);
  if (!(exponent > 0 && exponent < 2)) return throughLog(x, exponent);
  const atZero = equal(x, 0);
  return select(atZero, nearZero(x, exponent), throughLog(select(atZero, 1, x), exponent));
}

const throughLog = (x: Operand, exponent: Operand): FloatTensor => exp(mulNoNan(exponent, log(x)));

/** What has at 0 the value, the slope and the second slope of a power between 0 and 2. */
const nearZero = (x: Operand, exponent: number): FloatTensor =>
  exponent < 1 ? sqrt(x) : mul(x, sqrt(x));

/** The same for any exponent from 0 on. */
const ofZero = (x: Operand, exponent: FloatTensor): FloatTensor => {
  const from1 = select(
    equal(exponent, 1),
    x,
    select(less(exponent, 2), mul(x, sqrt(x)), square(x)),
  );
  const below1 = select(equal(exponent, 0), 1, sqrt(x));
  return select(less(exponent, 1), below1, from1);
};

const isFactorCount = (n: number): boolean => Number.isInteger(n) && n >= 0 && n <= MOST_FACTORS;

/** By squaring. */
function product(x: FloatTensor, count: number): FloatTensor {
  if (count === 0) return ops.broadcastTo(1, x.shape) as FloatTensor;
  if (count === 1) return x;
  const half = product(x, Math.floor(count / 2));
  return count % 2 === 0 ? square(half) : mul(square(half), x);
}

/** By Horner. @param coefficients of xⁿ, from n = 0 on */
const polynomial = (x: FloatTensor, coefficients: readonly number[]): FloatTensor =>
  coefficients
    .slice(0, -1)
    .reduceRight((sum, c) => add(mul(sum, x), c), ops.asTensor(last(coefficients)));

/** Of x², for |x| < 1: 2/√π · Σ (−1)ⁿ x²ⁿ / (n! (2n + 1)). */
const MACLAURIN: readonly number[] = Array.from({ length: 19 }, (_, n) => {
  let factorial = 1;
  for (let i = 2; i <= n; i++) factorial *= i;
  return ((n % 2 === 0 ? 2 : -2) / Math.sqrt(Math.PI) / (2 * n + 1)) * (1 / factorial);
});

/**
 * exp(x²) · (1 − erf x) from 1 to 6, of u = 4.8 / (1 + x/2) − 2.2, which goes from 1 to −1: the
 * polynomial through its values at the 15 Chebyshev nodes, in powers of u.
 */
const SCALED_COMPLEMENT: readonly number[] = [
  ...[0.2214295402299318, 0.16189356804102537, 0.038560570425181566, 0.0055888162818258785],
  ...[1.9713917776008889e-4, -8.079220411804128e-5, -7.340518284999869e-6, 1.979561158209264e-6],
  ...[1.6350102372087984e-7, -7.005170205475373e-8, -5.926361315281833e-10, 2.622350032514279e-9],
  ...[-2.634243021000669e-10, -7.290508535165398e-11, 1.8620989806815163e-11],
];

/** Beyond this erf is ±1 even in float64. */
const FAR = 6;

/**
 * The error function, 2/√π · ∫₀ˣ exp(−t²) dt, to the rounding of the engine's numbers: to 3e-16 in
 * float64, and near 0 relative to itself.
 * @example await engine.run(() => mul(mul(x, 0.5), add(1, erf(mul(x, Math.SQRT1_2))))) // exact GELU
 */
export function erf(x: Operand): FloatTensor {
  const near = clamp(x, { min: -FAR, max: FAR });
  const size = abs(near);
  const squared = square(near);
  const u = sub(div(4.8, add(1, mul(size, 0.5))), 2.2);
  const complement = mul(ops.exp(ops.neg(squared)), polynomial(u, SCALED_COMPLEMENT));
  const inner = mul(near, polynomial(squared, MACLAURIN));
  // Never beyond ±1, as the complement is positive; a bound that is reached would halve the gradient.
  const outer = mul(sub(1, complement), select(less(near, 0), -1, 1));
  return select(less(size, 1), inner, outer);
}
