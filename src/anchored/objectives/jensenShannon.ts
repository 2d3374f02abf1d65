import { add, mul } from "../../tensor/ops.ts";
import * as portable from "../../tensor/portable.ts";
import { type Divergence, kl } from "./divergences.ts";
import { checkWeight } from "./interpolations.ts";
import { logAddExp } from "./logSpace.ts";

/**
 * JSD_β(p ‖ q) = β·KL(p ‖ m) + (1 − β)·KL(q ‖ m) with the mixture of probabilities
 * m = β·p + (1 − β)·q; p is the teacher, q the student. At the ends, where that is zero, what it
 * tends to when divided by β or by 1 − β: KL(p ‖ q) for β = 0 and KL(q ‖ p) for β = 1.
 * @returns a divergence of log-probabilities [..., V], [..., V] → [...]
 * @throws RangeError unless 0 ≤ beta ≤ 1
 * @see https://arxiv.org/abs/2306.13649 (Agarwal et al., 2024), equation 1
 */
export function generalizedJensenShannon(beta: number): Divergence {
  checkWeight("generalizedJensenShannon", beta, "beta");
  if (beta === 0) return kl;
  if (beta === 1) return (logP, logQ) => kl(logQ, logP);
  return (logP, logQ) => {
    const mixture = logAddExp(add(logP, portable.log(beta)), add(logQ, portable.log1p(-beta)));
    return add(mul(kl(logP, mixture), beta), mul(kl(logQ, mixture), 1 - beta));
  };
}
