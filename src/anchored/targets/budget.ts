import type { Interpolation } from "../objectives/interpolations.ts";
import { expectedRatio, interpolateRow, logSoftmaxRow } from "./hostRows.ts";
import type { ResponseRows } from "./responseRows.ts";

export interface LargestWeightOptions {
  /** The student's logits, p_t. */
  readonly snapshot: ResponseRows;
  /** The reference's logits, s. */
  readonly reference: ResponseRows;
  readonly interpolation: Interpolation;
  readonly temperature: number;
  /** Nats a token. */
  readonly budget: number;
}

/** How closely the weight is found. */
const RESOLUTION = 1e-9;

/**
 * The largest weight of the reference with which the anchor stays within a budget: the largest α in
 * [0, 1] with mean KL(p_t ‖ q_α) ≤ budget over all tokens, to within 1e-9 and never above. On every
 * path the divergence does not decrease in α, so that a bracket closes on it. On the logit and
 * probability paths budget / KL(p_t ‖ s) is a first guess that cannot be too large, by the linear
 * bound.
 * @throws RangeError unless budget ≥ 0
 */
export function largestWeight(options: LargestWeightOptions): number {
  const { interpolation, budget } = options;
  if (!(budget >= 0)) throw new RangeError(`largestWeight: expected a budget ≥ 0, got ${budget}`);
  const divergence = divergenceOf(options);
  const whole = divergence(1);
  if (whole <= budget) return 1;
  let low: End = { alpha: 0, excess: -budget };
  let high: End = { alpha: 1, excess: whole - budget };
  const look = (alpha: number): void => {
    const end = { alpha, excess: divergence(alpha) - budget };
    if (end.excess <= 0) low = end;
    else high = end;
  };
  if (typeof interpolation === "string") look(budget / whole);
  for (let turn = 0; high.alpha - low.alpha > RESOLUTION; turn++) look(between(low, high, turn));
  return low.alpha;
}

/** An end of the bracket: a weight, and by how much it exceeds the budget. */
interface End {
  readonly alpha: number;
  readonly excess: number;
}

/** A chord or the middle by turns, far enough from both ends to close in on one that is met. */
function between(low: End, high: End, turn: number): number {
  const width = high.alpha - low.alpha;
  if (turn % 3 === 2) return low.alpha + width / 2;
  const chord = low.alpha - (low.excess * width) / (high.excess - low.excess);
  // The divergence is mostly convex: its chords fall short, so every other time one goes beyond.
  const reach = turn % 3 === 0 ? chord : 2 * chord - low.alpha;
  const margin = RESOLUTION / 2;
  return Math.min(Math.max(reach, low.alpha + margin), high.alpha - margin);
}

/** α → mean KL(p_t ‖ q_α), in float64. */
function divergenceOf(options: LargestWeightOptions): (alpha: number) => number {
  const { snapshot, reference, interpolation, temperature } = options;
  const V = snapshot.vocabSize;
  const tokens = snapshot.data.length / V;
  const rowsOf = ({ data }: ResponseRows): Float64Array[] =>
    Array.from({ length: tokens }, (_, row) => {
      const out = new Float64Array(V);
      logSoftmaxRow({ data, temperature }, row, out);
      return out;
    });
  const [p, s] = [rowsOf(snapshot), rowsOf(reference)];
  const q = new Float64Array(V);
  return (alpha) => {
    const mix = interpolateRow(interpolation, alpha);
    let sum = 0;
    p.forEach((logP, row) => {
      mix(logP, s[row] as Float64Array, q);
      sum += expectedRatio(logP, logP, q);
    });
    return sum / tokens;
  };
}
