import { crossEntropy, maskedMean, tokenCrossEntropy } from "../nn/losses.ts";
import { add, exp, logSoftmax, mul, neg, stopGradient } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { kl } from "./divergences.ts";
import type { Interpolation } from "./interpolations.ts";
import { anchoredLoss, frozenAnchorLoss } from "./losses.ts";

/** The numbers that shape a loss; each method uses those it knows. */
export interface ObjectiveSettings {
  /** The reference's weight in the anchor. */
  readonly alpha: number;
  readonly interpolation: Interpolation;
  readonly temperature: number;
  /** Weight of a divergence that is added to a loss. */
  readonly beta: number;
}

/** A batch as the loss sees it. */
export interface ObjectiveInputs {
  /** The student's, [B, T, V]. */
  readonly logits: Tensor;
  /** int [B, T]. */
  readonly labels: Tensor;
  /** [B, T], 1 at response tokens. */
  readonly mask: Tensor;
  /** What the method compares with, [B, T, V]; see `Objective.target`. */
  readonly target: Tensor | undefined;
}

/** What a frozen model has to say about each response token of the data. */
export type TargetKind =
  /** Nothing but the labels. */
  | "none"
  /** Log-probabilities of the anchor, made anew at the start of each outer step. */
  | "anchor"
  /** Logits of the reference. */
  | "reference"
  /** Logits of the model that training starts from. */
  | "base";

/** A fine-tuning method: what it compares the student with, and how. */
export interface Objective {
  readonly target: TargetKind;
  /** The method's own weight of the reference, where it leaves no choice. */
  readonly alpha?: number;
  /** The settings of `fineTune` without which the method says nothing. */
  readonly needs: readonly SettingName[];
  /** Further settings that the method heeds; the optimizer's come on top. */
  readonly knows: readonly SettingName[];
  /** A scalar, nats a token. */
  readonly loss: (inputs: ObjectiveInputs, settings: ObjectiveSettings) => Tensor;
}

/** Settings that not every method knows. */
export type SettingName = "outer" | "inner" | keyof ObjectiveSettings;

export type Method = "sft" | "anchored" | "distillation" | "moving" | "dft" | "asft";

const anchored: Objective["loss"] = ({ logits, target, mask }, { temperature }) =>
  frozenAnchorLoss({ logits, anchorLogProbs: given(target), temperature, mask });

/** All methods share one training loop; they differ in these rows. */
export const objectives: { readonly [M in Method]: Objective } = {
  /** Supervised fine-tuning: cross-entropy of the response. */
  sft: {
    target: "none",
    needs: [],
    knows: [],
    loss: ({ logits, labels, mask }) => crossEntropy(logits, labels, mask),
  },

  /** Anchored Learning: KL(q ‖ p_θ), the anchor q frozen during each outer step.
   * @see https://arxiv.org/abs/2605.04468 */
  anchored: {
    target: "anchor",
    needs: ["alpha"],
    knows: ["outer", "inner", "interpolation", "temperature"],
    loss: anchored,
  },

  /** Distillation from the reference: Anchored Learning with alpha = 1. */
  distillation: { target: "anchor", alpha: 1, needs: [], knows: ["temperature"], loss: anchored },

  /** Anchored Learning whose anchor is rebuilt from the current student at every step. Its only
   * fixed point is the reference: nothing is certified. */
  moving: {
    target: "reference",
    needs: ["alpha"],
    knows: ["interpolation", "temperature"],
    loss: ({ logits, target, mask }, settings) =>
      anchoredLoss({
        logits,
        snapshotLogits: stopGradient(logits),
        referenceLogits: given(target),
        mask,
        ...settings,
      }),
  },

  /** Dynamic fine-tuning: cross-entropy, each token weighted by its own probability.
   * @see https://arxiv.org/abs/2508.05629 */
  dft: { target: "none", needs: [], knows: [], loss: (inputs) => dft(inputs) },

  /** Dynamic fine-tuning plus beta · KL(p_θ ‖ base).
   * @see https://arxiv.org/abs/2509.23753 */
  asft: {
    target: "base",
    needs: ["beta"],
    knows: [],
    loss: (inputs, { beta }) => {
      const drift = kl(logSoftmax(inputs.logits), logSoftmax(given(inputs.target)));
      return add(dft(inputs), mul(maskedMean("asft", drift, inputs.mask), beta));
    },
  },
};

function dft({ logits, labels, mask }: ObjectiveInputs): Tensor {
  const perToken = tokenCrossEntropy(logits, labels); // [B, T]
  return maskedMean("dft", mul(stopGradient(exp(neg(perToken))), perToken), mask);
}

function given(target: Tensor | undefined): Tensor {
  if (!target) throw new TypeError("objectives: expected batches with a target, got none");
  return target;
}
