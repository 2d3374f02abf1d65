/**
 * How a step's length follows its weight. With t = log s/p, R = max t − min t:
 *
 * N2. psi″ is a variance of t under the anchor, at most R²/4; KL(p‖q) = ∫(α−u)·psi″, KL(q‖p) = ∫u·psi″ over
 * [0, α]. x = q/p lies within a factor e^{αR} and E_p x = 1, so by the chord of (x−1)₊ TV ≤ tanh(αR/4);
 * J = α·Σ(q−p)·t ≤ αR·TV. In probability space TV = α·TV(p, s) ≤ α·tanh(R/4) ≤ tanh(αR/4).
 *
 * N3. J(q_u, q_v) = (v−u)·(g(v)−g(u)) with g that does not decrease: E_{q_u}t, or Σ(s−p)·log q_u; so do means.
 * Then √((A+B)·(C+D)) ≥ √(AC) + √(BD).
 *
 * N5. KL(p‖q_α) is convex in α and 0 at 0; law 1 is its end.
 */
import { jeffreys, kl, totalVariation } from "../../../src/anchored/objectives/divergences.ts";
import { add, div, exp, maximum, mul, reshape, sqrt, sub, sum } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { Law, Scene, Space } from "./laws.ts";
import { sumOf } from "./manySteps.ts";
import { reach, rounding } from "./oneStep.ts";

const logit: readonly Space[] = ["logit"];

/** α·R, with what rounding may take from it. */
const reachOf = (scene: Scene): Tensor => {
  const { p, s, alpha } = scene;
  return add(mul(reach(p, s), alpha), rounding(scene, p, s));
};
/** α²R²/8. */
const quadratic = (scene: Scene): Tensor => {
  const r = reachOf(scene);
  return mul(mul(r, r), 1 / 8);
};
/** tanh(x/4), as (1 − e^{−x/2}) / (1 + e^{−x/2}): no engine overflows. */
export const tanhOfQuarter = (x: Tensor): Tensor => {
  const e = exp(mul(x, -0.5));
  return div(sub(1, e), add(e, 1));
};

/** J of the two parts of a way and of the whole. */
const parts = ({ p, q, anchor, later }: Scene, measure: (x: Tensor) => Tensor) => {
  const end = anchor(later);
  const J = (a: Tensor, b: Tensor): Tensor => maximum(measure(jeffreys(a, b)), 0);
  return { first: J(p, q), second: J(q, end), whole: J(p, end) };
};
const itself = (x: Tensor): Tensor => x;
/** The mean over rows, as one row. */
const meanOf = (x: Tensor): Tensor => mul(reshape(sum(x), [1]), 1 / (x.shape[0] as number));

const reversedTriangle =
  (measure: (x: Tensor) => Tensor): Law["sides"] =>
  (scene) => {
    const { first, second, whole } = parts(scene, measure);
    return [sumOf([first, second, mul(sqrt(mul(first, second)), 2)]), "≤", whole];
  };

export const trustRegionLaws: readonly Law[] = [
  {
    name: "N2: KL(p‖q) ≤ α²R²/8",
    spaces: logit,
    sides: (scene) => [kl(scene.p, scene.q), "≤", quadratic(scene)],
  },
  {
    name: "N2: KL(q‖p) ≤ α²R²/8",
    spaces: logit,
    sides: (scene) => [kl(scene.q, scene.p), "≤", quadratic(scene)],
  },
  {
    name: "N2: TV(p, q) ≤ tanh(αR/4)",
    sides: (scene) => [totalVariation(scene.p, scene.q), "≤", tanhOfQuarter(reachOf(scene))],
  },
  {
    name: "N2: J(p, q) ≤ αR·tanh(αR/4)",
    spaces: logit,
    sides: (scene) => {
      const r = reachOf(scene);
      return [jeffreys(scene.p, scene.q), "≤", mul(r, tanhOfQuarter(r))];
    },
  },
  {
    name: "N3: √J(p, q_u) + √J(q_u, q_v) ≤ √J(p, q_v), squared",
    sides: reversedTriangle(itself),
  },
  {
    name: "N3: the same of token means with one α",
    sides: reversedTriangle(meanOf),
  },
  {
    name: "N3: (Σ_t √J(p_t, p_{t+1}))² ≤ J(p_0, s)",
    sides: ({ p, s, exact }) => {
      const path = exact();
      const roots = path
        .slice(1)
        .map((next, t) => sqrt(maximum(jeffreys(path[t] as Tensor, next), 0)));
      const total = sumOf(roots);
      return [mul(total, total), "≤", jeffreys(p, s)];
    },
  },
  {
    name: "N5: β·KL(p‖q_α) ≤ α·KL(p‖q_β) for α ≤ β",
    sides: ({ p, q, anchor, alpha, later }) => [
      mul(kl(p, q), later),
      "≤",
      mul(kl(p, anchor(later)), alpha),
    ],
  },
  {
    name: "N5: β·KL(q_α‖p) ≤ α·KL(q_β‖p) for α ≤ β",
    spaces: ["probability"],
    sides: ({ p, q, anchor, alpha, later }) => [
      mul(kl(q, p), later),
      "≤",
      mul(kl(anchor(later), p), alpha),
    ],
  },
];
