import { apply, constant } from "../tensor/apply.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { frequencies, type RopeScaling } from "./ropeScaling.ts";

/** Cosines and sines of the angles by which positions rotate, [T, D/2] each. */
export interface RopeTables {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/**
 * Angles position · theta^(−2i/D) for the positions 0 … length−1 and i < D/2, made in float64.
 * @param headDim D, the channels that turn, even
 * @param scaling changes the wavelengths for long sequences
 * @param sequenceLength what longrope and dynamic scaling take for the sequence's length
 * @throws RangeError for an odd headDim
 */
export function ropeTables(
  length: number,
  headDim: number,
  theta = 10000,
  scaling: RopeScaling | null = null,
  sequenceLength: number = length,
): RopeTables {
  if (headDim % 2 !== 0)
    throw new RangeError(`ropeTables: expected an even headDim, got ${headDim}`);
  if (!(theta > 0 && Number.isFinite(theta)))
    throw new RangeError(`ropeTables: expected a finite theta > 0, got ${theta}`);
  const half = headDim / 2;
  const { inverse, amplitude } = frequencies({ theta, scaling }, headDim, sequenceLength);
  const angles = Float64Array.from({ length: length * half }, (_, n) => {
    const [position, i] = [Math.floor(n / half), n % half];
    return position * (inverse[i] as number);
  });
  const table = (f: (angle: number) => number) =>
    constant(
      angles.map((angle) => amplitude * f(angle)),
      [length, half],
    );
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/**
 * Rotary position embedding in Hugging Face's "rotate half" convention: (x₁, x₂) →
 * (x₁·cos − x₂·sin, x₂·cos + x₁·sin) with x₁ and x₂ the halves of the last axis.
 * @param x [..., T, D]
 * @param tables row t rotates x[..., t, :]
 * @throws ShapeError
 * @see https://arxiv.org/abs/2104.09864 (Su et al., 2021), equation 34
 */
export const rope = (x: Tensor, { cos, sin }: RopeTables): Tensor =>
  apply("rope", [x, cos, sin], { inverse: false });
