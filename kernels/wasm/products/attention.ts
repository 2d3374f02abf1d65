import {
  ALL,
  ATTENTION_BLOCK_ROWS,
  ATTENTION_D,
  ATTENTION_GROUPS,
  ATTENTION_HEADS,
  ATTENTION_PART,
  ATTENTION_RESULT,
  ATTENTION_SCALE,
  ATTENTION_T,
  LOWER_A,
  LOWER_RESULT,
} from "../abi";
import { buffer, float, word } from "../control";
import { describe, multiply } from "./matmul";
import { clearRow } from "../rows/rows";
import { softmaxGradRow, softmaxRow } from "../rows/softmax";
import { unitEnd, unitStart } from "../tasks";

// softmax(scale · q · kᵀ) · v, position t seeing the positions ≤ t, for blocks of rows: their weights
// live in a thread's part of a scratch buffer and are computed again for the gradient.

let T: i32 = 0;
let D: i32 = 0;
/** Bytes of a row of weights, and of a row and a matrix of q, k or v. */
let wide: usize = 0;
let narrow: usize = 0;
let size: usize = 0;

function begin(args: usize): void {
  T = word(args, ATTENTION_T);
  D = word(args, ATTENTION_D);
  wide = <usize>T << 2;
  narrow = <usize>D << 2;
  size = <usize>T * narrow;
}

/** Rows [i0, i1) of the weights, which begin at `p` with row 0. */
function weigh(p: usize, q: usize, k: usize, i0: i32, i1: i32, scale: f32): void {
  scores(p, q, k, i0, i1);
  for (let i = i0; i < i1; i++) {
    const row = p + <usize>i * wide;
    const seen = <usize>(i + 1) << 2;
    softmaxRow(row, row, seen, scale);
    clearRow(row, seen, <usize>i1 << 2);
  }
}

/** Rows [i0, i1) of a · bᵀ, up to the diagonal. */
function scores(p: usize, a: usize, b: usize, i0: i32, i1: i32): void {
  describe(0, D, false, true, narrow, narrow, wide);
  multiply(p, a, b, i0, i1, i1, LOWER_RESULT, T, false);
}

/** Rows [i0, i1) of w · x, w zero above the diagonal. */
function mix(y: usize, w: usize, x: usize, i0: i32, i1: i32): void {
  describe(0, i1, false, false, wide, narrow, narrow);
  multiply(y, w, x, i0, i1, D, LOWER_A, T, false);
}

/** Adds wᵀ · x for rows [i0, i1) of w, zero above the diagonal, and of x. */
function mixBack(y: usize, w: usize, x: usize, i0: i32, i1: i32): void {
  describe(i0, i1, true, false, wide, narrow, narrow);
  multiply(y, w, x, 0, i1, D, LOWER_A, T, true);
}

/** A unit is a block of rows of one query head. */
export function causalAttention(args: usize, task: i32): void {
  begin(args);
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const heads = word(args, ATTENTION_HEADS);
  const groups = word(args, ATTENTION_GROUPS);
  const rows = word(args, ATTENTION_BLOCK_ROWS);
  const blocks = (T + rows - 1) / rows;
  const scratch = buffer(args, ATTENTION_RESULT + 4) + ((<usize>task * <usize>word(args, ATTENTION_PART)) << 2);
  for (let unit = from; unit < to; unit++) {
    const head = unit / blocks;
    const group = (head / heads) * groups + (head % heads) / (heads / groups);
    const i0 = (unit % blocks) * rows;
    const i1 = min<i32>(T, i0 + rows);
    const weights = scratch - <usize>i0 * wide;
    const q = buffer(args, ATTENTION_RESULT + 1) + <usize>head * size;
    weigh(weights, q, buffer(args, ATTENTION_RESULT + 2) + <usize>group * size, i0, i1, float(args, ATTENTION_SCALE));
    const y = buffer(args, ATTENTION_RESULT) + <usize>head * size;
    mix(y, weights, buffer(args, ATTENTION_RESULT + 3) + <usize>group * size, i0, i1);
  }
}

/** The cotangents of q, k and v, one after the other. A unit is a key/value head with the query heads
 * that it serves, so that one thread adds up its gradients. */
export function causalAttentionGrad(args: usize, task: i32): void {
  begin(args);
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const heads = word(args, ATTENTION_HEADS);
  const groups = word(args, ATTENTION_GROUPS);
  const each = heads / groups;
  const all = word(args, ALL);
  const dq = buffer(args, ATTENTION_RESULT);
  const dk = dq + <usize>(all * each) * size;
  const dv = dk + <usize>all * size;
  for (let group = from; group < to; group++) {
    const at = <usize>group * size;
    clearRow(dk + at, 0, size);
    clearRow(dv + at, 0, size);
    for (let i = 0; i < each; i++) headGrad(args, task, group * each + i, at, dq, dk + at, dv + at);
  }
}

function headGrad(
  args: usize,
  task: i32,
  head: i32,
  group: usize,
  dq: usize,
  dk: usize,
  dv: usize,
): void {
  const rows = word(args, ATTENTION_BLOCK_ROWS);
  const scale = float(args, ATTENTION_SCALE);
  const part = <usize>word(args, ATTENTION_PART) << 2;
  const scratch = buffer(args, ATTENTION_RESULT + 5) + <usize>task * part;
  const at = <usize>head * size;
  const q = buffer(args, ATTENTION_RESULT + 1) + at;
  const k = buffer(args, ATTENTION_RESULT + 2) + group;
  const g = buffer(args, ATTENTION_RESULT + 4) + at;
  for (let i0 = 0; i0 < T; i0 += rows) {
    const i1 = min<i32>(T, i0 + rows);
    const weights = scratch - <usize>i0 * wide;
    const slopes = weights + (part >> 1);
    weigh(weights, q, k, i0, i1, scale);
    scores(slopes, g, buffer(args, ATTENTION_RESULT + 3) + group, i0, i1);
    mixBack(dv, weights, g, i0, i1);
    for (let i = i0; i < i1; i++) {
      const row = <usize>i * wide;
      const seen = <usize>(i + 1) << 2;
      softmaxGradRow(slopes + row, slopes + row, weights + row, seen, scale);
      clearRow(slopes + row, seen, <usize>i1 << 2);
    }
    mix(dq + at, slopes, k, i0, i1);
    mixBack(dk, slopes, q, i0, i1);
  }
}
