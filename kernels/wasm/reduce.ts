import { MAX_COLUMNS, SUM_COLUMNS } from "./abi";
import { buffer, word } from "./control";
import { rowSum } from "./rows";
import { loadRow, splat, storeRow } from "./simd";
import { unitEnd, unitStart } from "./tasks";

/** Sums of rows. Arguments: rows, rows a task, bytes of a row, then buffers, the result first. */
export function sumRows(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, 2);
  for (let row = from; row < to; row++)
    store<f32>(
      buffer(args, 3) + (<usize>row << 2),
      rowSum(buffer(args, 4) + <usize>row * bytes, bytes),
    );
}

export function maxRows(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, 2);
  for (let row = from; row < to; row++) {
    const x = buffer(args, 4) + <usize>row * bytes;
    let most = splat(-Infinity);
    for (let i: usize = 0; i < bytes; i += 16)
      most = f32x4.max(most, loadRow(x, i, bytes, -Infinity));
    const pairs = f32x4.max(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
    const y = max<f32>(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
    store<f32>(buffer(args, 3) + (<usize>row << 2), y);
  }
}

// @ts-ignore: decorator
@inline
function combine(op: i32, a: v128, b: v128): v128 {
  return op == MAX_COLUMNS ? f32x4.max(a, b) : f32x4.add(a, b);
}

/** Reduces the middle axis of [outer, n, inner]; a unit is a block of 16 columns of one outer index.
 * Arguments: units, units a task, n, bytes of inner, then buffers, the result first. */
// @ts-ignore: decorator
@inline
function columns(op: i32, args: usize, task: i32): void {
  const n = word(args, 2);
  const stride = <usize>word(args, 3);
  const blocks = (stride + 63) >> 6;
  const none = splat(op == MAX_COLUMNS ? -Infinity : 0);
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  for (let unit = from; unit < to; unit++) {
    const outer = <usize>unit / blocks;
    const at = (<usize>unit % blocks) << 6;
    const y = buffer(args, 4) + outer * stride;
    let x = buffer(args, 5) + outer * stride * <usize>n + at;
    let all0 = none;
    let all1 = none;
    let all2 = none;
    let all3 = none;
    // Sums of 64 rows are added to the whole: the rounding error grows with n/64 + 64, not with n.
    for (let i = 0; i < n; i += 64) {
      const some = min<i32>(64, n - i);
      let a0 = none;
      let a1 = none;
      let a2 = none;
      let a3 = none;
      for (let j = 0; j < some; j++, x += stride) {
        a0 = combine(op, a0, v128.load(x));
        a1 = combine(op, a1, v128.load(x, 16));
        a2 = combine(op, a2, v128.load(x, 32));
        a3 = combine(op, a3, v128.load(x, 48));
      }
      all0 = combine(op, all0, a0);
      all1 = combine(op, all1, a1);
      all2 = combine(op, all2, a2);
      all3 = combine(op, all3, a3);
    }
    storeRow(y, at, stride, all0);
    if (at + 16 < stride) storeRow(y, at + 16, stride, all1);
    if (at + 32 < stride) storeRow(y, at + 32, stride, all2);
    if (at + 48 < stride) storeRow(y, at + 48, stride, all3);
  }
}

export function sumColumns(args: usize, task: i32): void {
  columns(SUM_COLUMNS, args, task);
}
export function maxColumns(args: usize, task: i32): void {
  columns(MAX_COLUMNS, args, task);
}

/** Index of the first largest element of the middle axis of [outer, n, inner]. Arguments: results,
 * results a task, n, inner, then buffers, the result first. */
export function argmax(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const n = word(args, 2);
  const inner = word(args, 3);
  const stride = <usize>inner << 2;
  for (let result = from; result < to; result++) {
    const first = (result / inner) * n * inner + (result % inner);
    let x = buffer(args, 5) + (<usize>first << 2);
    let most = load<f32>(x);
    let at = 0;
    for (let i = 1; i < n; i++) {
      x += stride;
      const v = load<f32>(x);
      if (v > most) {
        most = v;
        at = i;
      }
    }
    store<i32>(buffer(args, 4) + (<usize>result << 2), at);
  }
}
