import type { Params } from "../../nn/config.ts";
import { maskedSum, type SumAndCount, tokenCrossEntropy } from "../../nn/losses.ts";
import { add, div, exp, logSoftmax, mul, neg, stopGradient } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { kl } from "./divergences.ts";
import { interpolate } from "./interpolations.ts";
import { generalizedJensenShannon } from "./jensenShannon.ts";
import { klToStudent, tempered } from "./losses.ts";
import type { Objective, ObjectiveInputs, ObjectiveSettings } from "./objective.ts";
import { squaredDistance } from "./weights.ts";

export type Method =
  | "sft"
  | "replay"
  | "dft"
  | "klRegularized"
  | "asft"
  | "l2sp"
  | "jsd"
  | "distillation"
  | "anchored"
  | "anchoredWeights"
  | "onPolicy"
  | "moving";

/**
 * All methods share one training loop; they differ in these rows. Notation, token by token: y the
 * label, p_θ the student, p_base the model that training starts from, p_sft the reference, q the
 * anchor. A loss is the mean of its terms over the response tokens of the batch, nats a token.
 */
export const objectives: { readonly [M in Method]: Objective } = {
  /** Supervised fine-tuning: −log p_θ(y). */
  sft: { target: "none", needs: [], knows: [], perToken: crossEntropy },

  /**
   * Supervised fine-tuning with prior examples in every batch: −log p_θ(y) on both.
   * @see https://arxiv.org/abs/1811.11682 (Rolnick et al., 2019), experience replay
   */
  replay: { target: "none", needs: ["replayShare"], knows: [], perToken: crossEntropy },

  /**
   * Dynamic fine-tuning: −sg[p_θ(y)]·log p_θ(y), each token weighted by its own probability, which
   * is a constant to the gradient.
   * @see https://arxiv.org/abs/2508.05629 (Wu et al., 2025), equation 9
   */
  dft: { target: "none", needs: [], knows: [], perToken: dynamicCrossEntropy },

  /**
   * Supervised fine-tuning held near the base: −log p_θ(y) + β·D, with D = KL(p_base ‖ p_θ) where
   * the direction is `"forward"` and KL(p_θ ‖ p_base) where it is `"reverse"`.
   */
  klRegularized: {
    target: "base",
    needs: ["beta", "direction"],
    knows: [],
    perToken: (inputs, settings) => add(crossEntropy(inputs, settings), drift(inputs, settings)),
  },

  /**
   * Anchored supervised fine-tuning: dynamic fine-tuning plus β·KL over the whole vocabulary. The
   * direction is `"forward"`, KL(p_base ‖ p_θ), unless told otherwise: so do the authors' program
   * and LLaMA-Factory; the paper's text (section 5.3) says `"reverse"`, KL(p_θ ‖ p_base), of which
   * NeMo-RL takes an estimate at the label. β does not carry over from one to the other.
   * @see https://arxiv.org/abs/2509.23753 (Zhu et al., 2025)
   * @see https://github.com/zhuchichi56/ASFT/issues/3 for the two directions
   */
  asft: {
    target: "base",
    needs: ["beta"],
    knows: ["direction"],
    perToken: (inputs, settings) => add(dynamicCrossEntropy(inputs), drift(inputs, settings)),
  },

  /**
   * Weight decay towards the base: −log p_θ(y), plus β/2·‖θ − θ_base‖² once a batch.
   * @see https://arxiv.org/abs/1802.01483 (Li, Grandvalet and Davoine, 2018), equation 3
   */
  l2sp: {
    target: "none",
    needs: ["beta"],
    knows: [],
    perToken: crossEntropy,
    penalty: (params, base, { beta }, distance = squaredDistance) =>
      mul(distance(params, base), beta / 2),
  },

  /**
   * Generalised knowledge distillation from p_sft: JSD_β(p_sft ‖ p_θ), see
   * `generalizedJensenShannon`.
   * @see https://arxiv.org/abs/2306.13649 (Agarwal et al., 2024), equation 1
   */
  jsd: {
    target: "reference",
    needs: ["beta"],
    knows: ["temperature"],
    perToken: ({ logits, target }, { beta, temperature }) => {
      const temper = tempered("jsd", temperature);
      const [teacher, student] = [temper(given(target)), temper(logits)].map(logSoftmax);
      return generalizedJensenShannon(beta)(teacher as Tensor, student as Tensor);
    },
  },

  /** Self-distillation from the fine-tuned model: KL(p_sft ‖ p_θ), the anchor with α = 1. */
  distillation: {
    target: "anchor",
    alpha: 1,
    needs: [],
    knows: ["temperature", "kdRatio"],
    perToken: mixed,
  },

  /**
   * Anchored Learning: KL(q ‖ p_θ), with the anchor q between the student at the start of the outer
   * step and p_sft. With a `kdRatio` r below 1, r·KL(q ‖ p_θ) − (1 − r)·log p_θ(y).
   * @see https://arxiv.org/abs/2605.04468
   */
  anchored: {
    target: "anchor",
    needs: ["alpha"],
    knows: ["outer", "inner", "interpolation", "temperature", "kdRatio"],
    perToken: mixed,
  },

  /**
   * Anchored Learning in weight space: KL(q ‖ p_θ) with q the model whose weights lie between the
   * student's at the start of the outer step and those of p_sft, (1 − α)·θ_t + α·θ_sft.
   */
  anchoredWeights: {
    target: "weightAnchor",
    needs: ["alpha"],
    knows: ["outer", "inner", "temperature", "kdRatio"],
    perToken: mixed,
  },

  /**
   * Anchored Learning on the student's own answers: KL(q ‖ p_θ) at the tokens of responses that the
   * student of the start of the outer step has given to the prompts. The labels of the data are not
   * looked at.
   * @see https://arxiv.org/abs/2306.13649 (Agarwal et al., 2024), algorithm 1, for on-policy data
   */
  onPolicy: {
    target: "sampledAnchor",
    needs: ["alpha"],
    knows: ["outer", "inner", "interpolation", "temperature"],
    perToken: mixed,
  },

  /**
   * Anchored Learning whose anchor is rebuilt from the current student at every step: KL(sg[q] ‖ p_θ).
   * Its only fixed point is p_sft: nothing is certified.
   */
  moving: {
    target: "reference",
    needs: ["alpha"],
    knows: ["interpolation", "temperature", "kdRatio"],
    perToken: (inputs, settings) => {
      const { alpha, interpolation, temperature } = settings;
      const temper = tempered("moving", temperature);
      const between = interpolate(interpolation, alpha);
      const anchor = between(temper(stopGradient(inputs.logits)), temper(given(inputs.target)));
      return mixed({ ...inputs, target: anchor }, settings);
    },
  },
};

