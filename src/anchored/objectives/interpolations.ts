import { ShapeError } from "../../tensor/errors.ts";
import { add, logSoftmax, mul } from "../../tensor/ops.ts";
import { expectKnown, inFloat32 } from "../../tensor/options.ts";
import * as portable from "../../tensor/portable.ts";
import { sameShape } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { logAddExp } from "./logSpace.ts";

/**
 * The path from the snapshot p to the reference s on which the anchor lies:
 * - `"logit"`: the geometric mean p^(1−α)·s^α / Z, a straight line between logits;
 * - `"probability"`: the arithmetic mean (1−α)·p + α·s;
 * - `{ power }`: the normalised power mean ((1−α)·pʳ + α·sʳ)^(1/r) / Z with r = power, of which
 *   power → 0 is the logit and power = 1 the probability path. Rounding grows as 1/|power| does:
 *   a power of 0.01 costs two digits.
 */
export type Interpolation = "logit" | "probability" | { readonly power: number };

/** (snapshotLogits, referenceLogits) [..., V] → anchor log-probabilities [..., V]. */
export type Interpolate = (snapshotLogits: Tensor, referenceLogits: Tensor) => Tensor;

/**
 * The anchor of Anchored Learning, a distribution between the snapshot and the reference.
 * @param space the path, see `Interpolation`
 * @param alpha the weight of the reference: 0 gives exactly the snapshot, 1 exactly the reference
 * @returns a function of the snapshot's and the reference's logits [..., V] that makes
 *   log-probabilities [..., V]
 * @throws RangeError unless 0 ≤ alpha ≤ 1 and the power is finite; the function throws ShapeError
 *   where the vocabularies (or any other axes) differ
 * @see https://arxiv.org/abs/2605.04468 for the logit and probability paths
 * @see https://arxiv.org/abs/2510.15982 for the power means: its α-mixture has α = 1 − 2·power
 */
export function interpolate(space: Interpolation, alpha: number): Interpolate {
  checkWeight("interpolate", alpha);
  const mix = mixture(space, alpha);
  return (snapshotLogits, referenceLogits) => {
    checkVocabulary("interpolate", snapshotLogits, referenceLogits);
    if (alpha === 0) return logSoftmax(snapshotLogits);
    if (alpha === 1) return logSoftmax(referenceLogits);
    return mix(snapshotLogits, referenceLogits);
  };
}

/**
 * The weight of the reference after several exact steps: 1 − (1 − alpha)^steps, for the logit and
 * the probability path alike.
 * @throws RangeError unless 0 ≤ alpha ≤ 1 and steps ≥ 0
 */
export function effectiveWeight(alpha: number, steps: number): number {
  checkWeight("effectiveWeight", alpha);
  if (!(steps >= 0)) throw new RangeError(`effectiveWeight: expected steps ≥ 0, got ${steps}`);
  // 0 · ∞: after no step, or steps of weight 0, nothing of the reference is there.
  return steps === 0 || alpha === 0 ? 0 : -portable.expm1(steps * portable.log1p(-alpha));
}

/** The α with which T exact steps reach a weight: 1 − (1 − a_T)^(1/T). */
export const alphaFor = (weight: number, steps: number): number =>
  -portable.expm1(portable.log1p(-weight) / steps);

/** @throws RangeError unless 0 ≤ weight ≤ 1 */
export function checkWeight(op: string, weight: number, name = "alpha"): void {
  if (!(typeof weight === "number" && weight >= 0 && weight <= 1))
    throw new RangeError(`${op}: expected 0 ≤ ${name} ≤ 1, got ${weight}`);
}

/** @throws ShapeError unless all logits have one shape, so one vocabulary */
export function checkVocabulary(op: string, first: Tensor, ...others: readonly Tensor[]): void {
  const shapes = [first, ...others].map((x) => x.shape);
  if (first.shape.length === 0) throw new ShapeError(op, "logits [..., V]", shapes);
  if (others.some((x) => x.shape.at(-1) !== first.shape.at(-1)))
    throw new ShapeError(op, "logits over one vocabulary", shapes);
  if (others.some((x) => !sameShape(x.shape, first.shape)))
    throw new ShapeError(op, "logits of one shape", shapes);
}

function mixture(space: Interpolation, alpha: number): Interpolate {
  if (space === "logit") return geometric(alpha);
  if (space === "probability") return arithmetic(alpha);
  if (typeof space !== "object" || space === null)
    throw new RangeError(`interpolate: expected "logit", "probability" or { power }, got ${space}`);
  expectKnown("interpolate", space, ["power"]);
  if (typeof space.power !== "number" || !Number.isFinite(Math.fround(space.power)))
    throw new RangeError(`interpolate: expected a finite power, got ${inFloat32(space.power)}`);
  return Math.abs(space.power) < TINY ? geometric(alpha) : powerMean(space.power, alpha);
}

/** Powers below it make the geometric mean: it is off by |power|·(log s/p)²/4 at most, less than what
 * dividing by such a power does to float32. */
const TINY = 1e-7;

const geometric =
  (alpha: number): Interpolate =>
  (p, s) =>
    logSoftmax(add(mul(p, 1 - alpha), mul(s, alpha)));

const arithmetic =
  (alpha: number): Interpolate =>
  (p, s) =>
    weightedLogSum(logSoftmax(p), logSoftmax(s), alpha);

const powerMean =
  (power: number, alpha: number): Interpolate =>
  (p, s) => {
    const [logP, logS] = [mul(logSoftmax(p), power), mul(logSoftmax(s), power)];
    return logSoftmax(mul(weightedLogSum(logP, logS, alpha), 1 / power));
  };

/** log((1 − α)·eᵃ + α·eᵇ). */
const weightedLogSum = (a: Tensor, b: Tensor, alpha: number): Tensor =>
  logAddExp(add(a, portable.log1p(-alpha)), add(b, portable.log(alpha)));
