import { add, logSoftmax, mul, stopGradient } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { interpolate } from "./interpolations.ts";
import { generalizedJensenShannon } from "./jensenShannon.ts";
import { tempered } from "./losses.ts";
import type { Objective } from "./objective.ts";
import { type Reweighted, reweighted } from "./reweighted.ts";
import { crossEntropy, drift, given, mixed, warmed } from "./terms.ts";
import { probability, weighted } from "./tokenWeights.ts";
import { squaredDistance, weightedSquaredDistance } from "./weights.ts";

/** The methods of `fineTune` by name: Anchored Learning, and what is compared with it. */
export type Method =
  | Reweighted
  | "replay"
  | "klRegularized"
  | "asft"
  | "l2sp"
  | "ewc"
  | "agem"
  | "jsd"
  | "distillation"
  | "anchored"
  | "anchoredWeights"
  | "onPolicy"
  | "onPolicyFresh"
  | "moving";

/**
 * All methods share one training loop; they differ in these rows. Notation, token by token: y the
 * label, p_θ the student, p_base the model that training starts from, p_sft the reference, q the
 * anchor. A loss is the mean of its terms over the response tokens of the batch, nats a token.
 */
export const objectives: { readonly [M in Method]: Objective } = {
  ...reweighted,

  /**
   * Supervised fine-tuning with prior examples in every batch: −log p_θ(y) on both.
   * @see https://arxiv.org/abs/1811.11682 (Rolnick et al., 2019), experience replay
   */
  replay: { target: "none", needs: ["replayShare"], knows: [], perToken: crossEntropy },

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
    perToken: (inputs, settings) =>
      add(weighted(probability)(inputs, settings), drift(inputs, settings)),
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
    penalty: (params, base, { beta }, { distance = squaredDistance } = {}) =>
      mul(distance(params, base), beta / 2),
  },

  /**
   * Elastic weight consolidation: −log p_θ(y), plus β/2·Σ F_i·(θ_i − θ_base,i)² once a batch, F the
   * diagonal of the base's Fisher information at its own answers to prior prompts, of mean 1: with
   * F = 1 it is L2-SP. Of an adapter θ are the weights that it changes, W + s·B·A, and not its factors,
   * of which one gets no gradient where the other is 0.
   * @see https://arxiv.org/abs/1612.00796 (Kirkpatrick et al., 2017), equation 3
   */
  ewc: {
    target: "none",
    needs: ["beta"],
    knows: [],
    perToken: crossEntropy,
    penalty: (params, base, { beta }, { fisher, distance = weightedSquaredDistance } = {}) => {
      if (!fisher) throw new TypeError("ewc: expected a Fisher information, got none");
      return mul(distance(params, base, fisher), beta / 2);
    },
    fisher: true,
  },

  /**
   * Averaged gradient episodic memory: −log p_θ(y), followed but for the part of its gradient that
   * would raise the loss of the prior examples in the batch, see `projected`.
   * @see https://arxiv.org/abs/1812.00420 (Chaudhry et al., 2018)
   */
  agem: {
    target: "none",
    needs: ["replayShare"],
    knows: [],
    perToken: crossEntropy,
    gradient: "projected",
  },

  /**
   * Generalised knowledge distillation from p_sft: JSD_β(p_sft ‖ p_θ), see
   * `generalizedJensenShannon`.
   * @see https://arxiv.org/abs/2306.13649 (Agarwal et al., 2024), equation 1
   */
  jsd: {
    target: "reference",
    needs: ["beta"],
    knows: ["temperature", "temperatureSquared"],
    perToken: ({ logits, target }, settings) => {
      const temper = tempered("jsd", settings.temperature);
      const [teacher, student] = [temper(given(target)), temper(logits)].map(logSoftmax);
      const divergence = generalizedJensenShannon(settings.beta);
      return warmed(divergence(teacher as Tensor, student as Tensor), settings);
    },
  },

  /** Self-distillation from the fine-tuned model: KL(p_sft ‖ p_θ), the anchor with α = 1. */
  distillation: {
    target: "anchor",
    alpha: 1,
    needs: [],
    knows: ["temperature", "temperatureSquared", "kdRatio"],
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
    knows: ["outer", "inner", "interpolation", "temperature", "temperatureSquared", "kdRatio"],
    perToken: mixed,
  },

  /**
   * Anchored Learning in weight space: KL(q ‖ p_θ) with q the model whose weights lie between the
   * student's at the start of the outer step and those of p_sft, (1 − α)·θ_t + α·θ_sft.
   */
  anchoredWeights: {
    target: "weightAnchor",
    needs: ["alpha"],
    knows: ["outer", "inner", "temperature", "temperatureSquared", "kdRatio"],
    perToken: mixed,
  },

  /**
   * Outer-step on-policy, Anchored Learning on the student's own answers: KL(q ‖ p_θ) at the tokens
   * of responses that the student of the start of the outer step has given to the prompts. The
   * labels of the data are not looked at.
   * @see https://arxiv.org/abs/2306.13649 (Agarwal et al., 2024), algorithm 1, for on-policy data
   */
  onPolicy: {
    target: "sampledAnchor",
    needs: ["alpha"],
    knows: [
      ...(["outer", "inner", "interpolation", "temperature", "temperatureSquared"] as const),
      "samplingTemperature",
    ],
    perToken: mixed,
  },

  /**
   * Anchored Learning on answers that the student gives before every step, as GKD does: KL(q ‖ p_θ) at
   * the tokens of a share λ of the batch that it samples itself, and of the data for the rest. The
   * sampling temperature is apart from the loss's.
   * @see https://arxiv.org/abs/2306.13649 (Agarwal et al., 2024), algorithm 1, λ its fraction of the
   *   student's data
   */
  onPolicyFresh: {
    target: "freshAnchor",
    needs: ["alpha"],
    knows: [
      ...(["outer", "inner", "interpolation", "temperature", "temperatureSquared"] as const),
      ...(["lambda", "samplingTemperature"] as const),
    ],
    perToken: mixed,
  },

  /**
   * Anchored Learning whose anchor is rebuilt from the current student at every step: KL(sg[q] ‖ p_θ).
   * Its only fixed point is p_sft: nothing is certified.
   */
  moving: {
    target: "reference",
    needs: ["alpha"],
    knows: ["interpolation", "temperature", "temperatureSquared", "kdRatio"],
    perToken: (inputs, settings) => {
      const { alpha, interpolation, temperature } = settings;
      const temper = tempered("moving", temperature);
      const between = interpolate(interpolation, alpha);
      const anchor = between(temper(stopGradient(inputs.logits)), temper(given(inputs.target)));
      return mixed({ ...inputs, target: anchor }, settings);
    },
  },
};
