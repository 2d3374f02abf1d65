/**
 * Distributions over a vocabulary as rows of host arrays, in float64 whatever the engine's
 * precision: certificates need more digits than training, and looking at every token of a data set
 * takes milliseconds this way. The tensor functions of the same names say what is meant.
 */
import { exp, expm1, log, log1p } from "../../tensor/portable.ts";
import type { TypedArray } from "../../tensor/tensor.ts";
import type { Interpolation } from "../objectives/interpolations.ts";

/** Rows of logits, and what they are divided by. */
export interface TemperedRows {
  readonly data: TypedArray;
  readonly temperature: number;
}

/** log softmax(logits / temperature) of one row, into `out`, whose length is the vocabulary's. */
export function logSoftmaxRow(
  { data, temperature }: TemperedRows,
  row: number,
  out: Float64Array,
): void {
  const from = row * out.length;
  for (let v = 0; v < out.length; v++) out[v] = (data[from + v] as number) / temperature;
  normalize(out);
}

/** Subtracts log Σ exp, which it returns. */
export function normalize(row: Float64Array): number {
  let top = -Infinity;
  for (let v = 0; v < row.length; v++) top = Math.max(top, row[v] as number);
  let total = 0;
  for (let v = 0; v < row.length; v++) total += exp((row[v] as number) - top);
  const logTotal = top + log(total);
  for (let v = 0; v < row.length; v++) row[v] = (row[v] as number) - logTotal;
  return logTotal;
}

/** One row of log-probabilities between two others. */
export type MixRow = (logP: Float64Array, logS: Float64Array, out: Float64Array) => void;

/** As `interpolate`, for log-probabilities. */
export function interpolateRow(space: Interpolation, alpha: number): MixRow {
  if (alpha === 0) return (logP, _, out) => out.set(logP);
  if (alpha === 1) return (_, logS, out) => out.set(logS);
  const power = space === "logit" ? 0 : space === "probability" ? 1 : space.power;
  const mixed = Math.abs(power) < TINY ? geometric(alpha) : powerMean(power, alpha);
  return (logP, logS, out) => {
    for (let v = 0; v < out.length; v++) out[v] = mixed(logP[v] as number, logS[v] as number);
    if (power !== 1) normalize(out);
  };
}

/** Powers below it make the geometric mean, as to all digits. */
const TINY = 1e-12;

type Mix = (logP: number, logS: number) => number;

const geometric =
  (alpha: number): Mix =>
  (p, s) =>
    (1 - alpha) * p + alpha * s;

/** log of ((1 − α)·pʳ + α·sʳ)^(1/r), beside the larger of the two powers. */
function powerMean(power: number, alpha: number): Mix {
  const kept = 1 - alpha;
  return (p, s) => {
    if (p === s) return p; // −∞ too
    const gap = power * (s - p);
    return gap <= 0
      ? p + logMean(kept, alpha, gap) / power
      : s + logMean(alpha, kept, -gap) / power;
  };
}

/** log(a + b·eˣ) for a + b = 1 and x ≤ 0; near 0 to all digits, which a small power then needs. */
const logMean = (a: number, b: number, x: number): number =>
  x > -0.5 ? log1p(b * expm1(x)) : log(a + b * exp(x));

/** E_p[log a − log b]; KL(p ‖ b) where a is p. */
export function expectedRatio(logP: Float64Array, logA: Float64Array, logB: Float64Array): number {
  let sum = 0;
  for (let v = 0; v < logP.length; v++) {
    const p = exp(logP[v] as number);
    // What is impossible adds nothing, −∞ − −∞ neither.
    if (p !== 0) sum += p * ((logA[v] as number) - (logB[v] as number));
  }
  return sum;
}
