/**
 * N1. Whoever judges: for any distribution r, a label included,
 * KL(r‖q) ≤ (1−α)·KL(r‖p) + α·KL(r‖s), as a power mean of p and s is no less than the geometric one and
 * sums to no more than 1. In logit space the difference is psi. As L(x) = −E_r[log x] is KL(r‖x) and r's
 * entropy, log-losses obey it too, and errors of inner loops add up to a ledger:
 * L(p_{t+1}) = L(q_t) + E_r[e_t]. In the other slot the arithmetic mean alone has it, by joint convexity.
 */
import { expectation, logPartition } from "../../../src/anchored/certificates/certificate.ts";
import { kl } from "../../../src/anchored/objectives/divergences.ts";
import { add, maximum, mul, neg, sub } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { changing, type Law, remaining, type Scene, type StepWeights } from "./laws.ts";
import { sumOf } from "./manySteps.ts";
import { rounding } from "./oneStep.ts";

/** (1 − weight)·KL(r‖p) + weight·KL(r‖s). */
const between = ({ judge, p, s }: Scene, weight: number): Tensor =>
  add(mul(kl(judge, p), 1 - weight), mul(kl(judge, s), weight));

/** Σ_t R_t·E_r[e_t], and in logit space Σ_t R_t·psi_t, on a path whose steps miss their anchors. */
function ledger(scene: Scene, path: readonly Tensor[], weights: StepWeights) {
  const { judge, s, steps, anchor } = scene;
  const underJudge = expectation(judge);
  const parts = path.slice(1).map((next, t) => {
    const [from, carried] = [path[t] as Tensor, remaining(weights, t + 1, steps)];
    const e = sub(anchor(weights(t), from), next);
    return {
      error: mul(underJudge(e), carried),
      psi: mul(logPartition(from, s, weights(t)), carried),
    };
  });
  return { error: sumOf(parts.map((x) => x.error)), psi: sumOf(parts.map((x) => x.psi)) };
}

export const judgeLaws: readonly Law[] = [
  {
    name: "N1: KL(r‖q) ≤ (1−α)·KL(r‖p) + α·KL(r‖s), whatever r",
    sides: (scene) => {
      const { judge, q, p, s, alpha } = scene;
      return [kl(judge, q), "≤", add(between(scene, alpha), rounding(scene, p, s))];
    },
  },
  {
    name: "N1: KL(r‖q) = (1−α)·KL(r‖p) + α·KL(r‖s) + psi(α), whatever r",
    spaces: ["logit"],
    range: "float64",
    sides: (scene) => {
      const { judge, q, p, s, alpha } = scene;
      return [sub(kl(judge, q), logPartition(p, s, alpha)), "=", between(scene, alpha)];
    },
  },
  {
    name: "N1: KL(q‖r) ≤ (1−α)·KL(p‖r) + α·KL(s‖r), whatever r of full support",
    spaces: ["probability"],
    sides: (scene) => {
      const { q, p, s, alpha } = scene;
      const r = scene.missed()[1] as Tensor;
      const bound = add(mul(kl(p, r), 1 - alpha), mul(kl(s, r), alpha));
      return [kl(q, r), "≤", add(bound, rounding(scene, p, s, r))];
    },
  },
  {
    name: "N1: L(p_T) ≤ (1−a_T)·L(p_0) + a_T·L(s) + Σ_t R_t·E_r[e_t]: the ledger of a log-loss",
    sides: (scene) => {
      const weights = changing(scene);
      const path = scene.missed(weights);
      const { error } = ledger(scene, path, weights);
      const bound = add(between(scene, 1 - remaining(weights, 0, scene.steps)), error);
      const total = add(bound, mul(rounding(scene, ...path, scene.s), scene.steps));
      return [kl(scene.judge, path.at(-1) as Tensor), "≤", total];
    },
  },
  {
    name: "N1: L(p_T) = (1−a_T)·L(p_0) + a_T·L(s) + Σ_t R_t·(E_r[e_t] + psi_t)",
    spaces: ["logit"],
    range: "float64",
    sides: (scene) => {
      const weights = changing(scene);
      const path = scene.missed(weights);
      const { error, psi } = ledger(scene, path, weights);
      // Negative terms stand on the other side, so that rounding is measured against what is added.
      const gains = maximum(neg(error), 0);
      return [
        sumOf([kl(scene.judge, path.at(-1) as Tensor), neg(psi), gains]),
        "=",
        add(between(scene, 1 - remaining(weights, 0, scene.steps)), maximum(error, 0)),
      ];
    },
  },
];
