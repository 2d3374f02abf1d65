import { maskedMean } from "../../nn/losses.ts";
import { apply } from "../../tensor/apply.ts";
import { mul, reshape, stopGradient } from "../../tensor/ops.ts";
import { expectKnown, inFloat32, isFloat32 } from "../../tensor/options.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkVocabulary, checkWeight, type Interpolation, interpolate } from "./interpolations.ts";

/** The logits of student, snapshot and reference, and the anchor between the last two. */
export interface AnchoredLossOptions {
  /** The student's logits, [..., V]. */
  readonly logits: Tensor;
  /** The frozen student's logits of the start of this outer step, [..., V]. */
  readonly snapshotLogits: Tensor;
  /** The fine-tuned reference's logits, [..., V]. */
  readonly referenceLogits: Tensor;
  /** The weight of the reference in the anchor, in [0, 1]. */
  readonly alpha: number;
  /** The path on which the anchor lies; `"logit"` by default. */
  readonly interpolation?: Interpolation;
  /** Divides all three logits first; the loss is not multiplied by its square. 1 by default. */
  readonly temperature?: number;
  /** [...], 1 where a token counts; all of them by default. */
  readonly mask?: Tensor;
  /** [...], at least 0: how much a token counts; the mean divides by their sum. */
  readonly weights?: Tensor;
}

/**
 * The loss of Anchored Learning: KL(q ‖ p_θ), mean over the masked tokens, where the anchor
 * q = interpolate(interpolation, alpha)(snapshotLogits, referenceLogits) is a constant.
 * @returns a scalar, nats a token
 * @throws RangeError for alpha outside [0, 1], a temperature that is not positive, or a host mask
 *   without a token; ShapeError where vocabularies differ
 * @see https://arxiv.org/abs/2605.04468
 */
export function anchoredLoss(options: AnchoredLossOptions): Tensor {
  expectKnown("anchoredLoss", options, [
    ...(["logits", "snapshotLogits", "referenceLogits", "alpha"] as const),
    ...(["interpolation", "temperature", "mask", "weights"] as const),
  ]);
  const { logits, snapshotLogits, referenceLogits, alpha, mask, weights } = options;
  const { interpolation = "logit", temperature = 1 } = options;
  checkWeight("anchoredLoss", alpha);
  checkVocabulary("anchoredLoss", logits, snapshotLogits, referenceLogits);
  const temper = tempered("anchoredLoss", temperature);
  const anchor = interpolate(interpolation, alpha)(temper(snapshotLogits), temper(referenceLogits));
  return maskedMean("anchoredLoss", klToStudent(anchor, temper(logits)), mask, weights);
}

/** The logits of the student, and an anchor that was made before. */
export interface FrozenAnchorLossOptions {
  /** The student's logits, [..., V]. */
  readonly logits: Tensor;
  /** The anchor, computed beforehand at the same temperature, [..., V]. */
  readonly anchorLogProbs: Tensor;
  readonly temperature?: number;
  /** [...], 1 where a token counts; all of them by default. */
  readonly mask?: Tensor;
  /** [...], at least 0: how much a token counts; the mean divides by their sum. */
  readonly weights?: Tensor;
}

/**
 * KL(q ‖ p_θ) to an anchor q that was computed beforehand, mean over the masked tokens.
 * @returns a scalar, nats a token
 * @throws as `anchoredLoss`
 */
export function frozenAnchorLoss(options: FrozenAnchorLossOptions): Tensor {
  const known = ["logits", "anchorLogProbs", "temperature", "mask", "weights"] as const;
  expectKnown("frozenAnchorLoss", options, known);
  const { logits, anchorLogProbs, temperature = 1, mask, weights } = options;
  checkVocabulary("frozenAnchorLoss", logits, anchorLogProbs);
  const temper = tempered("frozenAnchorLoss", temperature);
  return maskedMean("frozenAnchorLoss", klToStudent(anchorLogProbs, temper(logits)), mask, weights);
}

/** With what it, or else its inverse, is in float32. */
const shown = (temperature: number): string =>
  isFloat32(temperature) && temperature > 0
    ? `${temperature}, by which to divide is to multiply by ${inFloat32(1 / temperature)}`
    : inFloat32(temperature);

/** Division by the temperature. @throws RangeError unless it is positive and finite */
export function tempered(op: string, temperature: number): (logits: Tensor) => Tensor {
  if (!(temperature > 0 && isFloat32(temperature) && isFloat32(1 / temperature)))
    throw new RangeError(`${op}: expected a positive temperature, got ${shown(temperature)}`);
  return (logits) => (temperature === 1 ? logits : mul(logits, 1 / temperature));
}

/** KL(q ‖ softmax(logits)) token by token: [..., V], [..., V] → [...]. */
export function klToStudent(anchorLogProbs: Tensor, logits: Tensor): Tensor {
  const rows = [-1, logits.shape.at(-1) as number];
  const anchor = reshape(stopGradient(anchorLogProbs), rows);
  const perToken = apply("anchoredKl", [anchor, reshape(logits, rows)], {});
  return reshape(perToken, logits.shape.slice(0, -1));
}
