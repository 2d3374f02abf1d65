/** Weights that whole sequences decide; constants to the gradient. */
import {
  div,
  exp,
  less,
  matmul,
  maximum,
  minimum,
  mul,
  mulNoNan,
  neg,
  reshape,
  select,
  stopGradient,
  sub,
  sum,
  toFloat,
} from "../../tensor/ops.ts";
import * as portable from "../../tensor/portable.ts";
import { at } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Objective, ObjectiveInputs, ObjectiveSettings } from "./objective.ts";
import { labelLogProbs } from "./tokenWeights.ts";

/** The least weight of a token of TALR. */
const FLOOR = 0.01;

/** sg[max(e^(−s/τ), 0.01)]·s of surprises s, where τ is the mean of the token's own sequence unless it
 * is given. */
export const adaptiveTemperature: NonNullable<Objective["perSequence"]> = (
  surprise,
  inputs,
  { tau },
) => {
  const s = stopGradient(surprise);
  const among = tau ?? maximum(sequenceMeans(s, inputs), SMALLEST);
  return mul(maximum(exp(neg(div(s, among))), FLOOR), surprise);
};

/** Keeps a division finite where nothing is left to learn. */
const SMALLEST = 1e-6;

/** sg[w]·s with w = (mean over the sequence of p_θ(y)/p_base(y), geometric)^power, between 0 and 16. */
export const sequenceRatio: NonNullable<Objective["perSequence"]> = (
  surprise,
  inputs,
  { power = 1 },
) => {
  const logRatio = sub(neg(stopGradient(surprise)), labelLogProbs(inputs));
  const ratio = exp(minimum(mul(sequenceMeans(logRatio, inputs), power), portable.log(16)));
  return mul(ratio, surprise);
};

/** e^(−ℓ/τ) of each example's mean loss ℓ; τ is their median unless it is given. */
export function easyFirst(losses: readonly number[], { tau }: ObjectiveSettings): number[] {
  const among = tau ?? Math.max(median(losses), Number.MIN_VALUE);
  return losses.map((loss) => portable.exp(-loss / among));
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return Number.isInteger(half)
    ? (at(sorted, half - 1) + at(sorted, half)) / 2
    : at(sorted, Math.floor(half));
}

/**
 * At each token the mean over the tokens of its sequence that count; 0 where none do.
 * @param x [B, T]
 */
export function sequenceMeans(
  x: Tensor,
  { mask, segments }: Pick<ObjectiveInputs, "mask" | "segments">,
): Tensor {
  const counted = mulNoNan(mask, x);
  const [total, count] = segments
    ? [counted, mask].map((of) => bySegment(of, segments))
    : [counted, mask].map((of) => sum(of, { axis: -1, keepAxes: true }));
  const mean = div(total as Tensor, maximum(count as Tensor, 1));
  return mulNoNan(mask, mean);
}

/** Sums over the tokens of the same document: [B, T] → [B, T]. */
function bySegment(x: Tensor, segments: Tensor): Tensor {
  const [B, T] = [at(x.shape, 0), at(x.shape, 1)];
  const number = toFloat(segments);
  const apart = sub(reshape(number, [B, T, 1]), reshape(number, [B, 1, T]));
  const same = select(less(mul(apart, apart), 0.5), 1, 0); // [B, T, T]
  return reshape(matmul(same, reshape(x, [B, T, 1])), [B, T]);
}
