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
}

/** Settings that not every method knows. */
export type SettingName =
  | "outer"
  | "inner"
  | "replayShare"
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
  /** What the method compares with, [B, T, V]; see `Objective.target`. */
  readonly target?: Tensor | undefined;
  /** The student's, for methods with a penalty on them. */
  readonly params?: Params | undefined;
  /** Those that training started from. */
  readonly base?: Params | undefined;
}

/** What a frozen model has to say about each response token. */
export type TargetKind =
  /** Nothing but the labels. */
  | "none"
  /** Logits of the model that training starts from. */
  | "base"
  /** Logits of the reference. */
  | "reference"
  /** Log-probabilities of the anchor, made anew at the start of each outer step. */
  | "anchor"
  /** The same of the model with interpolated weights. */
  | "weightAnchor"
  /** The anchor at responses that the student has sampled at the start of the outer step. */
  | "sampledAnchor";

/** Whether a method has outer steps, and so a step to certify. */
export const isAnchored = (target: TargetKind): boolean =>
  target === "anchor" || target === "weightAnchor" || target === "sampledAnchor";

/** Whether a method needs to know p_sft. */
export const hasReference = (target: TargetKind): boolean =>
  target === "reference" || isAnchored(target);

/** Whether a method looks at weights and not only at what they make of a text. */
export const hasSpace = ({ target, penalty }: Objective): boolean =>
  target === "weightAnchor" || penalty !== undefined;

/** A fine-tuning method: what it compares the student with, and how. */
export interface Objective {
  readonly target: TargetKind;
  /** The method's own weight of the reference, where it leaves no choice. */
  readonly alpha?: number;
  /** The settings of `fineTune` without which the method says nothing. */
  readonly needs: readonly SettingName[];
  /** Further settings that the method heeds; the optimizer's come on top. */
  readonly knows: readonly SettingName[];
  /** [B, T], nats. */
  readonly perToken: (inputs: ObjectiveInputs, settings: ObjectiveSettings) => Tensor;
  /**
   * A scalar that is added once a batch, whatever its tokens.
   * @param distance ‖θ − θ_base‖² of two models; that of their parameters by default
   */
  readonly penalty?: (
    params: Params,
    base: Params,
    settings: ObjectiveSettings,
    distance?: (one: Params, other: Params) => Tensor,
  ) => Tensor;
}
