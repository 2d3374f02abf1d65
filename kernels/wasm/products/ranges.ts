import {
  ALL,
  FEW_ROWS,
  FULL,
  LOWER_A,
  LOWER_RESULT,
  RANGE_BLOCK_ROWS,
  RANGE_D,
  RANGE_GROUPS,
  RANGE_HEADS,
  RANGE_PART,
  RANGE_RESULT,
  RANGE_S,
  RANGE_SCALE,
  RANGE_SOFTCAP,
  RANGE_T,
  RANGE_WINDOW,
} from "../abi";
import { buffer, float, reportBadId, word } from "../control";
import { dotRows } from "./dot";
import { tanh } from "../elements/math";
import { describe, multiply } from "./matmul";
import { clearRow } from "../rows/rows";
import { softmaxGradRow, softmaxRow } from "../rows/softmax";
import { splat, storeRow } from "../simd";
import { unitEnd, unitStart } from "../tasks";

// Attention of queries to ranges of slots, a block of queries at a time. Queries that stand side by side
// and whose ranges begin at the same slot are a run: causal attention within their segment, or the rest
// of it, so that nothing outside is touched. A query on its own, as in decoding, takes all the query heads
// of its key/value head as the rows of a product.

let T: i32 = 0;
let S: i32 = 0;
let D: i32 = 0;
/** Query heads of a key/value head. */
let each: i32 = 0;
let groups: i32 = 0;
let rows: i32 = 0;
let scale: f32 = 0;
/** 0 for none. */
let softcap: f32 = 0;
/** 0 for none. */
let window: i32 = 0;
/** Bytes of a row of weights; of a row, of a query head's and of a key/value head's matrix. */
let wide: usize = 0;
let narrow: usize = 0;
let sizeQ: usize = 0;
let sizeK: usize = 0;
let slots: usize = 0;
let positions: usize = 0;

// The run: queries [first, end), which are rows [n0, n1) of a triangle whose column 0 is slot `base`.
let first: i32 = 0;
let end: i32 = 0;
let base: usize = 0;
let n0: i32 = 0;
let n1: i32 = 0;

function begin(args: usize): void {
  T = word(args, RANGE_T);
  S = word(args, RANGE_S);
  D = word(args, RANGE_D);
  groups = word(args, RANGE_GROUPS);
  each = word(args, RANGE_HEADS) / groups;
  rows = word(args, RANGE_BLOCK_ROWS);
  scale = float(args, RANGE_SCALE);
  softcap = float(args, RANGE_SOFTCAP);
  window = word(args, RANGE_WINDOW);
  wide = <usize>S << 2;
  narrow = <usize>D << 2;
  sizeQ = <usize>T * narrow;
  sizeK = <usize>S * narrow;
}

/** Turns to the sequence of a key/value head. */
function turnTo(args: usize, group: i32): void {
  const at = <usize>(group / groups) * (<usize>T << 2);
  slots = buffer(args, RANGE_RESULT + 4) + at;
  positions = buffer(args, RANGE_RESULT + 5) + at;
}

/** Finds the run that begins with query i, before `most`; false where its slot is none. */
function findRun(i: i32, most: i32): bool {
  first = i;
  end = i + 1;
  const slot = load<i32>(slots + (<usize>i << 2));
  const given = load<i32>(positions + (<usize>i << 2));
  if (<u32>slot >= <u32>S || given < 0) {
    reportBadId(given < 0 ? given : slot, S);
    return false;
  }
  const position = min<i32>(given, slot);
  if (given == position)
    while (
      end < most &&
      load<i32>(slots + (<usize>end << 2)) == slot + end - i &&
      load<i32>(positions + (<usize>end << 2)) == given + end - i &&
      slot + end - i < S
    )
      end++;
  const behind = firstSeen(position);
  base = <usize>(slot - position + behind) * narrow;
  n0 = position - behind;
  n1 = n0 + end - i;
  return true;
}

