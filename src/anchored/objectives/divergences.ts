/**
 * Divergences between distributions over a vocabulary, token by token. Each takes two tensors of
 * log-probabilities [..., V], −∞ for what is impossible, and makes [...]. All but the total variation
 * are measured in nats.
 */
import { add, exp, less, maximum, mul, neg, select, square, sub, sum } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { logAddExp, weighed } from "./logSpace.ts";

/** How far distributions are apart, in nats or as a share: log-probabilities [..., V] twice → [...]. */
export type Divergence = (logP: Tensor, logQ: Tensor) => Tensor;

const overTokens = (x: Tensor): Tensor => sum(x, { axis: -1 });

/** KL(p‖q) = Σ p·log(p/q). */
export const kl: Divergence = (logP, logQ) => overTokens(weighed(exp(logP), sub(logP, logQ)));

/** J(p, q) = KL(p‖q) + KL(q‖p), as Σ (p − q)·log(p/q), of which no term is negative. */
export const jeffreys: Divergence = (logP, logQ) => {
  const [p, q] = [exp(logP), exp(logQ)];
  const ratio = select(less(0, add(p, q)), sub(logP, logQ), 0);
  return overTokens(mul(sub(p, q), ratio));
};

/** TV(p, q) = ½ Σ |p − q|, between 0 and 1. */
export const totalVariation: Divergence = (logP, logQ) => {
  const difference = sub(exp(logP), exp(logQ));
  return mul(overTokens(maximum(difference, neg(difference))), 0.5);
};

/** JS(p, q) = ½ KL(p‖m) + ½ KL(q‖m) with m = ½(p + q), at most log 2. */
export const jensenShannon: Divergence = (logP, logQ) => {
  const logM = sub(logAddExp(logP, logQ), Math.LN2);
  return mul(
    overTokens(sub(weighed(exp(logP), sub(logP, logM)), weighed(exp(logQ), sub(logM, logQ)))),
    0.5,
  );
};

/** H²(p, q) = ½ Σ (√p − √q)², between 0 and 1. */
export const squaredHellinger: Divergence = (logP, logQ) =>
  mul(overTokens(square(sub(exp(mul(logP, 0.5)), exp(mul(logQ, 0.5))))), 0.5);
