import { add, exp, minimum, neg } from "../../tensor/ops.ts";
import type { Objective } from "./objective.ts";
import { adaptiveTemperature, easyFirst, sequenceRatio } from "./sequenceWeights.ts";
import { crossEntropy } from "./terms.ts";
import {
  baseThreshold,
  clippedRatio,
  entropyShare,
  labelLogProbs,
  ownThreshold,
  probability,
  probabilityPower,
  weighted,
} from "./tokenWeights.ts";

export type Reweighted =
  | "sft"
  | "dft"
  | "power"
  | "threshold"
  | "stm"
  | "eaft"
  | "talr"
  | "flow"
  | "iwSft"
  | "iwSftTokens"
  | "psft";

/**
 * Supervised fine-tuning with tokens or examples that weigh differently; notation as in `objectives`.
 * Each pulls at the logits with w·(p_θ − δ_y), w a constant to the gradient.
 */
export const reweighted: { readonly [M in Reweighted]: Objective } = {
  /** Supervised fine-tuning: −log p_θ(y). */
  sft: { target: "none", needs: [], knows: [], perToken: crossEntropy },

  /**
   * Dynamic fine-tuning: −sg[p_θ(y)]·log p_θ(y), each token weighted by its own probability, which
   * is a constant to the gradient.
   * @see https://arxiv.org/abs/2508.05629 (Wu et al., 2025), equation 9
   */
  dft: { target: "none", needs: [], knows: [], perToken: weighted(probability) },

  /**
   * The family of powers: −sg[p_θ(y)^a]·log p_θ(y), a = `power`, whose gradient is that of
   * (1 − p_θ(y)^a)/a. a = 0 is SFT, a = 1 is DFT.
   * @see https://arxiv.org/abs/2510.00526 (Li et al., 2025)
   */
  power: { target: "none", needs: [], knows: ["power"], perToken: weighted(probabilityPower) },

  /**
   * Only what the student finds likely itself: −1[p_θ(y) ≥ c]·log p_θ(y), c = `threshold`; the mean is
   * over all tokens.
   * @see https://arxiv.org/abs/2510.00526 (Li et al., 2025), thresholded objectives
   */
  threshold: { target: "none", needs: [], knows: ["threshold"], perToken: weighted(ownThreshold) },

  /**
   * Selective token masking: −log p_θ(y) at the tokens with p_base(y) ≥ c, c = `threshold`, the mean
   * over those alone. The paper masks where the base's perplexity 1/p is above 2.5, which is c = 0.4.
   * @see https://arxiv.org/abs/2501.14315 (Wu et al., 2025)
   */
  stm: {
    target: "baseLabels",
    needs: [],
    knows: ["threshold"],
    perToken: (inputs) => crossEntropy(inputs, {}),
    counts: baseThreshold,
  },

  /**
   * Entropy-adaptive fine-tuning: −sg[(H_K / ln K)^a]·log p_θ(y), H_K the entropy of the student's K
   * likeliest tokens, renormalised; K = `topK`, at most the vocabulary, and a = `power`. Sure tokens
   * teach little, whatever the label. As in the paper's text: its program divides by 3, about ln 20.
   * @see https://arxiv.org/abs/2601.02151
   */
  eaft: {
    target: "none",
    needs: [],
    knows: ["topK", "power"],
    perToken: weighted(entropyShare),
  },

  /**
   * Token-adaptive loss reweighting: −sg[w]·log p_θ(y), w = max(p_θ(y)^{1/τ}, 0.01). Without a `tau`
   * τ is the mean loss of the token's own sequence, as it stands: the paper adapts τ too and publishes
   * no program, so that its very rule is not claimed here. Not normalised, which AdamW does not notice.
   * @see https://arxiv.org/abs/2509.20758 (Lin et al., 2025)
   */
  talr: {
    target: "none",
    needs: [],
    knows: ["tau"],
    perToken: (inputs) => crossEntropy(inputs, {}),
    perSequence: adaptiveTemperature,
  },

  /**
   * FLOW: −w_i·log p_θ(y) at all tokens of example i, w_i = e^(−ℓ_i/τ) with the base's mean loss ℓ_i on
   * it, so that what the base finds easy counts most. τ is the median of all ℓ_i unless `tau` says
   * otherwise. The weights are found once, before training.
   * @see https://arxiv.org/abs/2502.02797 (Sanyal et al., 2025), algorithm 1
   */
  flow: {
    target: "none",
    needs: [],
    knows: ["tau"],
    perToken: crossEntropy,
    exampleWeights: easyFirst,
  },

  /**
   * Importance-weighted SFT by sequences: −sg[w]·log p_θ(y) at all tokens of a sequence, with
   * w = exp(c·mean log p_θ(y)/p_base(y)) between 0 and 16, the mean over its tokens and c = `power`.
   * @see https://arxiv.org/abs/2507.12856 (Qin and Springenberg, 2025)
   */
  iwSft: {
    target: "baseLabels",
    needs: [],
    knows: ["power"],
    perToken: (inputs) => crossEntropy(inputs, {}),
    perSequence: sequenceRatio,
  },

  /**
   * Importance-weighted SFT token by token: −sg[w]·log p_θ(y), w = (p_θ(y)/p_base(y))^c between 0.2
   * and 1.8, c = `power`.
   * @see https://arxiv.org/abs/2507.12856 (Qin and Springenberg, 2025)
   */
  iwSftTokens: {
    target: "baseLabels",
    needs: [],
    knows: ["power"],
    perToken: weighted(clippedRatio),
  },

  /**
   * Proximal SFT: −min(r, 1 + ε), r = p_θ(y)/p_old(y), with the student p_old of at most `period`
   * steps ago and ε = `clipRatio`. What has become 1 + ε times as likely is left alone until p_old is
   * taken anew. The clip from below, as in PPO, never binds where every advantage is 1.
   * @see https://arxiv.org/abs/2508.17784 (Zhu et al., 2025)
   */
  psft: {
    target: "snapshot",
    needs: [],
    knows: ["clipRatio", "period"],
    perToken: (inputs, { clipRatio = 0.28 }) => {
      const surprise = crossEntropy(inputs, {});
      const ratio = exp(neg(add(surprise, labelLogProbs(inputs))));
      return neg(minimum(ratio, 1 + clipRatio));
    },
  },
};
