import { LOWER_A, LOWER_RESULT } from "../abi";
import { buffer, float, word } from "../control";
import { describe, multiply } from "./matmul";
import { clearRow } from "../rows/rows";
import { softmaxGradRow, softmaxRow } from "../rows/softmax";
import { unitEnd, unitStart } from "../tasks";

// softmax(scale · q · kᵀ) · v, position t seeing the positions ≤ t, for blocks of rows: their weights
// live in a thread's part of a scratch buffer and are computed again for the gradient.
// Arguments: units, units a task, T, D, query heads, key/value heads, rows of a block, scale, elements
// of one task's scratch, then buffers: result, q, k, v, [g,] scratch.

let T: i32 = 0;
let D: i32 = 0;
/** Bytes of a row of weights, and of a row and a matrix of q, k or v. */
let wide: usize = 0;
let narrow: usize = 0;
let size: usize = 0;

function begin(args: usize): void {
  T = word(args, 2);
  D = word(args, 3);
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
  const heads = word(args, 4);
  const groups = word(args, 5);
  const rows = word(args, 6);
  const blocks = (T + rows - 1) / rows;
  const scratch = buffer(args, 13) + ((<usize>task * <usize>word(args, 8)) << 2);
  for (let unit = from; unit < to; unit++) {
    const head = unit / blocks;
    const group = (head / heads) * groups + (head % heads) / (heads / groups);
    const i0 = (unit % blocks) * rows;
    const i1 = min<i32>(T, i0 + rows);
    const weights = scratch - <usize>i0 * wide;
    const q = buffer(args, 10) + <usize>head * size;
    weigh(weights, q, buffer(args, 11) + <usize>group * size, i0, i1, float(args, 7));
    const y = buffer(args, 9) + <usize>head * size;
    mix(y, weights, buffer(args, 12) + <usize>group * size, i0, i1);
  }
}

/** The cotangents of q, k and v, one after the other. A unit is a key/value head with the query heads
 * that it serves, so that one thread adds up its gradients. */
export function causalAttentionGrad(args: usize, task: i32): void {
  begin(args);
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const heads = word(args, 4);
  const groups = word(args, 5);
  const each = heads / groups;
  const all = word(args, 0);
  const dq = buffer(args, 9);
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
  const rows = word(args, 6);
  const scale = float(args, 7);
  const part = <usize>word(args, 8) << 2;
  const scratch = buffer(args, 14) + <usize>task * part;
  const at = <usize>head * size;
  const q = buffer(args, 10) + at;
  const k = buffer(args, 11) + group;
  const g = buffer(args, 13) + at;
  for (let i0 = 0; i0 < T; i0 += rows) {
    const i1 = min<i32>(T, i0 + rows);
    const weights = scratch - <usize>i0 * wide;
    const slopes = weights + (part >> 1);
    weigh(weights, q, k, i0, i1, scale);
    scores(slopes, g, buffer(args, 12) + group, i0, i1);
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
