import type { Params } from "../../nn/config.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Interpolation } from "./interpolations.ts";

/** Which way a divergence between base and student is taken. */
export type Direction =
  /** KL(p_base ‖ p_θ): the student must keep whatever the base finds likely. */
  | "forward"
  /** KL(p_θ ‖ p_base): the student must not find likely what the base does not. */
  | "reverse";

/** The numbers that shape a loss; each method uses those it knows. */
export interface ObjectiveSettings {
  /** The reference's weight in the anchor. */
  readonly alpha: number;
  readonly interpolation: Interpolation;
  readonly temperature: number;
  /** The weight of what is added to a loss; in `"jsd"` the teacher's weight in the mixture. */
  readonly beta: number;
  readonly direction: Direction;
  /** Weight of the teacher's term, in [0, 1]; the rest is the label's cross-entropy. */
  readonly kdRatio: number;
  /** ε of the label's cross-entropy: (1 − ε)·(−log p(y)) + ε·mean over the vocabulary of −log p; 0
   * by default. */
  readonly labelSmoothing?: number;
  /** Whether a divergence at a temperature τ is multiplied by τ², so that its gradient keeps its size as
   * τ grows (arXiv 1503.02531, section 2.1); false by default. Matters beside a cross-entropy. */
  readonly temperatureSquared?: boolean;
  /** Exponent of a token's or sequence's weight; 1 by default. */
  readonly power?: number;
  /** The least probability of a label that is learnt; 0.4 by default. */
  readonly threshold?: number;
  /** K, the likeliest tokens over which an entropy is taken; 20 by default. */
  readonly topK?: number;
  /** ε: probabilities are raised to 1 + ε times what they were, and no further; 0.28 by default. */
  readonly clipRatio?: number;
  /** τ of weights e^(−loss/τ), nats a token; without it the method's own choice. */
  readonly tau?: number;
}

/** Settings that not every method knows. */
export type SettingName =
  | "outer"
  | "inner"
  | "replayShare"
  | "period"
  | "lambda"
  | "samplingTemperature"
  | Exclude<keyof ObjectiveSettings, "labelSmoothing">;

/** A batch as the loss sees it. */
export interface ObjectiveInputs {
  /** The student's, [B, T, V]. */
  readonly logits: Tensor;
  /** int [B, T]. */
  readonly labels: Tensor;
  /** [B, T], 1 at response tokens. */
  readonly mask: Tensor;
  /** [B, T], how much each token counts; all alike by default. */
  readonly weights?: Tensor | undefined;
  /** [B, T], a constant factor of each token's term, which the mean does not divide by; 1 by default. */
  readonly scale?: Tensor | undefined;
  /** int [B, T], the documents that share a row, from 1; every row is one by default. */
  readonly segments?: Tensor | undefined;
  /** [B, T], 1 at the tokens of prior examples that are replayed, 0 elsewhere; none by default. */
  readonly replayed?: Tensor | undefined;
  /** What the method compares with, [B, T, V], or [B, T, 1] at labels alone; see `Objective.target`. */
  readonly target?: Tensor | undefined;
  /** The student's, for methods with a penalty on them. */
  readonly params?: Params | undefined;
  /** Those that training started from. */
  readonly base?: Params | undefined;
  /** How much each of them matters to the base, for penalties that weigh by it. */
  readonly fisher?: Params | undefined;
}

/** What a frozen model has to say about each response token. */
export type TargetKind =
  /** Nothing but the labels. */
  | "none"
  /** Logits of the model that training starts from. */
  | "base"
  /** log p_base(y) at the labels alone: a number a token instead of a vocabulary. */
  | "baseLabels"
  /** log p_old(y) at the labels, of the student as it was at most `period` steps ago. */
  | "snapshot"
  /** Logits of the reference. */
  | "reference"
  /** Log-probabilities of the anchor, made anew at the start of each outer step. */
  | "anchor"
  /** The same of the model with interpolated weights. */
  | "weightAnchor"
  /** The anchor at responses that the student has sampled at the start of the outer step. */
  | "sampledAnchor"
  /** The anchor at responses that the student samples anew before every step. */
  | "freshAnchor";

