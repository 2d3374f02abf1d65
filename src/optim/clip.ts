import { full } from "../tensor/apply.ts";
import { add, div, less, maximum, mul, select, sqrt, square, sum } from "../tensor/ops.ts";
import { inFloat32, isFloat32 } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { flatten } from "../tensor/tree.ts";
import { mapTensors, type Optimizer, spread, type TensorTree } from "./optimizer.ts";

/** Squares of float32 overflow from 2⁶⁴ on and vanish below 2⁻⁷⁵; those of numbers divided by it, or
 * multiplied, do not where the others do. A power of two: no digit is lost. */
export const FAR: number = 2 ** 80;

/** The largest float32: what is not below it has overflowed, or is no number. */
export const LARGEST: number = 3.4028234663852886e38;

/** Where the plain norm is smaller, squares may have vanished. */
const SMALL = 2 ** -50;

/** 1 where x < LARGEST, 0 where it overflowed or is NaN. */
export const isFinite32 = (x: Tensor): Tensor => less(maximum(x, mul(x, -1)), LARGEST);

/** Sums of squares by unit, of tensors that somebody has asked for: a clip, the norm that is reported and
 * the guard of a step look at the same gradients. */
const known = new WeakMap<Tensor, Map<number, Tensor>>();

/** The sum of squares of each leaf times `unit`. */
function squaresOf(tree: TensorTree, unit: number): Tensor[] {
  const units = spread(unit);
  return flatten<Tensor>(tree).leaves.map((leaf) => {
    const ofLeaf = known.get(leaf) ?? new Map<number, Tensor>();
    known.set(leaf, ofLeaf);
    const squares =
      ofLeaf.get(unit) ?? sum(square(unit === 1 ? leaf : mul(leaf, units(leaf.shape))));
    ofLeaf.set(unit, squares);
    return squares;
  });
}

const total = (squares: readonly Tensor[]): Tensor => squares.reduce<Tensor>(add, full([], 0));
const normOf = (squares: readonly Tensor[]): Tensor => sqrt(total(squares));

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
function norms(tree: TensorTree, unit: number): Norms {
  const plain = normOf(squaresOf(tree, unit));
  const distantSquares = squaresOf(tree, unit / FAR);
  const distantSum = total(distantSquares);
  const distant = sqrt(distantSum);
  const norm = select(less(plain, LARGEST), plain, mul(distant, FAR));
  return { norm, plain, distant, distantSum, distantSquares };
}

interface Norms {
  readonly norm: Tensor;
  readonly plain: Tensor;
  /** Of all leaves divided by 2⁸⁰. */
  readonly distant: Tensor;
  /** Its square: finite where all numbers are. */
  readonly distantSum: Tensor;
  /** What each leaf adds to that. */
  readonly distantSquares: readonly Tensor[];
}

/** As `globalNorm`, but for numbers below 2⁻⁶³, which count as 0: half the work, and shared with
 * `clipByGlobalNorm` where that is part of the same program. */
export const gradientNorm = (tree: TensorTree): Tensor => norms(tree, 1).norm;

/** `gradientNorm`, and what it is made of. */
export const gradientNorms = (tree: TensorTree): Norms => norms(tree, 1);

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
      const scale = spread(select(less(plain, LARGEST), near, far));
      return [mapTensors((g) => mul(g, scale(g.shape)), grads), []];
    },
  };
}

/** What gradients are multiplied by so that squares near `max` neither vanish nor overflow. */
function unitOf(max: number): number {
  const exponent = Math.round(Math.log2(max));
  return Math.abs(exponent) < 40 ? 1 : 2 ** -exponent;
}
