/**
 * Methods that are a cross-entropy times a weight of each token. Such a row pulls at the logits with
 * w·(p_θ − δ_y) = p_θ − q, q = (1 − w)·p_θ + w·δ_y: while w ≤ 1 it is an anchor of probabilities that
 * is rebuilt at every step, with the token's own weight of the label.
 */
import { tokenCrossEntropy } from "../../nn/losses.ts";
import {
  div,
  exp,
  less,
  log,
  logSoftmax,
  max,
  maximum,
  minimum,
  mul,
  mulNoNan,
  neg,
  reshape,
  select,
  stopGradient,
  sub,
  sum,
} from "../../tensor/ops.ts";
import * as portable from "../../tensor/portable.ts";
import { last } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { weighed } from "./logSpace.ts";
import type { Objective, ObjectiveInputs, ObjectiveSettings } from "./objective.ts";
import { given } from "./terms.ts";

/** What a token's weight is made of; no gradient passes through any of it. */
export interface TokenView extends ObjectiveInputs {
  /** −log p_θ(y), nats, [...]. */
  readonly surprise: Tensor;
}

/** A weight for each token, [...], at least 0. */
export type TokenWeight = (token: TokenView, settings: ObjectiveSettings) => Tensor;

/**
 * −sg[w]·log p_θ(y), token by token: the cross-entropy times a weight that is a constant to the
 * gradient.
 * @returns the `perToken` of an objective
 * @example weighted(({ surprise }) => ops.exp(ops.neg(surprise))) // dynamic fine-tuning: w = p_θ(y)
 */
export const weighted =
  (weight: TokenWeight): Objective["perToken"] =>
  (inputs, settings) => {
    const surprise = tokenCrossEntropy(inputs.logits, inputs.labels);
    const logits = stopGradient(inputs.logits);
    const token = { ...inputs, logits, surprise: stopGradient(surprise) };
    return mul(stopGradient(weight(token, settings)), surprise);
  };

/** p_θ(y). */
export const probability: TokenWeight = ({ surprise }) => exp(neg(surprise));

/** p_θ(y)^power; 1 where the power is 0, though p_θ(y) be 0 too. */
export const probabilityPower: TokenWeight = ({ surprise }, { power = 1 }) =>
  exp(mulNoNan(-power, surprise));

/** 1[p_θ(y) ≥ threshold]. */
export const ownThreshold: TokenWeight = ({ surprise }, { threshold = 0.4 }) =>
  sub(1, less(exp(neg(surprise)), threshold));

/** 1[p_base(y) ≥ threshold], from log p_base(y). */
export const baseThreshold = (
  inputs: Pick<ObjectiveInputs, "target" | "labels">,
  { threshold = 0.4 }: ObjectiveSettings,
): Tensor => sub(1, less(labelLogProbs(inputs), portable.log(threshold)));

/** (H / ln K)^power, H the entropy of the K likeliest tokens of p_θ, renormalised. */
export const entropyShare: TokenWeight = ({ logits }, { topK = 20, power = 1 }) => {
  if (!(Number.isInteger(topK) && topK >= 2))
    throw new RangeError(`eaft: expected topK to be an integer ≥ 2, got ${topK}`);
  const K = Math.min(topK, last(logits.shape));
  const logP = logSoftmax(K < last(logits.shape) ? likeliest(logits, K) : logits);
  const entropy = neg(sum(weighed(exp(logP), logP), { axis: -1 }));
  const share = maximum(div(entropy, portable.log(K)), 0);
  return power === 1 ? share : powerOf(share, power);
};

/** The ratio (p_θ(y) / p_base(y))^power, between 0.2 and 1.8. */
export const clippedRatio: TokenWeight = (token, { power = 1 }) => {
  const logRatio = sub(neg(token.surprise), labelLogProbs(token));
  return minimum(maximum(exp(mul(logRatio, power)), 0.2), 1.8);
};

/** log p(y) of the frozen model, in the shape of the labels. */
export const labelLogProbs = ({
  target,
  labels,
}: Pick<ObjectiveInputs, "target" | "labels">): Tensor => reshape(given(target), labels.shape);

/** The lowest float32, whose probability is 0: GPUs have no −∞ among their constants. */
const LOWEST = -3.4028234663852886e38;

/** Logits of the K likeliest tokens, the lowest elsewhere; tokens that tie with the K-th are all kept. */
function likeliest(logits: Tensor, K: number): Tensor {
  let least = max(logits, { axis: -1, keepAxes: true });
  for (let rank = 1; rank < K; rank++)
    least = max(select(less(logits, least), logits, LOWEST), { axis: -1, keepAxes: true });
  return select(less(logits, least), LOWEST, logits);
}

/** x^power of x ≥ 0, and 0 where x = 0. */
const powerOf = (x: Tensor, power: number): Tensor =>
  select(less(0, x), exp(mul(log(x), power)), power === 0 ? 1 : 0);
