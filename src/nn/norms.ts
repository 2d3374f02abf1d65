import { add, div, mean, mul, sqrt, square, sub } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { expectEpsilon, rmsNorm } from "./functions.ts";

/** Where a block's norms stand: before its branches, after them, or both. */
export type NormPlacement = "pre" | "post" | "sandwich";

/** A branch's norms: of what it reads, and of what it adds. */
interface BranchNorms {
  readonly before: string | null;
  readonly after: string | null;
}

/** What Hugging Face calls the norms of a block. The same name stands for different places. */
export const NORM_NAMES: {
  readonly [P in NormPlacement]: { readonly attention: BranchNorms; readonly mlp: BranchNorms };
} = {
  pre: {
    attention: { before: "input_layernorm", after: null },
    mlp: { before: "post_attention_layernorm", after: null },
  },
  post: {
    attention: { before: null, after: "post_attention_layernorm" },
    mlp: { before: null, after: "post_feedforward_layernorm" },
  },
  sandwich: {
    attention: { before: "input_layernorm", after: "post_attention_layernorm" },
    mlp: { before: "pre_feedforward_layernorm", after: "post_feedforward_layernorm" },
  },
};

/**
 * (x − mean(x)) / √(variance(x) + epsilon) · gain + bias over the last axis.
 * @param x [..., C]
 * @param gain [C]
 * @param bias [C]
 * @throws ShapeError; RangeError for an epsilon that is not finite or below 0
 * @see https://arxiv.org/abs/1607.06450 (Ba, Kiros and Hinton, 2016)
 */
export function layerNorm(x: Tensor, gain: Tensor, bias: Tensor, epsilon = 1e-5): Tensor {
  expectEpsilon("layerNorm", epsilon);
  const centred = sub(x, mean(x, { axis: -1, keepAxes: true }));
  const variance = mean(square(centred), { axis: -1, keepAxes: true });
  return add(mul(div(centred, sqrt(add(variance, epsilon))), gain), bias);
}

type Norm = (x: Tensor, weight: Tensor, bias: Tensor | undefined, epsilon: number) => Tensor;

/** The kinds of norms that models have. */
export const NORMS: { readonly [kind in "rms" | "rmsOnePlus" | "layer"]: Norm } = {
  rms: (x, weight, _, epsilon) => rmsNorm(x, weight, epsilon),
  rmsOnePlus: (x, weight, _, epsilon) => rmsNorm(x, add(weight, 1), epsilon),
  layer: (x, weight, bias, epsilon) => layerNorm(x, weight, bias ?? mul(weight, 0), epsilon),
};