/** The first column that row n sees. */
// @ts-ignore: decorator
@inline
function firstSeen(n: i32): i32 {
  return window > 0 ? max<i32>(0, n - window + 1) : 0;
}

/** Rows of the run of a · bᵀ, up to the diagonal; `a` and `p` are where they begin. */
function scores(p: usize, a: usize, b: usize): void {
  const count = end - first;
  if (count <= FEW_ROWS) {
    dotRows(p, wide, a, narrow, b + base, narrow, count, n1, D);
    return;
  }
  const above = <usize>n0;
  describe(0, D, false, true, narrow, narrow, wide);
  multiply(p - above * wide, a - above * narrow, b + base, n0, n1, n1, LOWER_RESULT, S, false);
}

/** Rows of the run of w · x, w zero above the diagonal. */
function mix(y: usize, w: usize, x: usize): void {
  const above = <usize>n0;
  describe(0, n1, false, false, wide, narrow, narrow);
  multiply(y - above * narrow, w - above * wide, x + base, n0, n1, D, LOWER_A, S, false);
}

/** Adds wᵀ · x for the rows of the run of w, zero above the diagonal, and of x. */
function mixBack(y: usize, w: usize, x: usize): void {
  const above = <usize>n0;
  describe(n0, n1, true, false, wide, narrow, narrow);
  multiply(y + base, w - above * wide, x - above * narrow, 0, n1, D, LOWER_A, S, true);
}

/** The weights of row n from its products, zero where it sees nothing, and the turned scores. */
function weigh(row: usize, n: i32, turned: usize): void {
  const from = <usize>firstSeen(n) << 2;
  const seen = (<usize>(n + 1) << 2) - from;
  const at = row + from;
  if (softcap > 0) capRow(at, seen, turned == 0 ? 0 : turned + from);
  softmaxRow(at, at, seen, softcap > 0 ? 1 : scale);
  clearRow(row, 0, from);
  clearRow(row, from + seen, <usize>n1 << 2);
}

/** c · tanh(scale · x / c), in place; keeps the tanh where `turned` is not 0. */
function capRow(x: usize, bytes: usize, turned: usize): void {
  const cap = splat(softcap);
  const factor = splat(scale);
  for (let i: usize = 0; i < bytes; i += 16) {
    const t = tanh(f32x4.div(f32x4.mul(v128.load(x + i), factor), cap));
    if (turned != 0) storeRow(turned, i, bytes, t);
    storeRow(x, i, bytes, f32x4.mul(t, cap));
  }
}

/** A unit is a block of queries of the heads of one key/value head. */
export function rangeAttention(args: usize, task: i32): void {
  begin(args);
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const blocks = (T + rows - 1) / rows;
  const weights = buffer(args, RANGE_RESULT + 6) + ((<usize>task * <usize>word(args, RANGE_PART)) << 2);
  for (let unit = from; unit < to; unit++) {
    const group = unit / blocks;
    const i0 = (unit % blocks) * rows;
    const i1 = min<i32>(T, i0 + rows);
    turnTo(args, group);
    const heads = <usize>(group * each) * sizeQ;
    const y = buffer(args, RANGE_RESULT) + heads;
    const q = buffer(args, RANGE_RESULT + 1) + heads;
    const k = buffer(args, RANGE_RESULT + 2) + <usize>group * sizeK;
    const v = buffer(args, RANGE_RESULT + 3) + <usize>group * sizeK;
    for (let i = i0; i < i1; i = end) {
      const at = <usize>i * narrow;
      if (!findRun(i, i1)) clearHeads(y + at);
      else if (end - i == 1) attendAlone(y + at, q + at, k, v, weights);
      else attendRun(y + at, q + at, k, v, weights);
    }
  }
}

function clearHeads(y: usize): void {
  for (let j = 0; j < each; j++) clearRow(y + <usize>j * sizeQ, 0, narrow);
}

