/**
 * N6. A loss w·(−log p_θ(y)), w stopped, has the gradient p_θ − q with q = (1−w)·p_θ + w·δ_y: the probability
 * anchor between the student and the label, made anew at every step, with the token's own weight. With β·KL(p_base‖p_θ)
 * beside it q = (1−w−β)·p_θ + w·δ_y + β·p_base. While w + β ≤ 1 that is a distribution, and the gradient that of
 * KL(q‖p_θ); beyond, it is that of no distribution.
 *
 * Losses are those that `fineTune` plans for a method and its settings, and so is that of the anchor: means over a batch of
 * sequences, of which a part of the tokens counts.
 */
import { objectiveLoss } from "../../../src/anchored/objectives/loss.ts";
import type { Method } from "../../../src/anchored/objectives/methods.ts";
import { isOfLabels, type Objective } from "../../../src/anchored/objectives/objective.ts";
import type { FineTuneOptions } from "../../../src/anchored/options.ts";
import { type MethodPlan, planFineTune } from "../../../src/anchored/plan.ts";
import { logSoftmaxOf } from "../../../src/arbitraries/distributions.ts";
import { tokenCrossEntropy } from "../../../src/nn/losses.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { grad } from "../../../src/tensor/grad.ts";
import {
  add,
  broadcastTo,
  div,
  exp,
  gather,
  less,
  log,
  maximum,
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
import { tinyStudy } from "../../anchored/tiny.ts";
import type { Law, Scene } from "./laws.ts";
import { type Reweighting, reweightings, type Seen } from "./tokenWeights.ts";

/** What `fineTune` makes of a method. */
export const planned = (method: Method, options: Partial<FineTuneOptions> = {}): MethodPlan =>
  planFineTune({ ...tinyStudy, method, epochs: 1, ...options }).method;

/** [..., V] of [...]. */
const wide = (x: Tensor, like: Tensor): Tensor =>
  broadcastTo(reshape(x, [...x.shape, 1]), like.shape);

const identities = new Map<number, Tensor>();

/** [V, V], one for all laws of a scene. */
function identity(V: number): Tensor {
  const ones = (): Float64Array =>
    Float64Array.from({ length: V * V }, (_, i) => (i % (V + 1) === 0 ? 1 : 0));
  const made = identities.get(V) ?? constant(ones(), [V, V]);
  identities.set(V, made);
  return made;
}

/** δ_y, [B, T, V]. */
const oneHot = (labels: Tensor, V: number): Tensor => gather(identity(V), labels);

/** A batch as the program sees it, and what frozen models say of it. */
export interface Batch extends Pick<Seen, "logits" | "mask" | "likeliest" | "losses"> {
  /** int [B, T]. */
  readonly labels: Tensor;
  /** p_base's, and the earlier student's, [B, T, V]. */
  readonly base: Tensor;
}

/** Tokens of a sequence. */
const T = 3;

const batches = new WeakMap<Scene, Batch>();

/** The rows of a scene as sequences, of which three tokens in four count: made once for all its laws. */
export function batchOf(scene: Scene): Batch {
  const batch = batches.get(scene) ?? madeOf(scene);
  batches.set(scene, batch);
  return batch;
}

function madeOf({ snapshotLogits, referenceLogits, judge }: Scene): Batch {
  const [R, V] = [at(snapshotLogits.shape, 0), last(snapshotLogits.shape)];
  const row = ({ data }: Tensor, r: number): number[] => [...data.slice(r * V, (r + 1) * V)];
  const labels = Int32Array.from({ length: R }, (_, r) => {
    const said = row(judge, r);
    return said.indexOf(Math.max(...said));
  });
  const rows = Array.from({ length: R }, (_, r) => row(snapshotLogits, r));
  const likeliest = (K: number): Tensor => {
    const isAmong = rows.flatMap((z) => {
      const least = at(
        z.toSorted((a, b) => b - a),
        K - 1,
      );
      return z.map((x) => (x < least ? 0 : 1));
    });
    return constant(Float64Array.from(isAmong), [R / T, T, V]);
  };
  const mask = Float64Array.from({ length: R }, (_, r) => (r % 4 === 3 ? 0 : 1));
  const losses = Array.from({ length: R / T }, (_, b) => {
    const own = [0, 1, 2].map((t) => b * T + t).filter((r) => mask[r]);
    const sum = own.reduce(
      (total, r) => total - at(logSoftmaxOf(row(referenceLogits, r)), at(labels, r)),
      0,
    );
    return sum / own.length;
  });
  return {
    logits: reshape(snapshotLogits, [R / T, T, V]),
    base: reshape(referenceLogits, [R / T, T, V]),
    labels: constant(labels, [R / T, T]),
    mask: constant(mask, [R / T, T]),
    ...{ likeliest, losses },
  };
}

/** The program's loss of a method on a batch, as a function of the logits. */
export function lossOf(
  { objective, settings }: MethodPlan,
  batch: Batch,
): (logits: Tensor) => Tensor {
  const { base, losses, labels, mask } = batch;
  const target = isOfLabels(objective.target)
    ? reshape(neg(tokenCrossEntropy(base, labels)), [...labels.shape, 1])
    : objective.target === "base"
      ? base
      : undefined;
  const weights = objective.exampleWeights?.(losses, settings);
  const scale =
    weights && constant(Float64Array.from(weights.flatMap((w) => Array(T).fill(w))), labels.shape);
  return (logits) => objectiveLoss(objective, { logits, labels, mask, target, scale }, settings);
}

export interface EveryStepAnchor {
  /** [B, T]. */
  readonly weight: Tensor;
  /** (1−w−β)·p_θ + w·δ_y + β·p_base, [B, T, V], of negative entries where w + β > 1. */
  readonly anchor: Tensor;
}

/** The anchor of a reweighting at what is seen. */
export function everyStepAnchor(
  { weight, beta = 0 }: Reweighting,
  seen: Seen,
  { labels, base }: { readonly labels: Tensor; readonly base?: Tensor | undefined },
): EveryStepAnchor {
  const w = stopGradient(weight(seen));
  const p = stopGradient(softmax(seen.logits));
  const kept = mul(p, wide(sub(1 - beta, w), p));
  const wanted = mul(oneHot(labels, last(p.shape)), wide(w, p));
  const anchor = add(kept, wanted);
  return { weight: w, anchor: base && beta ? add(anchor, mul(softmax(base), beta)) : anchor };
}

/** A reweighting's anchor on a batch. */
export const anchorOn = (row: Reweighting, batch: Batch): EveryStepAnchor => {
  const { logits, base, labels } = batch;
  const surprise = tokenCrossEntropy(logits, labels);
  const frozenSurprise = tokenCrossEntropy(base, labels);
  return everyStepAnchor(row, { ...batch, surprise, frozenSurprise }, { labels, base });
};

/** Anchored Learning as `fineTune` plans it, whose anchor is given. */
const anchored = planned("anchored", { reference: tinyStudy.base, alpha: 0.5 });

/** KL(q‖p_θ) of `anchored`, the mean over all tokens that count or over those that are kept. */
function anchoredLoss(
  { labels, mask }: Batch,
  q: Tensor,
  kept: Tensor | undefined,
): (logits: Tensor) => Tensor {
  const { objective, settings } = anchored;
  const counting: Objective = kept ? { ...objective, counts: () => kept } : objective;
  const target = log(maximum(q, 0));
  return (logits) => objectiveLoss(counting, { logits, labels, mask, target }, settings);
}

const rows = (x: Tensor): Tensor => reshape(x, [-1]);

const tableLaws: readonly Law[] = reweightings.map((row) => {
  const plan = planned(row.method, row.options);
  return {
    name: `N6: ∇_z of ${row.name} is that of KL(q‖p_θ)`,
    spaces: ["probability"],
    sides: (scene) => {
      const batch = batchOf(scene);
      const { times = 1, beta = 0 } = row;
      const { weight, anchor } = anchorOn(row, batch);
      const loss = lossOf(plan, batch);
      const pull = anchoredLoss(batch, anchor, row.isMeanOfKept ? weight : undefined);
      // Beyond there is no anchor.
      const isWithin = wide(less(add(weight, beta), 1 + scene.tolerance), batch.logits);
      const of = (f: typeof loss, factor: number): Tensor =>
        rows(mul(isWithin, mul(grad(f)(batch.logits), factor)));
      return [of(loss, 1), "=", of(pull, times)];
    },
  };
});

/** Losses whose derivative needs no weight that is stopped. */
const closedForms: {
  readonly [name: string]: readonly [power: number, loss: (surprise: Tensor) => Tensor];
} = {
  "DFT is −p_θ(y)": [1, (surprise) => neg(exp(neg(surprise)))],
  "the power family, (1 − p_θ(y)^½)/½": [0.5, (surprise) => powerLoss(surprise, 0.5)],
  "the power family, (1 − p_θ(y)^2)/2": [2, (surprise) => powerLoss(surprise, 2)],
};
const powerLoss = (surprise: Tensor, a: number): Tensor => div(sub(1, exp(mul(surprise, -a))), a);

const closedLaws: readonly Law[] = Object.entries(closedForms).map(([name, [power, loss]]) => {
  const plan = planned("power", { power });
  return {
    name: `N6: ∇_z of ${name}`,
    spaces: ["probability"],
    sides: (scene) => {
      const { logits, labels, mask, ...batch } = batchOf(scene);
      const mean = (z: Tensor): Tensor =>
        div(sum(mul(mask, loss(tokenCrossEntropy(z, labels)))), sum(mask));
      const own = lossOf(plan, { logits, labels, mask, ...batch });
      return [rows(grad(own)(logits)), "=", rows(grad(mean)(logits))];
    },
  };
});

export const reweightingLaws: readonly Law[] = [...tableLaws, ...closedLaws];
