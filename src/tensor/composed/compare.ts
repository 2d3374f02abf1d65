import { add, less, maximum, mul, type Operand, select, sub, toFloat } from "../ops.ts";
import { type FloatTensor, isTensor, type Tensor } from "../tensor.ts";

/** Numbers, or ids, which are compared as numbers: exactly below 2²⁴. */
export type Comparable = Tensor | number;

const numbers = (x: Comparable): Operand => (isTensor(x) ? toFloat(x) : x);

/** 1 for a number, infinite or not, and 0 for NaN: which is neither below 0 nor above −1. */
const isNumber = (x: Operand): FloatTensor => maximum(less(x, 0), less(-1, x));

/**
 * 1 where a = b, else 0; NaN equals nothing. Like all comparisons it broadcasts and has no gradient.
 * @example await engine.run(() => equal(tensor([1, 2]), 2)) // [0, 1]
 */
export function equal(a: Comparable, b: Comparable): FloatTensor {
  const [x, y] = [numbers(a), numbers(b)];
  const differ = add(less(x, y), less(y, x));
  return mul(mul(isNumber(x), isNumber(y)), sub(1, differ));
}

/** 1 where a ≠ b, else 0; NaN differs from everything. */
export const notEqual = (a: Comparable, b: Comparable): FloatTensor => sub(1, equal(a, b));

/** 1 where a > b, else 0. */
export const greater = (a: Comparable, b: Comparable): FloatTensor => less(numbers(b), numbers(a));

/** 1 where a ≤ b, else 0. */
export const lessEqual = (a: Comparable, b: Comparable): FloatTensor =>
  add(less(numbers(a), numbers(b)), equal(a, b));

/** 1 where a ≥ b, else 0. */
export const greaterEqual = (a: Comparable, b: Comparable): FloatTensor => lessEqual(b, a);

/**
 * −1, 0 or 1, and NaN of NaN. Its gradient is 0.
 * @example await engine.run(() => sign(tensor([-3, 0, 0.5]))) // [-1, 0, 1]
 */
export const sign = (x: Operand): FloatTensor =>
  select(isNumber(x), sub(less(0, x), less(x, 0)), x);
