/**
 * N6. A loss w·(−log p_θ(y)), w stopped, has the gradient p_θ − q with q = (1−w)·p_θ + w·δ_y: the probability
 * anchor between the student and the label, made anew at every step, with the token's own weight. With β·KL(p_base‖p_θ)
 * beside it q = (1−w−β)·p_θ + w·δ_y + β·p_base. While w + β ≤ 1 that is a distribution.
 *
 * Frozen anchors are points of flows and of proximal steps: with F = ∂p/∂z = diag p − p·pᵀ, F·(z − z_s) = ∇_z KL(p_z‖s), so
 * G, z_τ = e^{−τ}·z_p + (1−e^{−τ})·z_s, is the natural-gradient flow of the reverse divergence at α = 1 − e^{−τ}; A, ṗ = s − p, that
 * of KL(s‖p_z). With η = α/(1−α), G minimises KL(r‖s) + KL(r‖p)/η over r, and A KL(s‖r) + KL(p‖r)/η: times α, what any r has
 * more than the anchor is KL(r‖q) and KL(q‖r).
 */
import { kl } from "../../../src/anchored/objectives/divergences.ts";
import { weighed } from "../../../src/anchored/objectives/logSpace.ts";
import { objectives } from "../../../src/anchored/objectives/methods.ts";
import type { ObjectiveSettings } from "../../../src/anchored/objectives/objective.ts";
import { tokenCrossEntropy } from "../../../src/nn/losses.ts";
import { constant, full } from "../../../src/tensor/apply.ts";
import { grad } from "../../../src/tensor/grad.ts";
import {
  add,
  argmax,
  broadcastTo,
  div,
  exp,
  gather,
  less,
  logSoftmax,
  max,
  maximum,
  mean,
  mul,
  neg,
  reshape,
  softmax,
  stopGradient,
  sub,
  sum,
} from "../../../src/tensor/ops.ts";
import { at, last } from "../../../src/tensor/shapes.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { Law, Scene } from "./laws.ts";

/** int [R]: what the data say, a token for each row. */
const labelsOf = ({ judge }: Pick<Scene, "judge">): Tensor => argmax(judge);

/** δ_y, [R, V]. */
function oneHot(labels: Tensor, V: number): Tensor {
  const identity = constant(
    Float64Array.from({ length: V * V }, (_, i) => (i % (V + 1) === 0 ? 1 : 0)),
    [V, V],
  );
  return gather(identity, labels);
}

const wide = (x: Tensor, like: Tensor): Tensor =>
  broadcastTo(reshape(x, [...x.shape, 1]), like.shape);

/** What a token's weight is made of, [R] each but for the logits. */
interface Seen {
  /** The student's, [R, V]. */
  readonly logits: Tensor;
  /** −log p_θ(y) and −log p_base(y). */
  readonly surprise: Tensor;
  readonly baseSurprise: Tensor;
}

type TokenLoss = (logits: Tensor, labels: Tensor, baseLogits: Tensor) => Tensor;

/** A loss whose pull is that of an every-step probability anchor. */
interface Reweighting {
  /** w of each token, from 0 to 1. */
  readonly weight: (seen: Seen) => Tensor;
  /** The loss of each token, where the program or a closed form has one: w·(−log p_θ(y)) by default. */
  readonly loss?: TokenLoss;
  /** β of β·KL(p_base‖p_θ). */
  readonly beta?: number;
}

const settings: ObjectiveSettings = {
  ...{ alpha: NaN, interpolation: "logit", temperature: 1, beta: 0.1 },
  ...{ direction: "forward", kdRatio: 1 },
};

/** A method's own loss. */
const ofMethod =
  (method: "sft" | "dft" | "asft"): TokenLoss =>
  (logits, labels, target) => {
    const mask = full(labels.shape, 1);
    return objectives[method].perToken({ logits, labels, mask, target }, settings);
  };

const probability = ({ surprise }: Seen): Tensor => exp(neg(surprise));
const powered =
  (power: number) =>
  ({ surprise }: Seen): Tensor =>
    exp(mul(surprise, -power));

