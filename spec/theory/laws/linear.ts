/**
 * Models that are linear in what is trained, z = φ·W: the logit anchor ((1−α)·W_t + α·W_s)·φ is one of them, at every
 * φ, so T exact steps are weight interpolation (WiSE-FT) of weight a_T. Models that are not, of slopes ‖∇_θ z_v‖ ≤ L: logits move by
 * at most L·‖Δθ‖, so R ≤ 2·L·‖Δθ‖, and KL ≤ L²·‖Δθ‖²/2 by N2 at weight 1.
 */
import { kl, totalVariation } from "../../../src/anchored/objectives/divergences.ts";
import { effectiveWeight, interpolate } from "../../../src/anchored/objectives/interpolations.ts";
import { interpolateWeights } from "../../../src/anchored/objectives/weights.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { logSoftmax, matmul, max, mul, square, sub, sum, tanh } from "../../../src/tensor/ops.ts";
import { at } from "../../../src/tensor/shapes.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { Law, Scene } from "./laws.ts";
import { reach } from "./oneStep.ts";

/** Prompts at which a model is looked at. */
const PROMPTS = 6;

/** Features of prompts, [prompts, R], of length about a sixth, and a scene's logits as weights [R, V]. */
function model({ snapshotLogits: base, referenceLogits: tuned }: Scene) {
  const R = at(base.shape, 0);
  const features = Float64Array.from(
    { length: PROMPTS * R },
    (_, i) => Math.sin(12.9898 * (i + 1)) / Math.sqrt(16 * R),
  );
  return { base, tuned, features, phi: constant(features, [PROMPTS, R]) };
}

/** z_v = c·tanh(φ·w_v / c): slopes of at most ‖φ‖. */
const BEND = 3;
const curved = (phi: Tensor, W: Tensor): Tensor => mul(tanh(mul(matmul(phi, W), 1 / BEND)), BEND);

/** What the rounding of products adds to a square of distances. */
const SLACK = 1 + 1e-4;

/** L²·‖Δθ‖² of each prompt, [prompts]: a token's logit sees its own column of Δθ, which is no longer than the longest. */
function bentReach(scene: Scene): Tensor {
  const { base, tuned, features } = model(scene);
  const R = at(base.shape, 0);
  const slopes = Float64Array.from({ length: PROMPTS }, (_, i) =>
    features.slice(i * R, (i + 1) * R).reduce((total, x) => total + x * x, 0),
  );
  const longest = max(sum(square(sub(tuned, base)), { axis: 0 }));
  return mul(mul(constant(slopes, [PROMPTS]), longest), SLACK);
}

export const linearLaws: readonly Law[] = [
  {
    name: "linear: T exact steps in logit space are weight interpolation of weight a_T at every prompt",
    spaces: ["logit"],
    sides: (scene) => {
      const { base, tuned, phi } = model(scene);
      const { steps } = scene;
      const alpha = Math.fround(scene.alpha); // float32 refuses others
      const logits = (W: Tensor): Tensor => matmul(phi, W);
      let student = logits(base);
      for (let t = 0; t < steps; t++) student = interpolate("logit", alpha)(student, logits(tuned));
      const merged = interpolateWeights(base, tuned, effectiveWeight(alpha, steps));
      const apart = totalVariation(logSoftmax(student), logSoftmax(logits(merged)));
      return [apart, "=", mul(apart, 0)];
    },
  },
  {
    name: "curved: R² ≤ 4·L²·‖Δθ‖²",
    spaces: ["logit"],
    sides: (scene) => {
      const { base, tuned, phi } = model(scene);
      const [p, s] = [base, tuned].map((W) => logSoftmax(curved(phi, W))) as [Tensor, Tensor];
      return [square(reach(p, s)), "≤", mul(bentReach(scene), 4)];
    },
  },
  {
    name: "curved: KL(p‖s) ≤ L²·‖Δθ‖²/2",
    spaces: ["logit"],
    sides: (scene) => {
      const { base, tuned, phi } = model(scene);
      const [p, s] = [base, tuned].map((W) => logSoftmax(curved(phi, W))) as [Tensor, Tensor];
      return [kl(p, s), "≤", mul(bentReach(scene), 0.5)];
    },
  },
];
