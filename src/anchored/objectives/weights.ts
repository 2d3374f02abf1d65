import { add, mul, square, sub, sum } from "../../tensor/ops.ts";
import { inFloat32, isFloat32 } from "../../tensor/options.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { flatten, map, type Tree } from "../../tensor/tree.ts";

/**
 * WiSE-FT: (1 − weight) · base + weight · tuned, parameter by parameter. For a model that is linear
 * in the weights that were trained, this is exactly the logit anchor.
 * @param weight 0 gives the base, 1 the tuned model; values outside extrapolate
 * @throws TypeError where the trees differ, ShapeError where parameters do, RangeError for a weight
 *   that is not finite
 * @see https://arxiv.org/abs/2109.01903 (Wortsman et al., 2022), equation 1
 */
export function interpolateWeights<P>(base: P, tuned: P, weight: number): P {
  if (!isFloat32(weight))
    throw new RangeError(`interpolateWeights: expected a finite weight, got ${inFloat32(weight)}`);
  type Params = P & Tree<Tensor>;
  const blend = (b: Tensor, t: Tensor | undefined): Tensor =>
    add(mul(b, 1 - weight), mul(t as Tensor, weight));
  return map<P, Tensor, Tensor>(blend, base as Params, tuned as Params) as P;
}

/**
 * Σ F_i·(a_i − b_i)², over all parameters.
 * @returns a scalar
 * @throws TypeError where the trees differ
 */
export function weightedSquaredDistance<P>(a: P, b: P, weights: P): Tensor {
  type Params = P & Tree<Tensor>;
  const gap = (x: Tensor, y: Tensor | undefined, w: Tensor | undefined): Tensor =>
    sum(mul(w as Tensor, square(sub(x, y as Tensor))));
  const gaps = map<P, Tensor, Tensor>(gap, a as Params, b as Params, weights as Params);
  return flatten<Tensor>(gaps).leaves.reduce((total, each) => add(total, each));
}

/**
 * ‖a − b‖², over all parameters.
 * @returns a scalar
 * @throws TypeError where the trees differ
 */
export function squaredDistance<P>(a: P, b: P): Tensor {
  const gap = (x: Tensor, y: Tensor | undefined): Tensor => sum(square(sub(x, y as Tensor)));
  type Params = P & Tree<Tensor>;
  const gaps = flatten<Tensor>(map<P, Tensor, Tensor>(gap, a as Params, b as Params)).leaves;
  return gaps.reduce((total, each) => add(total, each));
}
