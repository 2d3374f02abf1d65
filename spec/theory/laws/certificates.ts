/**
 * Inexact inner loops. q is the anchor, p′ whatever the optimiser returned, e = log q − log p′.
 * KL(p‖p′) = KL(p‖q) + E_p[e] is an identity, so delta = E_p[e] is the exact price of inexactness;
 * it costs three logit vectors and may be negative.
 */
import { certificate } from "../../../src/anchored/certificates/certificate.ts";
import { kl, totalVariation } from "../../../src/anchored/objectives/divergences.ts";
import { effectiveWeight } from "../../../src/anchored/objectives/interpolations.ts";
import { add, exp, max, maximum, mul, neg, sqrt, sub, sum } from "../../../src/tensor/ops.ts";
import { at } from "../../../src/tensor/shapes.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { changing, type Law, remaining, type Scene } from "./laws.ts";
import { sumOf } from "./manySteps.ts";
import { rounding } from "./oneStep.ts";

const certificates = new WeakMap<Scene, ReturnType<typeof certify>>();

/** The certificate of the first, inexact step: made once for all laws of a scene. */
function certified(scene: Scene): ReturnType<typeof certify> {
  const known = certificates.get(scene) ?? certify(scene);
  certificates.set(scene, known);
  return known;
}

function certify({ snapshotLogits, referenceLogits, missed, alpha, space }: Scene) {
  const nextLogits = at(missed(), 1);
  return {
    next: nextLogits,
    ...certificate({ snapshotLogits, referenceLogits, nextLogits, alpha, interpolation: space })
      .tokens,
  };
}

/** E_p[x]. */
export const expectation = (p: Tensor, x: Tensor): Tensor => sum(mul(exp(p), x), { axis: -1 });

/** An identity is compared with its negative terms on the other side, so that rounding is measured
 * against what is added up: delta = losses − gains. */
const losses = (delta: Tensor): Tensor => maximum(delta, 0);
const gains = (delta: Tensor): Tensor => maximum(neg(delta), 0);

/** √x, where a divergence x may carry a rounding error. */
const root = (x: Tensor, { tolerance }: Scene): Tensor =>
  sqrt(add(mul(maximum(x, 0), 1 + tolerance), tolerance));

export const certificateLaws: readonly Law[] = [
  {
    name: "20: KL(p‖p′) = KL(p‖q) + delta",
    sides: (scene) => {
      const { stepKl, anchorKl, delta } = certified(scene);
      return [add(stepKl, gains(delta)), "=", add(anchorKl, losses(delta))];
    },
  },
  {
    name: "20: KL(p‖p′) ≤ α·KL(p‖s) + delta",
    sides: (scene) => {
      const { stepKl, bound, delta } = certified(scene);
      return [stepKl, "≤", add(bound, delta)];
    },
  },
  {
    name: "20: KL(p‖p′) = α·KL(p‖s) + psi + delta",
    spaces: ["logit"],
    sides: (scene) => {
      const { stepKl, bound, psi, delta } = certified(scene);
      return [sumOf([stepKl, neg(psi as Tensor), gains(delta)]), "=", add(bound, losses(delta))];
    },
  },

  /* A mean is no more than the largest. */
  {
    name: "20b: delta ≤ max (log q − log p′)",
    sides: (scene) => {
      const { delta, next } = certified(scene);
      const largest = max(sub(scene.q, next), { axis: -1 });
      return [delta, "≤", add(largest, rounding(scene, scene.q, next))];
    },
  },

  /* p·log(q/p′) = (p/q)·[q·log(q/p′) − q + p′] + (p/q)·(q − p′): the bracket is never negative and
   * sums to eta, the rest is at most C·TV(q, p′) ≤ C·√(eta/2), C = max p/q. */
  {
    name: "20d: KL(p‖p′) ≤ α·KL(p‖s) + C·(eta + √(eta/2)), C = max p/q",
    range: "float64",
    sides: (scene) => {
      const { stepKl, bound, eta } = certified(scene);
      const C = exp(max(sub(scene.p, scene.q), { axis: -1 }));
      return [stepKl, "≤", add(bound, mul(C, add(eta, root(mul(eta, 0.5), scene))))];
    },
  },
  /* There C ≤ 1/(1−α): the training loss certifies the step. */
  {
    name: "20d: KL(p‖p′) ≤ α·KL(p‖s) + (eta + √(eta/2))/(1−α)",
    spaces: ["probability"],
    weights: "interior",
    sides: (scene) => {
      const { stepKl, bound, eta } = certified(scene);
      const price = mul(add(eta, root(mul(eta, 0.5), scene)), 1 / (1 - scene.alpha));
      return [stepKl, "≤", add(bound, price)];
    },
  },

  /* Pinsker's inequality twice, and the triangle inequality. */
  {
    name: "20e: TV(p, p′) ≤ √(α·KL(p‖s)/2) + √(eta/2)",
    sides: (scene) => {
      const { bound, eta, next } = certified(scene);
      const [exact, rest] = [bound, eta].map((x) => root(mul(x, 0.5), scene));
      return [totalVariation(scene.p, next), "≤", add(exact as Tensor, rest as Tensor)];
    },
  },

  /* KL(p_0‖p_{t+1}) = KL(p_0‖q_t) + E_{p_0}e_t ≤ (1−α)·KL(p_0‖p_t) + α·KL(p_0‖s) + E_{p_0}e_t;
   * unroll. */
  {
    name: "cumulative: KL(p_0‖p_T) ≤ a_T·KL(p_0‖s) + Σ_t (1−α)^{T−1−t}·E_{p_0}[e_t]",
    sides: (scene) => {
      const { p, s, alpha, steps } = scene;
      const path = scene.missed();
      const errors = path.slice(1).map((next, t) => {
        const e = sub(scene.anchor(alpha, path[t]), next);
        return mul(expectation(p, e), (1 - alpha) ** (steps - 1 - t));
      });
      const bound = mul(kl(p, s), effectiveWeight(alpha, steps));
      const total = sumOf([bound, ...errors, rounding(scene, ...path)]);
      return [kl(p, path.at(-1) as Tensor), "≤", total];
    },
  },

  /* As before: with R_t = Π_{u>t}(1−α_u), the step's error is carried on R_t times. */
  {
    name: "cumulative: KL(p_0‖p_T) ≤ (1 − Π(1−α_t))·KL(p_0‖s) + Σ_t R_t·E_{p_0}[e_t], weights that change",
    sides: (scene) => {
      const { p, s, steps } = scene;
      const weights = changing(scene);
      const path = scene.missed(weights);
      const errors = path.slice(1).map((next, t) => {
        const e = sub(scene.anchor(weights(t), path[t]), next);
        return mul(expectation(p, e), remaining(weights, t + 1, steps));
      });
      const bound = mul(kl(p, s), 1 - remaining(weights, 0, steps));
      const total = sumOf([bound, ...errors, rounding(scene, ...path)]);
      return [kl(p, path.at(-1) as Tensor), "≤", total];
    },
  },
];
