/**
 * One exact step: what moving from p to the anchor q between p and s does to divergences.
 *
 * Logit space, the geometric path: q = p^(1−α)·s^α / Z(α). With t = log(s/p) the function
 * psi(α) = log Z(α) = log E_p e^{αt} is convex and psi(0) = psi(1) = 0, so psi ≤ 0 between;
 * psi′(0) = −KL(p‖s), psi′(1) = KL(s‖p).
 * Probability space, the arithmetic path: q = (1−α)·p + α·s, and every f-divergence is jointly
 * convex: D(p, q) ≤ (1−α)·D(p, p) + α·D(p, s), in either slot.
 */
import { logPartition } from "../../../src/anchored/certificates/certificate.ts";
import {
  type Divergence,
  jeffreys,
  jensenShannon,
  kl,
  squaredHellinger,
  totalVariation,
} from "../../../src/anchored/objectives/divergences.ts";
import { logSumExp } from "../../../src/anchored/objectives/logSpace.ts";
import { add, max, maximum, mul, neg, square, sub } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { Law, Scene, Space } from "./laws.ts";

/** max |log b − log a| over the vocabulary. */
export function largestLogRatio(a: Tensor, b: Tensor): Tensor {
  const difference = sub(b, a);
  return max(maximum(difference, neg(difference)), { axis: -1 });
}

/** R = max log s/p − min log s/p. */
export function reach(p: Tensor, s: Tensor): Tensor {
  const t = sub(s, p);
  return add(max(t, { axis: -1 }), max(neg(t), { axis: -1 }));
}

/** The rounding error of a single log-probability, or of an anchor made from it, which grows with
 * its size. */
export const rounding = ({ tolerance }: Scene, ...logProbs: readonly Tensor[]): Tensor =>
  logProbs.map((x) => mul(max(neg(x), { axis: -1 }), tolerance)).reduce((a, b) => maximum(a, b));

const reverse: (divergence: Divergence) => Divergence = (divergence) => (a, b) => divergence(b, a);
const probability: readonly Space[] = ["probability"];
const logit: readonly Space[] = ["logit"];

/** D(p, q) ≤ α·D(p, s). */
const linear =
  (divergence: Divergence): Law["sides"] =>
  ({ p, q, s, alpha }) => [divergence(p, q), "≤", mul(divergence(p, s), alpha)];

/** D(s, q) ≤ (1 − α)·D(s, p). */
const mirrored =
  (divergence: Divergence): Law["sides"] =>
  ({ p, q, s, alpha }) => [divergence(s, q), "≤", mul(divergence(s, p), 1 - alpha)];

