import type { Params } from "../../nn/config.ts";
import { maskedSum, type SumAndCount } from "../../nn/losses.ts";
import { add, div, maximum, mul } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Objective, ObjectiveInputs, ObjectiveSettings } from "./objective.ts";

/**
 * The loss of a batch: the mean of the objective's terms over the tokens that the mask counts, plus
 * its penalty.
 * @returns a scalar, nats a token
 */
export function objectiveLoss(
  objective: Objective,
  inputs: ObjectiveInputs,
  settings: ObjectiveSettings,
): Tensor {
  const { sum, count } = objectiveSum(objective, inputs, settings);
  const loss = div(sum, count);
  const { penalty } = objective;
  return penalty
    ? add(loss, penalty(...givenParams(inputs), settings, { fisher: inputs.fisher }))
    : loss;
}

/**
 * The parts of the mean in `objectiveLoss`: what the micro-batches of a batch add up before they
 * divide, so that each weighs as its tokens do. The penalty is no part of it.
 */
export function objectiveSum(
  { perToken, perSequence, counts }: Objective,
  inputs: ObjectiveInputs,
  settings: ObjectiveSettings,
): SumAndCount {
  const { mask, weights, scale } = inputs;
  const each = perToken(inputs, settings);
  const terms = perSequence ? perSequence(each, inputs, settings) : each;
  const scaled = scale ? mul(terms, scale) : terms;
  if (!counts) return maskedSum("objectiveLoss", scaled, mask, weights);
  const own = counts(inputs, settings);
  const { sum, count } = maskedSum(
    "objectiveLoss",
    scaled,
    mask,
    weights ? mul(own, weights) : own,
  );
  return { sum, count: maximum(count, NONE) };
}

/** Where an objective counts no token the loss is 0 and not 0/0; to a sum of counts it adds nothing. */
const NONE = 1e-20;

function givenParams({ params, base }: ObjectiveInputs): [params: Params, base: Params] {
  if (!params || !base) throw new TypeError("objectives: expected parameters and base, got none");
  return [params, base];
}