function attendAlone(y: usize, q: usize, k: usize, v: usize, weights: usize): void {
  dotRows(weights, wide, q, sizeQ, k + base, narrow, each, n1, D);
  for (let j = 0; j < each; j++) weigh(weights + <usize>j * wide, n0, 0);
  describe(0, n1, false, false, wide, narrow, sizeQ);
  multiply(y, weights, v + base, 0, each, D, FULL, 1, false);
}

function attendRun(y: usize, q: usize, k: usize, v: usize, weights: usize): void {
  for (let j = 0; j < each; j++) {
    const at = <usize>j * sizeQ;
    scores(weights, q + at, k);
    for (let n = n0; n < n1; n++) weigh(weights + <usize>(n - n0) * wide, n, 0);
    mix(y + at, weights, v);
  }
}

/** The cotangents of q, k and v, one after the other. A unit is a key/value head with the query heads
 * that it serves, so that one thread adds up its gradients. */
export function rangeAttentionGrad(args: usize, task: i32): void {
  begin(args);
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const dq = buffer(args, RANGE_RESULT);
  const all = word(args, ALL);
  const dk = dq + <usize>(all * each) * sizeQ;
  const dv = dk + <usize>all * sizeK;
  for (let group = from; group < to; group++) {
    turnTo(args, group);
    const at = <usize>group * sizeK;
    clearRow(dk + at, 0, sizeK);
    clearRow(dv + at, 0, sizeK);
    for (let j = 0; j < each; j++) headGrad(args, task, group * each + j, at, dq, dk + at, dv + at);
  }
}

function headGrad(
  args: usize,
  task: i32,
  head: i32,
  group: usize,
  allDq: usize,
  dk: usize,
  dv: usize,
): void {
  const part = <usize>word(args, RANGE_PART) << 2;
  const weights = buffer(args, RANGE_RESULT + 7) + <usize>task * part;
  const block = part / (softcap > 0 ? 3 : 2);
  const slopes = weights + block;
  const turned = softcap > 0 ? slopes + block : 0;
  const at = <usize>head * sizeQ;
  const k = buffer(args, RANGE_RESULT + 2) + group;
  const v = buffer(args, RANGE_RESULT + 3) + group;
  for (let i0 = 0; i0 < T; i0 += rows)
    for (let i = i0; i < min<i32>(T, i0 + rows); i = end) {
      const row = at + <usize>i * narrow;
      const q = buffer(args, RANGE_RESULT + 1) + row;
      const g = buffer(args, RANGE_RESULT + 6) + row;
      if (!findRun(i, min<i32>(T, i0 + rows))) {
        clearRow(allDq + row, 0, narrow);
        continue;
      }
      scores(weights, q, k);
      scores(slopes, g, v);
      for (let n = n0; n < n1; n++) {
        const to = <usize>(n - n0) * wide;
        weigh(weights + to, n, turned == 0 ? 0 : turned + to);
        slope(slopes + to, weights + to, n, turned == 0 ? 0 : turned + to);
      }
      mixBack(dv, weights, g);
      mix(allDq + row, slopes, k);
      mixBack(dk, slopes, q);
    }
}

/** The cotangents of the products of row n from those of its weights. */
function slope(row: usize, weights: usize, n: i32, turned: usize): void {
  const from = <usize>firstSeen(n) << 2;
  const seen = (<usize>(n + 1) << 2) - from;
  const at = row + from;
  softmaxGradRow(at, at, weights + from, seen, scale);
  if (turned != 0)
    for (let i: usize = 0; i < seen; i += 16) {
      const t = v128.load(turned + from + i);
      const flatter = f32x4.sub(splat(1), f32x4.mul(t, t));
      storeRow(at, i, seen, f32x4.mul(v128.load(at + i), flatter));
    }
  clearRow(row, 0, from);
  clearRow(row, from + seen, <usize>n1 << 2);
}
