import { full } from "../tensor/apply.ts";
import { add, div, maximum, mul, sqrt, square, sum } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { flatten } from "../tensor/tree.ts";
import { mapTensors, type Optimizer, type TensorTree } from "./optimizer.ts";

/**
 * The Euclidean norm of all leaves taken as one vector.
 * @returns a scalar; 0 for a tree without leaves
 */
export function globalNorm(tree: TensorTree): Tensor {
  const squares = flatten<Tensor>(tree).leaves.map((leaf) => sum(square(leaf)));
  return sqrt(squares.reduce<Tensor>(add, full([], 0)));
}

/**
 * Scales all gradients by one factor where their global norm exceeds `max`, so that it becomes
 * `max`; shorter gradients pass untouched.
 * @throws RangeError unless max > 0
 * @see https://arxiv.org/abs/1211.5063 (Pascanu, Mikolov and Bengio, 2013), algorithm 1
 */
export function clipByGlobalNorm(max: number): Optimizer<readonly []> {
  if (!(max > 0)) throw new RangeError(`clipByGlobalNorm: expected max > 0, got ${max}`);
  return {
    init: () => [],
    update: (grads) => {
      // max / max(norm, max) is 1 for short gradients and divides by nothing near zero.
      const scale = div(max, maximum(globalNorm(grads as TensorTree), max));
      return [mapTensors((g) => mul(g, scale), grads), []];
    },
  };
}