/** (1 − p_θ(y)^a)/a, whose pull is that of the weight p_θ(y)^a. */
const powerLoss =
  (power: number): TokenLoss =>
  (logits, labels) =>
    div(sub(1, exp(mul(tokenCrossEntropy(logits, labels), -power))), power);

/** Every method's weight of the label: the table of N6. */
const reweightings: { readonly [name: string]: Reweighting } = {
  "SFT, w = 1": { weight: ({ surprise }) => full(surprise.shape, 1), loss: ofMethod("sft") },
  "DFT, w = p_θ(y)": { weight: probability, loss: ofMethod("dft") },
  "DFT is −p_θ(y)": {
    weight: probability,
    loss: (logits, labels) => neg(exp(neg(tokenCrossEntropy(logits, labels)))),
  },
  "power family, w = p_θ(y)^½, (1 − p_θ(y)^½)/½": { weight: powered(0.5), loss: powerLoss(0.5) },
  "power family, w = p_θ(y)^2, (1 − p_θ(y)^2)/2": { weight: powered(2), loss: powerLoss(2) },
  "STM, w = 1[p_base(y) ≥ .4]": {
    weight: ({ baseSurprise }) => sub(1, less(exp(neg(baseSurprise)), 0.4)),
  },
  "EAFT, w = H(p_θ)/ln V": {
    weight: ({ logits }) => {
      const logP = logSoftmax(logits);
      const entropy = neg(sum(weighed(exp(logP), logP), { axis: -1 }));
      return maximum(0, div(entropy, Math.log(last(logits.shape))));
    },
  },
  "FLOW, w = e^(−ℓ/τ) of a sequence": {
    weight: ({ baseSurprise }) => {
      const loss = mean(baseSurprise);
      return broadcastTo(reshape(exp(mul(loss, -1 / 20)), [1]), baseSurprise.shape);
    },
  },
  "TALR, w = max(p_θ(y)^(1/τ), .01)": { weight: (seen) => maximum(powered(1 / 2)(seen), 0.01) },
  "ASFT forward, w = p_θ(y), β·KL(p_base‖p_θ)": {
    weight: probability,
    loss: ofMethod("asft"),
    beta: settings.beta,
  },
};

/** The anchor (1−w−β)·p_θ + w·δ_y + β·p_base, [R, V], and w. */
function everyStepAnchor(
  { snapshotLogits: z, referenceLogits: base, ...scene }: Scene,
  { weight, beta = 0 }: Reweighting,
): { readonly weight: Tensor; readonly anchor: Tensor } {
  const labels = labelsOf(scene);
  const w = stopGradient(
    weight({
      ...{ logits: z, surprise: tokenCrossEntropy(z, labels) },
      baseSurprise: tokenCrossEntropy(base, labels),
    }),
  );
  const p = softmax(z);
  const kept = mul(p, wide(sub(1 - beta, w), p));
  const wanted = mul(oneHot(labels, last(z.shape)), wide(w, p));
  return { weight: w, anchor: add(add(kept, wanted), mul(softmax(base), beta)) };
}

const rows = (x: Tensor): Tensor => reshape(x, [-1]);

export const reweightingLaws: readonly Law[] = Object.entries(reweightings).map(([name, of]) => ({
  name: `N6: ∇_z of ${name} is p_θ − q`,
  spaces: ["probability"],
  sides: (scene) => {
    const { snapshotLogits: z, referenceLogits: base } = scene;
    const { weight, anchor } = everyStepAnchor(scene, of);
    const labels = labelsOf(scene);
    const loss = of.loss ?? ((logits: Tensor) => mul(weight, tokenCrossEntropy(logits, labels)));
    const gradient = grad((logits: Tensor) => sum(loss(logits, labels, base)))(z);
    return [rows(add(gradient, anchor)), "=", rows(softmax(z))];
  },
}));

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

/** The every-step anchor of each reweighting, and its weight. */
export const everyStepAnchors = (
  scene: Scene,
): readonly { readonly weight: Tensor; readonly anchor: Tensor }[] =>
  Object.values(reweightings).map((of) => everyStepAnchor(scene, of));