const kinds: { readonly [K in TargetKind]-?: true } = {
  ...{ none: true, base: true, baseLabels: true, snapshot: true, reference: true, anchor: true },
  ...{ weightAnchor: true, sampledAnchor: true, freshAnchor: true },
};

export const targetKinds: readonly string[] = Object.keys(kinds);

/** Whether a method has outer steps, and so a step to certify. */
export const isAnchored = (target: TargetKind): boolean =>
  target === "weightAnchor" || isBetween(target);

/** Whether the anchor lies between what two models say, and not between their weights. */
export const isBetween = (target: TargetKind): boolean =>
  target === "anchor" || target === "sampledAnchor" || target === "freshAnchor";

/** Whether a method compares at labels alone: its targets are [B, T, 1]. */
export const isOfLabels = (target: TargetKind): boolean =>
  target === "baseLabels" || target === "snapshot";

/** Whether a method needs to know p_sft. */
export const hasReference = (target: TargetKind): boolean =>
  target === "reference" || isAnchored(target);

/** Whether a method looks at weights and not only at what they make of a text. */
export const hasSpace = ({ target, penalty }: Objective): boolean =>
  target === "weightAnchor" || penalty !== undefined;

/**
 * A fine-tuning method: what it compares the student with, and how. `fineTune` takes one in place of a
 * name, so that methods of one's own need no more than an object.
 * @example
 * // The focal loss (arXiv 1708.02002): what is known already teaches little.
 * const method: Objective = {
 *   target: "none",
 *   needs: [],
 *   knows: [],
 *   perToken: weighted(({ surprise }) => ops.sub(1, ops.exp(ops.neg(surprise)))),
 * };
 * fineTune(engine, { method, model, base, data, batchSize: 8, epochs: 3, learningRate: 1e-4, key });
 */
export interface Objective {
  readonly target: TargetKind;
  /** The method's own weight of the reference, where it leaves no choice. */
  readonly alpha?: number;
  /** The settings of `fineTune` without which the method says nothing. */
  readonly needs: readonly SettingName[];
  /** Further settings that the method heeds; the optimizer's come on top. */
  readonly knows: readonly SettingName[];
  /** [B, T], nats. Where logits are made block by block it sees some tokens at a time, [R] of them. */
  readonly perToken: (inputs: ObjectiveInputs, settings: ObjectiveSettings) => Tensor;
  /** The same terms, [B, T], reweighed by what whole sequences say; all tokens of a row together. Of
   * the inputs only labels, masks, segments and targets at labels are what they are called: logits may
   * be the hidden states that they are made of. */
  readonly perSequence?: (
    terms: Tensor,
    inputs: ObjectiveInputs,
    settings: ObjectiveSettings,
  ) => Tensor;
  /** [B, T], at least 0: how much each token counts, the mean dividing by their sum; 1 by default. It
   * sees what `perSequence` sees. */
  readonly counts?: (inputs: ObjectiveInputs, settings: ObjectiveSettings) => Tensor;
  /**
   * A factor for each example, once a run.
   * @param losses the base's mean −log p of each example's targets, nats a token
   */
  readonly exampleWeights?: (
    losses: readonly number[],
    settings: ObjectiveSettings,
  ) => readonly number[];
  /** A scalar that is added once a batch, whatever its tokens. */
  readonly penalty?: (
    params: Params,
    base: Params,
    settings: ObjectiveSettings,
    given?: PenaltyInputs,
  ) => Tensor;
  /** Whether the penalty weighs parameters by the base's Fisher information. */
  readonly fisher?: true;
  /** What is followed instead of the gradient of the loss: `"projected"`, the part of it that does not
   * undo what prior examples ask for, see `projected`. */
  readonly gradient?: "projected";
}

/** What a penalty may look at beside the parameters. */
export interface PenaltyInputs {
  /** ‖θ − θ_base‖² of two models, or Σ F·(θ − θ_base)²; that of their parameters by default. */
  readonly distance?: ((one: Params, other: Params, weights?: Params) => Tensor) | undefined;
  /** F, of the shapes of the weights that are trained: with an adapter of those that it changes. */
  readonly fisher?: Params | undefined;
}
