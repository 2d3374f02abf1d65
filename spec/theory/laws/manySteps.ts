/**
 * T exact steps with the anchor made anew from each snapshot. Both paths compose: in logit space
 * z_{t+1} − z_s = (1−α)(z_t − z_s) + const, in probability space the same of probabilities, so
 * p_T is the anchor of weight a_T = 1 − (1−α)^T between p_0 and s. Only a_T matters: T and α are
 * redundant when the inner loop converges.
 */
import { kl, totalVariation } from "../../../src/anchored/objectives/divergences.ts";
import { effectiveWeight } from "../../../src/anchored/objectives/interpolations.ts";
import { add, mul } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { changing, type Law, remaining } from "./laws.ts";

export const sumOf = (terms: readonly Tensor[]): Tensor => terms.reduce((a, b) => add(a, b));

/** Σ_t KL(p_t‖p_{t+1}). */
export const stepsSum = (path: readonly Tensor[]): Tensor =>
  sumOf(path.slice(1).map((after, t) => kl(path[t] as Tensor, after)));

const endOf = (path: readonly Tensor[]): Tensor => path.at(-1) as Tensor;

export const manyStepsLaws: readonly Law[] = [
  {
    name: "12: p_T = anchor of weight 1 − (1−α)^T",
    sides: (scene) => {
      const closed = scene.anchor(effectiveWeight(scene.alpha, scene.steps));
      const distance = totalVariation(endOf(scene.exact()), closed);
      return [distance, "=", mul(distance, 0)];
    },
  },

  /* The same steps with other weights: distances to s shrink by 1 − α_t each. */
  {
    name: "12: p_T = anchor of weight 1 − Π(1−α_t), weights that change",
    sides: (scene) => {
      const weights = changing(scene);
      const closed = scene.anchor(1 - remaining(weights, 0, scene.steps));
      const distance = totalVariation(endOf(scene.exact(weights)), closed);
      return [distance, "=", mul(distance, 0)];
    },
  },

  /* Laws 1 and 4 at a_T. */
  {
    name: "13: KL(p_0‖p_T) ≤ a_T·KL(p_0‖s)",
    sides: (scene) => [
      kl(scene.p, endOf(scene.exact())),
      "≤",
      mul(kl(scene.p, scene.s), effectiveWeight(scene.alpha, scene.steps)),
    ],
  },
  {
    name: "17b: KL(s‖p_T) ≤ (1−α)^T·KL(s‖p_0)",
    sides: ({ p, s, exact, alpha, steps }) => [
      kl(s, endOf(exact())),
      "≤",
      mul(kl(s, p), (1 - alpha) ** steps),
    ],
  },

  /* Law 3 at a_T; in logit space only that each step comes closer (law 8). */
  {
    name: "17: KL(p_T‖s) ≤ (1−α)^T·KL(p_0‖s)",
    spaces: ["probability"],
    sides: ({ p, s, exact, alpha, steps }) => [
      kl(endOf(exact()), s),
      "≤",
      mul(kl(p, s), (1 - alpha) ** steps),
    ],
  },
  {
    name: "17: KL(p_T‖s) ≤ KL(p_{T−1}‖s)",
    sides: ({ s, exact }) => {
      const path = exact();
      return [kl(endOf(path), s), "≤", kl(path.at(-2) as Tensor, s)];
    },
  },

  /* For weights u < v: KL(q_0‖q_v) − KL(q_0‖q_u) − KL(q_u‖q_v) = Σ(q_0−q_u)·log(q_u/q_v), which is
   * (v−u)(E_{q_u}t − E_{q_0}t) ≥ 0 in logit space and a sum of terms u(s−p)·log(q_v/q_u) ≥ 0 in
   * probability space. */
  {
    name: "14: Σ_t KL(p_t‖p_{t+1}) ≤ KL(p_0‖p_T)",
    sides: ({ p, exact }) => {
      const path = exact();
      return [stepsSum(path), "≤", kl(p, endOf(path))];
    },
  },
  {
    name: "15: Σ_t KL(p_t‖p_{t+1}) ≤ a_T·KL(p_0‖s)",
    sides: ({ p, s, exact, alpha, steps }) => [
      stepsSum(exact()),
      "≤",
      mul(kl(p, s), effectiveWeight(alpha, steps)),
    ],
  },
];
