import { total } from "../../train/totals.ts";
import { type AnchorSetting, placeOf, type ResponseRows } from "../targets/responseRows.ts";
import { type StartColumns, type StepColumns, type StepRows, stepColumns } from "./stepTerms.ts";
import { expectHeld, hasLinearBound, type Verdict, verdictOf, within } from "./verdict.ts";

/**
 * How far the student has come from where it started, in nats a token:
 * KL(p_0 ‖ p_{t+1}) ≤ b_{t+1} at every token, with b_0 = 0 and
 * b_{t+1} = (1 − α_t)·b_t + α_t·KL(p_0 ‖ p_sft) + E_{p_0}[log q_t − log p_{t+1}]. Unrolled, for one α:
 * a_T·KL(p_0 ‖ p_sft) + Σ_t (1 − α)^{T−1−t}·E_{p_0}[e_t] with a_T = 1 − (1 − α)^T. Proof of a step:
 * KL(p_0 ‖ p_{t+1}) = KL(p_0 ‖ q_t) + E_{p_0}[e_t], and log q_t ≥ (1 − α_t)·log p_t + α_t·log p_sft
 * on the paths between the geometric and the arithmetic mean.
 */
export interface CumulativeCertificate {
  /** a_{t+1} = 1 − Π (1 − α). */
  readonly weight: number;
  /** KL(p_0 ‖ p_{t+1}), mean. */
  readonly measured: number;
  /** b_{t+1}, mean. */
  readonly bound: number;
}

/**
 * The bound over whole responses y sampled from the student before the step, P_t: by the chain rule
 * KL(P_t ‖ P_{t+1}) = E_y Σ_i KL(p_t ‖ p_{t+1}) at y's tokens, and each token has its bound.
 * Estimates from the responses at hand, nats a response.
 */
export interface SequenceCertificate {
  readonly responses: number;
  /** Σ_i KL(p_t ‖ p_{t+1}). */
  readonly measured: number;
  /** Of `measured`, as an estimate of KL(P_t ‖ P_{t+1}). */
  readonly standardError: number;
  /** α·Σ_i KL(p_t ‖ p_sft). */
  readonly bound: number;
  /** Σ_i delta. */
  readonly delta: number;
}

/** What one outer step did and what bounds it. */
export interface StepCertificate extends Verdict {
  /** Whether the anchor lies where the linear bound holds: see `hasLinearBound`. Where it does not,
   * `mean.bound` bounds nothing. */
  readonly linear: boolean;
  readonly cumulative?: CumulativeCertificate;
  readonly sequence?: SequenceCertificate;
}

/** Certifies the outer steps of a run, one after the other. */
export type Certify = (step: CertifiedStep) => StepCertificate;

export interface CertifiedStep extends AnchorSetting {
  /** From 0. */
  readonly outer: number;
  readonly rows: StepRows;
  /** The same at responses that p_t has sampled. */
  readonly sampled?: StepRows | undefined;
}

/**
 * @param examples certificates look at the responses of so many, from the first
 * @returns a function to be called at every outer step, in order
 */
export function createCertifier(examples: number): Certify {
  let left = 1; // Π (1 − α)
  let reach: Float64Array | undefined; // b_t, token by token
  return ({ outer, rows, sampled, ...setting }) => {
    const tokens = rows.snapshot.starts[
      Math.min(examples, rows.snapshot.starts.length - 1)
    ] as number;
    const linear = !rows.anchor && hasLinearBound(setting.interpolation);
    const { step, start } = stepColumns(rows, tokens, setting);
    const verdict = judged(step, rows.snapshot, linear, outer);
    left *= 1 - setting.alpha;
    if (start && linear) {
      reach = reached(reach ?? new Float64Array(tokens), start, setting.alpha);
      expectReach(start.travelled, reach, rows.snapshot, outer);
    }
    return {
      ...verdict,
      linear,
      ...(start && reach && { cumulative: cumulativeOf(1 - left, start, reach) }),
      ...(sampled && { sequence: sequenceOf(sampled, linear, outer, setting) }),
    };
  };
}

/** b_{t+1} at each token. */
const reached = (
  before: Float64Array,
  { whole, error }: StartColumns,
  alpha: number,
): Float64Array =>
  before.map((b, i) => (1 - alpha) * b + alpha * (whole[i] as number) + (error[i] as number));

function judged(step: StepColumns, rows: ResponseRows, linear: boolean, outer: number): Verdict {
  return expectHeld(verdictOf(step, { linear, nameOf: (token) => nameOf(rows, token, outer) }));
}

function nameOf(rows: ResponseRows, token: number, outer: number): string {
  const [example, at] = placeOf(rows, token);
  return `token ${at} of the response of example ${example} in outer step ${outer}`;
}

/** @throws RangeError naming the first token that went farther than the cumulative bound */
function expectReach(
  travelled: Float64Array,
  reach: Float64Array,
  rows: ResponseRows,
  outer: number,
): void {
  const token = travelled.findIndex((measured, i) => !within(measured, reach[i] as number));
  if (token < 0) return;
  throw new RangeError(
    `certificate: expected KL(p_0 ‖ p_{t+1}) ≤ cumulative bound at ${nameOf(rows, token, outer)}, ` +
      `got ${travelled[token]} and ${reach[token]}`,
  );
}

const mean = (x: Float64Array): number => total(x) / x.length;

const cumulativeOf = (
  weight: number,
  { travelled }: StartColumns,
  reach: Float64Array,
): CumulativeCertificate => ({ weight, measured: mean(travelled), bound: mean(reach) });

function sequenceOf(
  rows: StepRows,
  linear: boolean,
  outer: number,
  setting: AnchorSetting,
): SequenceCertificate {
  const { starts } = rows.snapshot;
  const { step } = stepColumns(rows, starts.at(-1) as number, setting);
  judged(step, rows.snapshot, linear, outer);
  const sums = (column: Float64Array): Float64Array =>
    Float64Array.from(starts.slice(1), (to, i) => total(column.subarray(starts[i], to)));
  const each = sums(step.stepKl);
  const [measured, n] = [mean(each), each.length];
  const variance = mean(each.map((x) => (x - measured) ** 2)) * (n / Math.max(1, n - 1));
  return {
    responses: n,
    measured,
    standardError: Math.sqrt(variance / n),
    bound: mean(sums(step.bound)),
    delta: mean(sums(step.delta)),
  };
}
