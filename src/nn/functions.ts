import { apply } from "../tensor/apply.ts";
import { ShapeError, showShape } from "../tensor/errors.ts";
import { add, less, matmul, mul, select } from "../tensor/ops.ts";
import { type Key, uniform } from "../tensor/random.ts";
import { sameShape } from "../tensor/shapes.ts";
import { type FloatTensor, isTensor, type Tensor } from "../tensor/tensor.ts";

export { gelu, logSoftmax, sigmoid, softmax } from "../tensor/ops.ts";

import { inFloat32, isFloat32 } from "../tensor/options.ts";

/**
 * x · weightᵀ + bias.
 * @param x [..., in]
 * @param weight [out, in], as Hugging Face and PyTorch store it
 * @param bias [out]
 * @returns [..., out]
 * @throws ShapeError
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const width = weight.shape.at(-1);
  if (weight.shape.length !== 2 || x.shape.length < 2 || x.shape.at(-1) !== width)
    throw new ShapeError("linear", "[..., in] and [out, in]", [x.shape, weight.shape]);
  const y = matmul(x, weight, { transposeB: true }); // [..., out]
  if (!bias) return y;
  if (bias.shape.length !== 1 || bias.shape[0] !== weight.shape[0])
    throw new ShapeError("linear", `a bias ${showShape([weight.shape[0] as number])}`, [
      bias.shape,
    ]);
  return add(y, bias);
}

/**
 * x / √(mean(x²) + epsilon) · gain over the last axis. Engines in float32 square in float32, as PyTorch
 * does: rows whose squares sum to more than 3.4e38 (numbers from about 1e19) become 0.
 * @param x [..., C]
 * @param gain [C]
 * @throws ShapeError
 * @see https://arxiv.org/abs/1910.07467 (Zhang and Sennrich, 2019), equation 4
 */
export function rmsNorm(x: Tensor, gain: Tensor, epsilon = 1e-5): Tensor {
  expectEpsilon("rmsNorm", epsilon);
  return apply("rmsNorm", [x, gain], { epsilon });
}

/** @throws RangeError unless it is finite and ≥ 0 */
export function expectEpsilon(caller: string, epsilon: number): void {
  if (!(epsilon >= 0 && isFloat32(epsilon)))
    throw new RangeError(`${caller}: expected epsilon ≥ 0, got ${inFloat32(epsilon)}`);
}

/**
 * gate · sigmoid(gate) · up, element by element.
 * @throws ShapeError
 * @see https://arxiv.org/abs/2002.05202 (Shazeer, 2020), equation 6
 */
export const swiglu = (gate: Tensor, up: Tensor): Tensor => apply("swiglu", [gate, up], {});

/**
 * x with a share of its elements set to 0, at random, and the others scaled by 1/(1 − rate). In
 * training alone: nothing of it is wanted afterwards.
 * @param noise uniform in [0, 1), of x's shape: an argument of the compiled step, drawn anew for each
 *   from an explicit key. A key in place of it draws when the function is traced, once for all runs:
 *   for `engine.run`, or to try one mask.
 * @throws RangeError unless 0 ≤ rate < 1; ShapeError for noise of another shape
 * @see https://jmlr.org/papers/v15/srivastava14a.html (Srivastava et al., 2014)
 * @example
 * const step = engine.compile((params: Params, batch: Batch, noise: Tensor) => loss(params, batch, noise));
 * await step(params, batch, random.uniform(random.fold(key, i), [8, 512])); // dropout(h, 0.1, noise)
 */
export function dropout(x: FloatTensor, rate: number, noise: FloatTensor | Key): FloatTensor {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropout: expected 0 ≤ rate < 1, got ${rate}`);
  const drawn = isTensor(noise) ? noise : uniform(noise, x.shape);
  if (!sameShape(drawn.shape, x.shape))
    throw new ShapeError("dropout", `noise ${showShape(x.shape)}`, [drawn.shape]);
  return select(less(drawn, rate), 0, mul(x, 1 / (1 - rate)));
}
