import type { Params } from "../../nn/config.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Layout } from "../../train/batches.ts";
import { interpolateWeights, squaredDistance } from "../objectives/weights.ts";

/** A causal language model: whatever `transformer` makes, or something like it. */
export interface LanguageModel {
  readonly config: { readonly vocabSize: number; readonly contextLength: number };
  /**
   * int [B, T] → logits [B, T, V].
   * @param layout which documents are packed into the rows, where any are
   */
  apply(params: Params, tokens: Tensor, layout?: Layout): Tensor;
  /** int [B, T] → what the head reads, after the final norm: [B, T, C]. */
  hidden?(params: Params, tokens: Tensor, layout?: Layout): Tensor;
  /** [..., C] → logits [..., V], so that apply is the head of the hidden states. */
  head?(params: Params, hidden: Tensor): Tensor;
  /** Where parameters are not the weights themselves, as with adapters. */
  weightSpace?(): WeightSpace;
}

/** Models as points in the space of their weights. */
export interface WeightSpace {
  /** Reads the parameters that `interpolate` makes. */
  readonly model: LanguageModel;
  /** (1 − weight)·θ_base + weight·θ_tuned. */
  interpolate(base: Params, tuned: Params, weight: number): Params;
  /** ‖θ_one − θ_other‖², a scalar. */
  squaredDistance(one: Params, other: Params): Tensor;
}

/** The space of a model's weights, which are its parameters where nothing else is said. */
export const weightSpaceOf = (model: LanguageModel): WeightSpace =>
  model.weightSpace?.() ?? { model, interpolate: interpolateWeights, squaredDistance };
