import { logSoftmaxRow } from "../../anchored/targets/hostRows.ts";
import { anchorRows, type ResponseRows } from "../../anchored/targets/responseRows.ts";
import { exp } from "../../tensor/portable.ts";
import { at } from "../../tensor/shapes.ts";
import type { Closeness } from "../measurements.ts";
import type { RowRecipe, TuningSettings } from "../recipe.ts";

/** Log-probabilities at every response token of some examples, in float64. */
export interface LogProbRows extends ResponseRows {
  readonly data: Float64Array;
}

/** log softmax of each row, in float64. */
export function logProbRows({ data, vocabSize, starts }: ResponseRows): LogProbRows {
  const rows = new Float64Array(data.length);
  for (let row = 0; row * vocabSize < data.length; row++)
    logSoftmaxRow({ data, temperature: 1 }, row, rowAt(rows, vocabSize, row));
  return { vocabSize, starts, data: rows };
}

/** Log-probabilities of a row's anchor between those of a snapshot and of p_sft. */
export function anchorOf(
  row: RowRecipe,
  alpha: number,
  snapshot: LogProbRows,
  reference: LogProbRows,
): LogProbRows {
  const { interpolation = "logit", temperature = 1 } = row as TuningSettings;
  return logProbRows(anchorRows(snapshot, reference, { alpha, interpolation, temperature }));
}

export const tokensOf = ({ starts }: ResponseRows): number => starts.at(-1) as number;

const rowAt = (data: Float64Array, vocabSize: number, token: number): Float64Array =>
  data.subarray(token * vocabSize, (token + 1) * vocabSize);

/** One row, [V]. */
export const rowOf = ({ data, vocabSize }: LogProbRows, token: number): Float64Array =>
  rowAt(data, vocabSize, token);

/** Other models, at the same tokens as the student. */
export interface Compared<Rows> {
  readonly base: Rows;
  /** p_sft. */
  readonly reference?: Rows | undefined;
  readonly anchor?: Rows | undefined;
}

/** Sizes k of the sets of likeliest tokens whose overlap with the base's is measured. */
export const OVERLAPS: readonly number[] = [1, 4, 16];

/**
 * Compares a student with other models, token by token.
 * @param student log-probabilities in any number of parts, with at least one token between them
 * @param others the same parts of what it is compared with
 * @returns means over all tokens of all parts
 */
export function closeness(
  student: readonly LogProbRows[],
  others: Compared<readonly LogProbRows[]>,
): Closeness {
  const tokens = student.reduce((count, rows) => count + tokensOf(rows), 0);
  const mean = (sum: (p: LogProbRows, part: number) => number): number =>
    student.reduce((total, rows, part) => total + sum(rows, part), 0) / tokens;
  const { base, reference, anchor } = others;
  const shares = student.map((rows, part) => sharedSums(rows, at(base, part)));
  return {
    klFromBase: mean((rows, part) => klSum(at(base, part), rows)),
    klToBase: mean((rows, part) => klSum(rows, at(base, part))),
    ...(reference && {
      klToReference: mean((rows, part) => klSum(rows, at(reference, part))),
    }),
    ...(anchor && { klFromAnchor: mean((rows, part) => klSum(at(anchor, part), rows)) }),
    entropy: mean(entropySum),
    overlap: Object.fromEntries(
      OVERLAPS.map((k, i) => [k, mean((_, part) => shares[part]?.[i] as number)]),
    ),
  };
}

// The loops below go over every token and symbol at each probe: indices are in range by their
// bounds, and casts cost nothing where a checked look-up would.

/** KL(p ‖ q), nats, summed over tokens. */
function klSum({ data: p }: LogProbRows, { data: q }: LogProbRows): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++)
    sum += exp(p[i] as number) * ((p[i] as number) - (q[i] as number));
  return sum;
}

function entropySum({ data: p }: LogProbRows): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum -= exp(p[i] as number) * (p[i] as number);
  return sum;
}

/** For each k, the share of one model's k likeliest tokens that are among the other's, summed over
 * tokens. */
function sharedSums(mine: LogProbRows, theirs: LogProbRows): number[] {
  const most = Math.max(...OVERLAPS);
  const sums = OVERLAPS.map(() => 0);
  for (let token = 0; token < tokensOf(mine); token++) {
    const wanted = likeliest(rowOf(theirs, token), most);
    const found = likeliest(rowOf(mine, token), most);
    OVERLAPS.forEach((k, i) => {
      const shared = wanted.slice(0, k).filter((id) => found.slice(0, k).includes(id)).length;
      sums[i] = (sums[i] as number) + shared / Math.min(k, wanted.length);
    });
  }
  return sums;
}

/** The k likeliest tokens, the likeliest first and of equals the one with the smallest id. */
export function likeliest(row: ArrayLike<number>, k: number): number[] {
  const chosen: number[] = [];
  for (let id = 0; id < row.length; id++) {
    let place = chosen.length;
    while (place > 0 && (row[id] as number) > (row[chosen[place - 1] as number] as number)) place--;
    if (place >= k) continue;
    chosen.splice(place, 0, id);
    chosen.length = Math.min(chosen.length, k);
  }
  return chosen;
}

/** Mean of −log p(right token), nats, over the tokens that count. */
export function meanLoss(
  rows: LogProbRows,
  labels: readonly number[],
  counts: (token: number) => boolean,
): number {
  let [sum, tokens] = [0, 0];
  labels.forEach((label, token) => {
    if (!counts(token)) return;
    sum -= rowOf(rows, token)[label] as number;
    tokens++;
  });
  return sum / tokens;
}
