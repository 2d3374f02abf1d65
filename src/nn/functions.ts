import { apply } from "../tensor/apply.ts";
import { ShapeError, showShape } from "../tensor/errors.ts";
import { add, matmul } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";

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
