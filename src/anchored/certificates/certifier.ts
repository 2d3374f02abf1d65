import { at } from "../../tensor/shapes.ts";
import { total } from "../../train/totals.ts";
import type { Retention } from "../retention/retain.ts";
import { type AnchorSetting, placeOf } from "../targets/responseRows.ts";
import { type Look, type LossColumns, type StartColumns, toleranceAt } from "./look.ts";
import { expectHeld, type Verdict, verdictOf, within } from "./verdict.ts";

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
 * Where the log-loss of the data's own tokens went, L in nats a token: for any judge, labels too,
 * L(q_t) = (1 − α_t)·L(p_t) + α_t·L(p_sft) + ψ_t with ψ_t ≤ 0 on the paths between the geometric and the
 * arithmetic mean, and L(p_{t+1}) = L(q_t) + e_t, so that
 * L(p_{t+1}) − L(p_0) = `path` + `inexactness` and `path` ≤ `bound`.
 */
export interface LossLedger {
  /** L(p_0), L(p_sft) and L(p_{t+1}). */
  readonly start: number;
  readonly reference: number;
  readonly measured: number;
  /** a_{t+1}·(L(p_sft) − L(p_0)): what exact steps change at most; only on such paths. */
  readonly bound?: number;
  /** What exact steps change. */
  readonly path: number;
  /** What the errors of the inner loops change: Σ_t R_t·(L(p_{t+1}) − L(q_t)), R_t = Π_{u>t} (1 − α_u). */
  readonly inexactness: number;
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
  readonly ledger?: LossLedger;
  /** The base's answers to retained prompts, where there are any. */
  readonly retention?: Retention;
}

/** What the outer steps so far have added up. */
export interface Certified {
  /** Π (1 − α). */
  readonly left: number;
  /** b_t, token by token; absent before the first step that has it. */
  readonly reach?: Float64Array;
  /** The parts of `LossLedger`. */
  readonly ledger?: Pick<LossLedger, "path" | "inexactness">;
  /** Retained answers lost after each outer step; where there are any. */
  readonly lost?: readonly number[];
}

/** Certifies the outer steps of a run, one after the other. */
export interface Certifier {
  certify(step: CertifiedStep): StepCertificate;
  /** For another certifier to go on from. */
  readonly certified: Certified;
}

export interface CertifiedStep extends AnchorSetting {
  /** From 0. */
  readonly outer: number;
  /** Whether the anchor lies where the linear bound holds: see `hasLinearBound`. */
  readonly linear: boolean;
  readonly look: Look;
  /** The same at responses that p_t has sampled. */
  readonly sampled?: Look | undefined;
}

/**
 * Called at every outer step, in order.
 * @param before what the steps before have left, where a run is gone on with
 */
export function createCertifier(before: Certified = { left: 1 }): Certifier {
  let { left, reach, ledger } = before;
  const certify: Certifier["certify"] = ({ outer, look, linear, sampled, alpha }) => {
    const { start, losses } = look;
    const verdict = judged(look, linear, outer);
    left *= 1 - alpha;
    if (start && linear) {
      reach = reached(reach ?? new Float64Array(verdict.tokens), start, alpha);
      expectReach(start.travelled, reach, look, outer);
    }
    const told = losses && ledgerOf(ledger, losses, alpha, linear ? 1 - left : undefined);
    if (told) ledger = { path: told.path, inexactness: told.inexactness };
    return {
      ...verdict,
      ...(told && { ledger: told }),
      linear,
      ...(start && reach && { cumulative: cumulativeOf(1 - left, start, reach) }),
      ...(sampled && { sequence: sequenceOf(sampled, linear, outer) }),
    };
  };
  return {
    certify,
    get certified() {
      return { left, ...(reach && { reach }), ...(ledger && { ledger }) };
    },
  };
}

/** b_{t+1} at each token. */
const reached = (
  before: Float64Array,
  { whole, error }: StartColumns,
  alpha: number,
): Float64Array => before.map((b, i) => (1 - alpha) * b + alpha * at(whole, i) + at(error, i));

function judged(look: Look, linear: boolean, outer: number): Verdict {
  const { tolerance } = look;
  const nameOf = (token: number) => nameIn(look, token, outer);
  return expectHeld(verdictOf(look.step, { linear, nameOf, ...(tolerance && { tolerance }) }));
}

function nameIn({ starts }: Look, token: number, outer: number): string {
  const [example, position] = placeOf(starts, token);
  return `token ${position} of the response of example ${example} in outer step ${outer}`;
}

/** @throws RangeError naming the first token that went farther than the cumulative bound */
function expectReach(
  travelled: Float64Array,
  reach: Float64Array,
  look: Look,
  outer: number,
): void {
  // Errors of each outer step add up where they are more than float64's.
  const times = look.tolerance ? outer + 1 : 1;
  const tolerance = (token: number) => times * toleranceAt(look, token);
  const token = travelled.findIndex((m, i) => !within(m, at(reach, i), tolerance(i)));
  if (token < 0) return;
  throw new RangeError(
    `certificate: expected KL(p_0 ‖ p_{t+1}) ≤ cumulative bound at ${nameIn(look, token, outer)}, ` +
      `got ${travelled[token]} and ${reach[token]}`,
  );
}

const mean = (x: Float64Array): number => total(x) / x.length;

const cumulativeOf = (
  weight: number,
  { travelled }: StartColumns,
  reach: Float64Array,
): CumulativeCertificate => ({ weight, measured: mean(travelled), bound: mean(reach) });

/** The ledger of one more step. @param weight of p_sft in all, where the anchors' path has a bound */
function ledgerOf(
  before: Pick<LossLedger, "path" | "inexactness"> = { path: 0, inexactness: 0 },
  losses: LossColumns,
  alpha: number,
  weight: number | undefined,
): LossLedger {
  const [start, snapshot, reference, anchor, measured] = [
    ...[mean(losses.start), mean(losses.snapshot), mean(losses.reference)],
    ...[mean(losses.anchor), mean(losses.next)],
  ] as [number, number, number, number, number];
  const psi = anchor - (1 - alpha) * snapshot - alpha * reference;
  return {
    ...{ start, reference, measured },
    ...(weight !== undefined && { bound: weight * (reference - start) }),
    path: (1 - alpha) * before.path + alpha * (reference - start) + psi,
    inexactness: (1 - alpha) * before.inexactness + measured - anchor,
  };
}

function sequenceOf(look: Look, linear: boolean, outer: number): SequenceCertificate {
  const { starts, step } = look;
  judged(look, linear, outer);
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