export const oneStepLaws: readonly Law[] = [
  /* psi ≤ 0 in KL(p‖q) = α·KL(p‖s) + psi; joint convexity. */
  { name: "1: KL(p‖q) ≤ α·KL(p‖s)", sides: linear(kl) },

  /* log q = (1−α)·log p + α·log s − psi, under E_p. */
  {
    name: "1: KL(p‖q) = α·KL(p‖s) + psi(α)",
    spaces: logit,
    sides: ({ p, q, s, alpha }) => [
      sub(kl(p, q), logPartition(p, s, alpha)),
      "=",
      mul(kl(p, s), alpha),
    ],
  },

  /* Whatever constants the logits carry: log Z of the interpolated ones, less those of both. */
  {
    name: "psi(α) = lse((1−α)·z_p + α·z_s) − (1−α)·lse(z_p) − α·lse(z_s)",
    spaces: logit,
    range: "float64",
    sides: ({ p, s, snapshotLogits: zp, referenceLogits: zs, alpha }) => {
      const between = logSumExp(add(mul(zp, 1 - alpha), mul(zs, alpha)));
      const ends = add(mul(logSumExp(zp), 1 - alpha), mul(logSumExp(zs), alpha));
      return [sub(ends, between), "=", neg(logPartition(p, s, alpha))];
    },
  },

  /* A convex function lies above its tangents, of slopes −KL(p‖s) at 0 and KL(s‖p) at 1. */
  {
    name: "psi(α) ≥ −α·KL(p‖s) and psi(α) ≥ −(1−α)·KL(s‖p)",
    spaces: logit,
    sides: ({ p, s, alpha }) => [
      neg(logPartition(p, s, alpha)),
      "≤",
      neg(maximum(mul(kl(p, s), -alpha), mul(kl(s, p), alpha - 1))),
    ],
  },

  /* Convex and zero at both ends; also Hölder's inequality. */
  {
    name: "psi(α) ≤ 0",
    spaces: logit,
    sides: ({ p, s, alpha }) => [logPartition(p, s, alpha), "≤", mul(kl(p, s), 0)],
  },

  /* A log-sum-exp of functions linear in α. */
  {
    name: "psi is convex",
    spaces: logit,
    sides: ({ p, s, alpha, later }) => {
      const [a, b] = [alpha, later].map((weight) => logPartition(p, s, weight));
      const middle = logPartition(p, s, (alpha + later) / 2);
      return [middle, "≤", mul(add(a as Tensor, b as Tensor), 0.5)];
    },
  },

  /* Joint convexity in the first slot. */
  { name: "2: KL(q‖p) ≤ α·KL(s‖p)", spaces: probability, sides: linear(reverse(kl)) },
  { name: "3: KL(q‖s) ≤ (1−α)·KL(p‖s)", spaces: probability, sides: mirrored(reverse(kl)) },

  /* Law 1 with (p, s, α) → (s, p, 1−α). */
  { name: "4: KL(s‖q) ≤ (1−α)·KL(s‖p)", sides: mirrored(kl) },
  {
    name: "4: KL(s‖q) = (1−α)·KL(s‖p) + psi(α)",
    spaces: logit,
    sides: ({ p, q, s, alpha }) => [
      sub(kl(s, q), logPartition(p, s, alpha)),
      "=",
      mul(kl(s, p), 1 - alpha),
    ],
  },

  /* Law 8 between α and 1. */
  { name: "2b: KL(q‖p) ≤ KL(s‖p)", sides: ({ p, q, s }) => [kl(q, p), "≤", kl(s, p)] },
  { name: "3b: KL(q‖s) ≤ KL(p‖s)", sides: ({ p, q, s }) => [kl(q, s), "≤", kl(p, s)] },

  /* q minimises (1−α)·KL(r‖p) + α·KL(r‖s) over r, with minimum −psi: compare with r = p, r = s. */
  {
    name: "2c: (1−α)·KL(q‖p) ≤ α·KL(p‖s)",
    spaces: logit,
    sides: ({ p, q, s, alpha }) => [mul(kl(q, p), 1 - alpha), "≤", mul(kl(p, s), alpha)],
  },
  {
    name: "3c: α·KL(q‖s) ≤ (1−α)·KL(s‖p)",
    spaces: logit,
    sides: ({ p, q, s, alpha }) => [mul(kl(q, s), alpha), "≤", mul(kl(s, p), 1 - alpha)],
  },

  /* q − p = α·(s − p). */
  {
    name: "5: TV(p, q) = α·TV(p, s)",
    spaces: probability,
    sides: ({ p, q, s, alpha }) => [totalVariation(p, q), "=", mul(totalVariation(p, s), alpha)],
  },
  {
    name: "5b: TV(p, q) ≤ TV(p, s)",
    sides: ({ p, q, s }) => [totalVariation(p, q), "≤", totalVariation(p, s)],
  },
  /* Pinsker's inequality and law 1, squared. */
  {
    name: "5c: 2·TV(p, q)² ≤ α·KL(p‖s)",
    sides: ({ p, q, s, alpha }) => [
      mul(square(totalVariation(p, q)), 2),
      "≤",
      mul(kl(p, s), alpha),
    ],
  },

  { name: "6: JS(p, q) ≤ α·JS(p, s)", spaces: probability, sides: linear(jensenShannon) },
  {
    name: "6b: JS(p, q) ≤ JS(p, s)",
    sides: ({ p, q, s }) => [jensenShannon(p, q), "≤", jensenShannon(p, s)],
  },
  { name: "7: H²(p, q) ≤ α·H²(p, s)", spaces: probability, sides: linear(squaredHellinger) },
  {
    name: "7b: H²(p, q) ≤ H²(p, s)",
    sides: ({ p, q, s }) => [squaredHellinger(p, q), "≤", squaredHellinger(p, s)],
  },

  /* Logit: J(p, q) = α·(psi′(α) − psi′(0)) and psi′ increases to psi′(1). */
  { name: "9: J(p, q) ≤ α·J(p, s)", sides: linear(jeffreys) },

  /* q ≥ (1−α)·p and q ≥ α·s, token by token. */
  {
    name: "10: KL(p‖q) ≤ −log(1−α)",
    spaces: probability,
    weights: "interior",
    sides: ({ p, q, alpha }) => [kl(p, q), "≤", constantLike(kl(p, q), -Math.log1p(-alpha))],
  },
  {
    name: "10: KL(s‖q) ≤ −log α",
    spaces: probability,
    weights: "interior",
    sides: ({ s, q, alpha }) => [kl(s, q), "≤", constantLike(kl(s, q), -Math.log(alpha))],
  },

  /* log(q/p) = α·t − psi and α·min t ≤ psi ≤ α·max t. */
  {
    name: "11′: max |log q − log p| ≤ α·(max t − min t)",
    spaces: logit,
    sides: (scene) => {
      const { p, q, s, alpha } = scene;
      const bound = add(mul(reach(p, s), alpha), rounding(scene, p, s));
      return [largestLogRatio(p, q), "≤", bound];
    },
  },
  /* Logit: psi ≤ 0 below, the tangent of psi at 1 above. Probability: log(1−α+α·eᵗ) is between 0
   * and t. */
  {
    name: "11″: max |log q − log p| ≤ max |log s − log p|",
    sides: (scene) => {
      const { p, q, s } = scene;
      return [largestLogRatio(p, q), "≤", add(largestLogRatio(p, s), rounding(scene, p, s))];
    },
  },
];

