import { at } from "../../tensor/shapes.ts";
import {
  expectedRatio,
  interpolateRow,
  logSoftmaxRow,
  type MixRow,
  normalize,
  type TemperedRows,
} from "../targets/hostRows.ts";
import type { AnchorSetting, ResponseRows } from "../targets/responseRows.ts";
import type { Column, LossColumns, StartColumns, StepColumns } from "./look.ts";

/** What an outer step is certified from: logits at the same tokens, on the host. */
export interface StepRows {
  /** p_0: the student before the first outer step; only the cumulative terms need it. */
  readonly start?: ResponseRows | undefined;
  /** p_t. */
  readonly snapshot: ResponseRows;
  /** p_sft. */
  readonly reference: ResponseRows;
  /** The anchor's own logits, where it is a model; else it lies between p_t and p_sft. */
  readonly anchor?: ResponseRows | undefined;
  /** p_{t+1}. */
  readonly next: ResponseRows;
  /** What stands at each token; losses are known with them and a start. */
  readonly labels?: readonly number[] | undefined;
}

/** The terms of a certificate, in float64. */
export function stepColumns(
  rows: StepRows,
  setting: AnchorSetting,
): {
  readonly step: StepColumns;
  readonly start: StartColumns | undefined;
  readonly losses: LossColumns | undefined;
} {
  const { alpha, interpolation } = setting;
  const tokens = rows.snapshot.starts.at(-1) ?? 0;
  const column = (): Column => new Float64Array(tokens);
  const step = {
    ...{ stepKl: column(), referenceKl: column(), bound: column() },
    ...{ anchorKl: column(), delta: column(), eta: column() },
    ...(interpolation === "logit" && !rows.anchor && { psi: column() }),
  };
  const start = rows.start && { travelled: column(), whole: column(), error: column() };
  const { labels } = rows;
  const losses: LossColumns | undefined = start &&
    labels && {
      ...{ start: column(), snapshot: column(), reference: column() },
      ...{ anchor: column(), next: column() },
    };
  const scratch = new Float64Array(rows.snapshot.vocabSize);
  for (const { token, p, s, q, next, p0 } of distributions(rows, tokens, setting)) {
    const referenceKl = expectedRatio(p, p, s);
    step.stepKl[token] = expectedRatio(p, p, next);
    step.referenceKl[token] = referenceKl;
    step.bound[token] = alpha * referenceKl;
    step.anchorKl[token] = expectedRatio(p, p, q);
    step.delta[token] = expectedRatio(p, q, next);
    step.eta[token] = expectedRatio(q, q, next);
    if (step.psi) step.psi[token] = logPartitionOf(p, s, alpha, scratch);
    if (!start || !p0) continue;
    start.travelled[token] = expectedRatio(p0, p0, next);
    start.whole[token] = expectedRatio(p0, p0, s);
    start.error[token] = expectedRatio(p0, q, next);
    if (!losses || !labels) continue;
    const loss = (logP: Float64Array): number => -at(logP, at(labels, token));
    losses.start[token] = loss(p0);
    losses.snapshot[token] = loss(p);
    losses.reference[token] = loss(s);
    losses.anchor[token] = loss(q);
    losses.next[token] = loss(next);
  }
  return { step, start, losses };
}

/** Log-probabilities at one token; overwritten at the next. */
interface Distributions {
  readonly token: number;
  readonly p: Float64Array;
  readonly s: Float64Array;
  readonly q: Float64Array;
  readonly next: Float64Array;
  readonly p0: Float64Array | undefined;
}

function* distributions(
  { start, snapshot, reference, anchor, next }: StepRows,
  tokens: number,
  { alpha, interpolation, temperature }: AnchorSetting,
): Generator<Distributions> {
  const row = (): Float64Array => new Float64Array(snapshot.vocabSize);
  const at = { p: row(), s: row(), q: row(), next: row(), p0: start && row() };
  const mix: MixRow = interpolateRow(interpolation, alpha);
  const tempered = ({ data }: ResponseRows): TemperedRows => ({ data, temperature });
  for (let token = 0; token < tokens; token++) {
    logSoftmaxRow(tempered(snapshot), token, at.p);
    logSoftmaxRow(tempered(reference), token, at.s);
    logSoftmaxRow(tempered(next), token, at.next);
    if (start && at.p0) logSoftmaxRow(tempered(start), token, at.p0);
    if (anchor) logSoftmaxRow(tempered(anchor), token, at.q);
    else mix(at.p, at.s, at.q);
    yield { token, ...at };
  }
}

/** psi(alpha) = log Σ p^(1−alpha)·s^alpha; writes into `scratch`. */
function logPartitionOf(
  logP: Float64Array,
  logS: Float64Array,
  alpha: number,
  scratch: Float64Array,
): number {
  if (alpha === 0 || alpha === 1) scratch.set(alpha === 0 ? logP : logS);
  else
    for (let v = 0; v < scratch.length; v++)
      scratch[v] = (1 - alpha) * (logP[v] as number) + alpha * (logS[v] as number);
  return normalize(scratch);
}
