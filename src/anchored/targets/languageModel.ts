import type { Params } from "../../nn/config.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Layout } from "../../train/batches.ts";
import {
  interpolateWeights,
  squaredDistance,
  weightedSquaredDistance,
} from "../objectives/weights.ts";

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
  /** ‖θ_one − θ_other‖², a scalar; Σ w·(θ_one − θ_other)² with weights w of `whole`'s parameters. */
  squaredDistance(one: Params, other: Params, weights?: Params): Tensor;
  /** The weights in which models of the space differ, and the model that has them as parameters. */
  readonly whole: { readonly model: LanguageModel; of(params: Params): Params };
}

/** The space of a model's weights, which are its parameters where nothing else is said. */
export const weightSpaceOf = (model: LanguageModel): WeightSpace =>
  model.weightSpace?.() ?? {
    ...{ model, interpolate: interpolateWeights, whole: { model, of: (params) => params } },
    squaredDistance: (one, other, weights) =>
      weights ? weightedSquaredDistance(one, other, weights) : squaredDistance(one, other),
  };