const constantLike = (x: Tensor, value: number): Tensor => add(mul(x, 0), value);

/** A divergence of the anchor at alpha and at a later weight. */
const between = (measure: (scene: Scene, anchor: Tensor) => Tensor) => (scene: Scene) =>
  [measure(scene, scene.q), measure(scene, scene.anchor(scene.later))] as const;

function increasing(name: string, measure: (scene: Scene, anchor: Tensor) => Tensor): Law {
  return {
    name: `8: ${name} grows with α`,
    sides: (scene) => {
      const [early, late] = between(measure)(scene);
      return [early, "≤", late];
    },
  };
}

function decreasing(name: string, measure: (scene: Scene, anchor: Tensor) => Tensor): Law {
  return {
    name: `8: ${name} falls with α`,
    sides: (scene) => {
      const [early, late] = between(measure)(scene);
      return [late, "≤", early];
    },
  };
}

/**
 * Along the path everything moves away from p and towards s. Logit: with r = q/p, which grows with
 * t, d/dα E_p f(r) = Cov_q(f′(r), t) ≥ 0 for convex f. Probability: D(q, p) is convex in α and
 * smallest at α = 0.
 */
export const monotoneLaws: readonly Law[] = [
  increasing("KL(p‖q)", ({ p }, q) => kl(p, q)),
  increasing("KL(q‖p)", ({ p }, q) => kl(q, p)),
  increasing("TV(p, q)", ({ p }, q) => totalVariation(p, q)),
  increasing("JS(p, q)", ({ p }, q) => jensenShannon(p, q)),
  increasing("H²(p, q)", ({ p }, q) => squaredHellinger(p, q)),
  decreasing("KL(q‖s)", ({ s }, q) => kl(q, s)),
  decreasing("KL(s‖q)", ({ s }, q) => kl(s, q)),
];
