/**
 * Distributions as plain float64 arrays of log-probabilities, for drawing at every frame; what they
 * mean is said in src/anchored, and spec/lab/simplex.spec.ts holds them to it.
 */

import type { Interpolation } from "../../anchored/objectives/interpolations.ts";
import { at } from "../../tensor/shapes.ts";

/** Log-probabilities, one a token; finite. */
export type LogProbs = readonly number[];

const sum = (xs: readonly number[]): number => xs.reduce((total, x) => total + x, 0);

function logSumExp(xs: readonly number[]): number {
  const top = Math.max(...xs);
  return top + Math.log(sum(xs.map((x) => Math.exp(x - top))));
}

export function logSoftmax(logits: readonly number[]): LogProbs {
  const total = logSumExp(logits);
  return logits.map((z) => z - total);
}

/** The distribution at a weight of the reference s on a path from p. @see interpolate */
export function pathAt(path: Interpolation, weight: number, p: LogProbs, s: LogProbs): LogProbs {
  if (weight <= 0) return p;
  if (weight >= 1) return s;
  const power = typeof path === "object" ? path.power : path === "logit" ? 0 : 1;
  const [own, other] = [Math.log1p(-weight), Math.log(weight)];
  return logSoftmax(
    p.map((x, i) => {
      const y = at(s, i);
      if (power === 0) return (1 - weight) * x + weight * y;
      return logSumExp([own + power * x, other + power * y]) / power;
    }),
  );
}

/** log Σ p^(1−w)·s^w; never positive. */
export const logPartition = (p: LogProbs, s: LogProbs, weight: number): number =>
  logSumExp(p.map((x, i) => (1 - weight) * x + weight * at(s, i)));

/** E_p[log a − log b]. */
export const expectedLogRatio = (p: LogProbs, a: LogProbs, b: LogProbs): number =>
  sum(p.map((x, i) => Math.exp(x) * (at(a, i) - at(b, i))));

type Divergence = (p: LogProbs, q: LogProbs) => number;

/** KL(p‖q), nats. */
export const kl: Divergence = (p, q) => expectedLogRatio(p, p, q);

/** ½ Σ |p − q|. */
export const totalVariation: Divergence = (p, q) =>
  0.5 * sum(p.map((x, i) => Math.abs(Math.exp(x) - Math.exp(at(q, i)))));

/** Jensen–Shannon, nats. */
export const jensenShannon: Divergence = (p, q) => {
  const middle = p.map((x, i) => logSumExp([x, at(q, i)]) - Math.LN2);
  return 0.5 * (kl(p, middle) + kl(q, middle));
};

/** ½ Σ (√p − √q)². */
export const squaredHellinger: Divergence = (p, q) =>
  0.5 * sum(p.map((x, i) => (Math.exp(x / 2) - Math.exp(at(q, i) / 2)) ** 2));

/** KL(p‖q) + KL(q‖p), nats. */
export const jeffreys: Divergence = (p, q) => kl(p, q) + kl(q, p);
