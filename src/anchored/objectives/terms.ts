/** What the losses of several methods are made of, token by token. */
import { tokenCrossEntropy } from "../../nn/losses.ts";
import { add, logSoftmax, mul } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { kl } from "./divergences.ts";
import { klToStudent, tempered } from "./losses.ts";
import type { ObjectiveInputs, ObjectiveSettings } from "./objective.ts";

/** −log p_θ(y), smoothed. */
export function crossEntropy(
  { logits, labels }: ObjectiveInputs,
  { labelSmoothing }: Pick<ObjectiveSettings, "labelSmoothing">,
): Tensor {
  return tokenCrossEntropy(logits, labels, labelSmoothing);
}

/** β times the divergence from the base. */
export function drift({ logits, target }: ObjectiveInputs, settings: ObjectiveSettings): Tensor {
  const base = logSoftmax(given(target));
  const divergence =
    settings.direction === "forward" ? klToStudent(base, logits) : kl(logSoftmax(logits), base);
  return mul(divergence, settings.beta);
}

/** r·KL(target ‖ p_θ) + (1 − r)·cross-entropy. */
export function mixed(inputs: ObjectiveInputs, settings: ObjectiveSettings): Tensor {
  const { temperature, kdRatio } = settings;
  const student = tempered("objectives", temperature)(inputs.logits);
  const distance = warmed(klToStudent(given(inputs.target), student), settings);
  if (kdRatio === 1) return distance;
  return add(mul(distance, kdRatio), mul(crossEntropy(inputs, settings), 1 - kdRatio));
}

/** Times τ² where a method asks for it. */
export const warmed = (
  divergence: Tensor,
  { temperature, temperatureSquared = false }: ObjectiveSettings,
): Tensor =>
  temperatureSquared && temperature !== 1 ? mul(divergence, temperature ** 2) : divergence;

/** @throws TypeError for a batch without a target */
export function given(target: Tensor | undefined): Tensor {
  if (!target) throw new TypeError("objectives: expected batches with a target, got none");
  return target;
}
