/**
 * N6. Frozen anchors are points of flows and of proximal steps: with F = ∂p/∂z = diag p − p·pᵀ, F·(z − z_s) = ∇_z KL(p_z‖s), so
 * G, z_τ = e^{−τ}·z_p + (1−e^{−τ})·z_s, is the natural-gradient flow of the reverse divergence at α = 1 − e^{−τ}; A, ṗ = s − p, that
 * of KL(s‖p_z). With η = α/(1−α), G minimises KL(r‖s) + KL(r‖p)/η over r, and A KL(s‖r) + KL(p‖r)/η: times α, what any r has
 * more than the anchor is KL(r‖q) and KL(q‖r).
 */
import { kl } from "../../../src/anchored/objectives/divergences.ts";
import { grad } from "../../../src/tensor/grad.ts";
import {
  add,
  broadcastTo,
  div,
  exp,
  logSoftmax,
  max,
  maximum,
  mul,
  reshape,
  softmax,
  sub,
  sum,
} from "../../../src/tensor/ops.ts";
import { at } from "../../../src/tensor/shapes.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { Law } from "./laws.ts";

const rows = (x: Tensor): Tensor => reshape(x, [-1]);
const wide = (x: Tensor, like: Tensor): Tensor =>
  broadcastTo(reshape(x, [...x.shape, 1]), like.shape);

/** F·x = (diag p − p·pᵀ)·x. */
const fisher = (p: Tensor, x: Tensor): Tensor =>
  mul(p, sub(x, wide(sum(mul(p, x), { axis: -1 }), p)));

export const flowLaws: readonly Law[] = [
  {
    name: "N6: F·(z − z_s) = ∇_z KL(p_z‖s): G flows to s by the natural gradient of the reverse divergence",
    spaces: ["logit"],
    sides: ({ snapshotLogits: z, referenceLogits: z_s }) => {
      const s = logSoftmax(z_s);
      const gradient = grad((logits: Tensor) => sum(kl(logSoftmax(logits), s)))(z);
      const gap = sub(z, z_s);
      const flow = fisher(softmax(z), gap);
      // A product with a row's largest difference of logits is rounded as that is.
      const size = wide(maximum(max(mul(gap, gap), { axis: -1 }), 1), z);
      return [rows(div(gradient, size)), "=", rows(div(flow, size))];
    },
  },
  {
    name: "N6: F·d/dτ log q = s − q = −∇_z KL(s‖q): A flows to s by the natural gradient of the other",
    spaces: ["probability"],
    sides: (scene) => {
      const { q, s } = scene;
      const [Q, S] = [exp(q), exp(s)];
      // d/dτ log q = (s − q)/q, of which F keeps (s − q) less q times its sum.
      const speed = sub(S, Q);
      const moved = sub(speed, mul(Q, wide(sum(speed, { axis: -1 }), Q)));
      const gradient = grad((logits: Tensor) => sum(kl(s, logSoftmax(logits))))(q);
      return [rows(add(moved, gradient)), "=", rows(mul(gradient, 0))];
    },
  },
  {
    name: "N6: G is the proximal point of KL(r‖s) from p: α·KL(r‖s) + (1−α)·KL(r‖p) less its least is KL(r‖q)",
    spaces: ["logit"],
    sides: ({ judge: r, p, s, q, alpha }) => [
      add(kl(r, q), between(kl(q, p), kl(q, s), alpha)),
      "=",
      between(kl(r, p), kl(r, s), alpha),
    ],
  },
  {
    name: "N6: A is the proximal point of KL(s‖r) from p: α·KL(s‖r) + (1−α)·KL(p‖r) less its least is KL(q‖r)",
    spaces: ["probability"],
    sides: (scene) => {
      const { p, s, q, alpha } = scene;
      const r = at(scene.missed(), 1);
      return [
        add(kl(q, r), between(kl(p, q), kl(s, q), alpha)),
        "=",
        between(kl(p, r), kl(s, r), alpha),
      ];
    },
  },
];

/** (1 − α)·a + α·b. */
const between = (a: Tensor, b: Tensor, alpha: number): Tensor =>
  add(mul(a, 1 - alpha), mul(b, alpha));
