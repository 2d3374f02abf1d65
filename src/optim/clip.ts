import { full } from "../tensor/apply.ts";
import { add, div, less, maximum, mul, select, sqrt, square, sum } from "../tensor/ops.ts";
import { inFloat32, isFloat32 } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { flatten } from "../tensor/tree.ts";
import { mapTensors, type Optimizer, type TensorTree } from "./optimizer.ts";

/** Squares of float32 overflow from 2⁶⁴ on and vanish below 2⁻⁷⁵; those of numbers divided by it, or
 * multiplied, do not where the others do. A power of two: no digit is lost. */
const FAR = 2 ** 80;

/** The largest float32: what is not below it has overflowed, or is no number. */
const LARGEST = 3.4028234663852886e38;

/** Where the plain norm is smaller, squares may have vanished. */
const SMALL = 2 ** -50;

/** 1 where x < LARGEST, 0 where it overflowed or is NaN. */
export const isFinite32 = (x: Tensor): Tensor => less(maximum(x, mul(x, -1)), LARGEST);

/** The sum of squares of each leaf times `unit`. */
function squaresOf(tree: TensorTree, unit: number): Tensor[] {
  const { leaves } = flatten<Tensor>(tree);
  return leaves.map((leaf) => sum(square(unit === 1 ? leaf : mul(leaf, unit))));
}

const normOf = (squares: readonly Tensor[]): Tensor =>
  sqrt(squares.reduce<Tensor>(add, full([], 0)));

/** The sum of squares of each leaf divided by 2⁸⁰: finite where all numbers of the leaf are. */
export const distantSquares = (tree: TensorTree): readonly Tensor[] => squaresOf(tree, 1 / FAR);

/**
 * The Euclidean norm of all leaves taken as one vector, of any float32 numbers: nothing overflows
 * before the norm does, and nothing vanishes.
 * @returns a scalar; 0 for a tree without leaves
 */
export function globalNorm(tree: TensorTree): Tensor {
  const near = normOf(squaresOf(tree, FAR));
  const plain = normOf(squaresOf(tree, 1));
  return select(less(plain, SMALL), mul(near, 1 / FAR), norms(tree, 1).norm);
}

/** The norm where it is far from vanishing, and the parts that it is chosen from. */
function norms(tree: TensorTree, unit: number): { norm: Tensor; plain: Tensor; distant: Tensor } {
  const plain = normOf(squaresOf(tree, unit));
  const distant = normOf(squaresOf(tree, unit / FAR));
  return { norm: select(less(plain, LARGEST), plain, mul(distant, FAR)), plain, distant };
}

/** As `globalNorm`, but for numbers below 2⁻⁶³, which count as 0: half the work, and shared with
 * `clipByGlobalNorm` where that is part of the same program. */
export const gradientNorm = (tree: TensorTree): Tensor => norms(tree, 1).norm;

/**
 * Scales all gradients by one factor where their global norm exceeds `max`, so that it becomes
 * `max`; shorter gradients pass untouched, and all of them with Infinity.
 * @throws RangeError unless max > 0
 * @see https://arxiv.org/abs/1211.5063 (Pascanu, Mikolov and Bengio, 2013), algorithm 1
 */
export function clipByGlobalNorm(max: number): Optimizer<readonly []> {
  if (!(max > 0 && (max === Infinity || isFloat32(max))))
    throw new RangeError(`clipByGlobalNorm: expected max > 0, got ${inFloat32(max)}`);
  if (max === Infinity) return { init: () => [], update: (grads) => [grads, []] };
  const unit = unitOf(max);
  const most = max * unit;
  return {
    init: () => [],
    update: (grads) => {
      const { plain, distant } = norms(grads as TensorTree, unit);
      // most / max(norm, most) is 1 for short gradients and divides by nothing near zero.
      const near = div(most, maximum(plain, most));
      const far = div(most / FAR, maximum(distant, most / FAR));
      const scale = select(less(plain, LARGEST), near, far);
      return [mapTensors((g) => mul(g, scale), grads), []];
    },
  };
}

/** What gradients are multiplied by so that squares near `max` neither vanish nor overflow. */
function unitOf(max: number): number {
  const exponent = Math.round(Math.log2(max));
  return Math.abs(exponent) < 40 ? 1 : 2 ** -exponent;
}