function crossEntropy(
  { logits, labels }: ObjectiveInputs,
  { labelSmoothing }: Pick<ObjectiveSettings, "labelSmoothing">,
): Tensor {
  return tokenCrossEntropy(logits, labels, labelSmoothing);
}

function dynamicCrossEntropy(inputs: ObjectiveInputs): Tensor {
  const surprise = crossEntropy(inputs, {});
  return mul(stopGradient(exp(neg(surprise))), surprise);
}

/** β times the divergence from the base. */
function drift({ logits, target }: ObjectiveInputs, settings: ObjectiveSettings): Tensor {
  const base = logSoftmax(given(target));
  const divergence =
    settings.direction === "forward" ? klToStudent(base, logits) : kl(logSoftmax(logits), base);
  return mul(divergence, settings.beta);
}

/** r·KL(target ‖ p_θ) + (1 − r)·cross-entropy. */
function mixed(inputs: ObjectiveInputs, settings: ObjectiveSettings): Tensor {
  const { temperature, kdRatio } = settings;
  const student = tempered("objectives", temperature)(inputs.logits);
  const distance = klToStudent(given(inputs.target), student);
  if (kdRatio === 1) return distance;
  return add(mul(distance, kdRatio), mul(crossEntropy(inputs, settings), 1 - kdRatio));
}

function given(target: Tensor | undefined): Tensor {
  if (!target) throw new TypeError("objectives: expected batches with a target, got none");
  return target;
}

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
  return penalty ? add(loss, penalty(...givenParams(inputs), settings)) : loss;
}

/**
 * The parts of the mean in `objectiveLoss`: what the micro-batches of a batch add up before they
 * divide, so that each weighs as its tokens do. The penalty is no part of it.
 */
export function objectiveSum(
  { perToken }: Objective,
  inputs: ObjectiveInputs,
  settings: ObjectiveSettings,
): SumAndCount {
  const { mask, weights } = inputs;
  return maskedSum("objectiveLoss", perToken(inputs, settings), mask, weights);
}

function givenParams({ params, base }: ObjectiveInputs): [params: Params, base: Params] {
  if (!params || !base) throw new TypeError("objectives: expected parameters and base, got none");
  return [params, base];
}
