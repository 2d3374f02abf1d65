import type { Params } from "../../nn/config.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Layout } from "../../train/batches.ts";

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
}
