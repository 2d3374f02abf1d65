import { maskedMean } from "../../nn/losses.ts";
import { add, exp, logSoftmax, mul, sub, sum } from "../../tensor/ops.ts";
import { expectKnown } from "../../tensor/options.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import {
  checkVocabulary,
  checkWeight,
  type Interpolation,
  interpolate,
} from "../objectives/interpolations.ts";
import { logSumExp, weighed } from "../objectives/logSpace.ts";
import { tempered } from "../objectives/losses.ts";

/** The three models of an outer step, and how its anchor was made. */
export interface CertificateOptions {
  /** The student's logits before the outer step, p_t: [..., V]. */
  readonly snapshotLogits: Tensor;
  /** The fine-tuned reference's logits, s: [..., V]. */
  readonly referenceLogits: Tensor;
  /** The student's logits after the outer step, p_{t+1}: [..., V]. */
  readonly nextLogits: Tensor;
  readonly alpha: number;
  readonly interpolation?: Interpolation;
  readonly temperature?: number;
  /** [...], 1 where a token counts for the means; all of them by default. */
  readonly mask?: Tensor;
}

/** What one outer step did and what bounds it, in nats, each for a token or as a mean. */
export interface CertificateTerms {
  /** KL(p_t ‖ p_{t+1}): how far the step went. */
  readonly stepKl: Tensor;
  /** KL(p_t ‖ s). */
  readonly referenceKl: Tensor;
  /** alpha · KL(p_t ‖ s), the linear bound of an exact step. */
  readonly bound: Tensor;
  /** KL(p_t ‖ q), what an exact step would have gone; at most `bound`. */
  readonly anchorKl: Tensor;
  /** E_{p_t}[log q − log p_{t+1}], the error of the inner loop; may be negative. */
  readonly delta: Tensor;
  /** KL(q ‖ p_{t+1}), the loss that the inner loop left. It certifies nothing in logit space. */
  readonly eta: Tensor;
  /** log of the anchor's partition function, KL(p_t ‖ q) − bound, never positive; logit space only. */
  readonly psi?: Tensor;
}

/** The terms of an outer step's certificate, of every token and on average, in nats. */
export interface Certificate {
  /** [...] each. */
  readonly tokens: CertificateTerms;
  /** Scalars: means over the mask. */
  readonly mean: CertificateTerms;
}

/**
 * The certificate of one outer step, whatever the optimiser did in it:
 * KL(p_t ‖ p_{t+1}) ≤ alpha · KL(p_t ‖ s) + delta on every token, and in logit space
 * KL(p_t ‖ p_{t+1}) = alpha · KL(p_t ‖ s) + psi + delta. It speaks about the contexts whose logits
 * it is given and about no others. Without delta the bound need not hold on a token.
 * @returns token by token and as means over the mask
 * @throws RangeError for alpha outside [0, 1], a temperature that is not positive, or a host mask
 *   without a token; ShapeError where vocabularies differ
 */
export function certificate(options: CertificateOptions): Certificate {
  expectKnown("certificate", options, [
    ...(["snapshotLogits", "referenceLogits", "nextLogits", "alpha"] as const),
    ...(["interpolation", "temperature", "mask"] as const),
  ]);
  const { snapshotLogits, referenceLogits, nextLogits, alpha, mask } = options;
  const { interpolation = "logit", temperature = 1 } = options;
  checkWeight("certificate", alpha);
  checkVocabulary("certificate", snapshotLogits, referenceLogits, nextLogits);
  const temper = tempered("certificate", temperature);
  const [zp, zs] = [temper(snapshotLogits), temper(referenceLogits)];
  const q = interpolate(interpolation, alpha)(zp, zs);
  const [p, s, next] = [logSoftmax(zp), logSoftmax(zs), logSoftmax(temper(nextLogits))];
  const tokens = termsOf({ p, s, q, next }, alpha, interpolation === "logit");
  const means = Object.entries(tokens).map(([name, x]) => [
    name,
    maskedMean("certificate", x as Tensor, mask),
  ]);
  return { tokens, mean: Object.fromEntries(means) as CertificateTerms };
}

/** Log-probabilities [..., V] of the models of an outer step. */
export interface StepModels {
  /** p_t. */
  readonly p: Tensor;
  /** p_sft. */
  readonly s: Tensor;
  /** The anchor. */
  readonly q: Tensor;
  /** p_{t+1}. */
  readonly next: Tensor;
}

/** The terms at each token. @param exact whether q is the geometric mean of p and s */
export function termsOf(
  { p, s, q, next }: StepModels,
  alpha: number,
  exact: boolean,
): CertificateTerms {
  const [underP, underQ] = [expectation(p), expectation(q)];
  const referenceKl = underP(sub(p, s));
  return {
    stepKl: underP(sub(p, next)),
    referenceKl,
    bound: mul(referenceKl, alpha),
    anchorKl: underP(sub(p, q)),
    delta: underP(sub(q, next)),
    eta: underQ(sub(q, next)),
    ...(exact && { psi: logPartition(p, s, alpha) }),
  };
}

/** E_p[x] of x [..., V] → [...]. */
export function expectation(logP: Tensor): (x: Tensor) => Tensor {
  const p = exp(logP);
  return (x) => sum(weighed(p, x), { axis: -1 });
}

/**
 * psi(alpha) = log Σ p^(1−alpha)·s^alpha from log-probabilities [..., V] → [...]; −psi is
 * (1 − alpha) times the Rényi divergence of order alpha of s from p.
 */
export function logPartition(logP: Tensor, logS: Tensor, alpha: number): Tensor {
  // 0 · −∞ is no weight of anything.
  if (alpha === 0) return logSumExp(logP);
  if (alpha === 1) return logSumExp(logS);
  return logSumExp(add(mul(logP, 1 - alpha), mul(logS, alpha)));
}
