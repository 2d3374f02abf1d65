import {
  ARGMAX_INNER,
  ARGMAX_LENGTH,
  ARGMAX_RESULT,
  COLUMN_LENGTH,
  COLUMN_RESULT,
  COLUMN_STRIDE,
  COLUMNS,
  ROW_BYTES,
  ROW_RESULT,
  SQUARES_RESULT,
  SQUARES_SCALED,
} from "../abi";
import { buffer, word } from "../control";
import { rowSquares, rowSum } from "./rows";
import { highHalf, loadRow, maxLanes, splat, storeRow } from "../simd";
import { unitEnd, unitStart } from "../tasks";

/** Bytes of the columns that a unit does. */
const BLOCK_BYTES: usize = 4 * COLUMNS;

/** Sums of rows. */
export function sumRows(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  for (let row = from; row < to; row++)
    store<f32>(
      buffer(args, ROW_RESULT) + (<usize>row << 2),
      <f32>rowSum(buffer(args, ROW_RESULT + 1) + <usize>row * bytes, bytes),
    );
}

/** Sums of the squares of rows, of their numbers times one for all where there is such a one. */
export function sumSquares(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  const factor: f32 = word(args, SQUARES_SCALED) ? load<f32>(buffer(args, SQUARES_RESULT + 2)) : 1;
  for (let row = from; row < to; row++)
    store<f32>(
      buffer(args, SQUARES_RESULT) + (<usize>row << 2),
      <f32>rowSquares(buffer(args, SQUARES_RESULT + 1) + <usize>row * bytes, bytes, factor),
    );
}

export function maxRows(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  for (let row = from; row < to; row++) {
    const x = buffer(args, ROW_RESULT + 1) + <usize>row * bytes;
    let most = splat(-Infinity);
    for (let i: usize = 0; i < bytes; i += 16)
      most = f32x4.max(most, loadRow(x, i, bytes, -Infinity));
    store<f32>(buffer(args, ROW_RESULT) + (<usize>row << 2), maxLanes(most));
  }
}

/** Sums the middle axis of [outer, n, inner] in float64; a unit is a block of columns of one
 * outer index. */
export function sumColumns(args: usize, task: i32): void {
  const n = word(args, COLUMN_LENGTH);
  const stride = <usize>word(args, COLUMN_STRIDE);
  const blocks = (stride + BLOCK_BYTES - 1) / BLOCK_BYTES;
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  for (let unit = from; unit < to; unit++) {
    const outer = <usize>unit / blocks;
    const at = (<usize>unit % blocks) * BLOCK_BYTES;
    const y = buffer(args, COLUMN_RESULT) + outer * stride;
    let x = buffer(args, COLUMN_RESULT + 1) + outer * stride * <usize>n + at;
    let a = f64x2.splat(0);
    let b = f64x2.splat(0);
    let c = f64x2.splat(0);
    let d = f64x2.splat(0);
    for (let i = 0; i < n; i++, x += stride) {
      const low = v128.load(x);
      const high = v128.load(x, 16);
      a = f64x2.add(a, f64x2.promote_low_f32x4(low));
      b = f64x2.add(b, f64x2.promote_low_f32x4(highHalf(low)));
      c = f64x2.add(c, f64x2.promote_low_f32x4(high));
      d = f64x2.add(d, f64x2.promote_low_f32x4(highHalf(high)));
    }
    storeRow(y, at, stride, narrow(a, b));
    if (at + 16 < stride) storeRow(y, at + 16, stride, narrow(c, d));
  }
}

/** Four float64 numbers rounded to float32. */
// @ts-ignore: decorator
@inline
function narrow(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(
    f32x4.demote_f64x2_zero(low),
    f32x4.demote_f64x2_zero(high),
    0,
    1,
    4,
    5,
  );
}

/** Largest along the middle axis; units as in sumColumns. */
export function maxColumns(args: usize, task: i32): void {
  const n = word(args, COLUMN_LENGTH);
  const stride = <usize>word(args, COLUMN_STRIDE);
  const blocks = (stride + BLOCK_BYTES - 1) / BLOCK_BYTES;
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  for (let unit = from; unit < to; unit++) {
    const outer = <usize>unit / blocks;
    const at = (<usize>unit % blocks) * BLOCK_BYTES;
    const y = buffer(args, COLUMN_RESULT) + outer * stride;
    let x = buffer(args, COLUMN_RESULT + 1) + outer * stride * <usize>n + at;
    let low = splat(-Infinity);
    let high = splat(-Infinity);
    for (let i = 0; i < n; i++, x += stride) {
      low = f32x4.max(low, v128.load(x));
      high = f32x4.max(high, v128.load(x, 16));
    }
    storeRow(y, at, stride, low);
    if (at + 16 < stride) storeRow(y, at + 16, stride, high);
  }
}

/** Index of the first largest element of the middle axis of [outer, n, inner], or of the first NaN
 * where there is one. */
export function argmax(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const n = word(args, ARGMAX_LENGTH);
  const inner = word(args, ARGMAX_INNER);
  const stride = <usize>inner << 2;
  for (let result = from; result < to; result++) {
    const first = (result / inner) * n * inner + (result % inner);
    let x = buffer(args, ARGMAX_RESULT + 1) + (<usize>first << 2);
    let most = load<f32>(x);
    let at = 0;
    for (let i = 1; i < n && most == most; i++) {
      x += stride;
      const v = load<f32>(x);
      if (!(v <= most)) {
        most = v;
        at = i;
      }
    }
    store<i32>(buffer(args, ARGMAX_RESULT) + (<usize>result << 2), at);
  }
}
