import { ROW_BYTES, ROW_FACTOR, ROW_FACTOR_RESULT, ROW_RESULT } from "../abi";
import { buffer, float, word } from "../control";
import { exp } from "../elements/math";
import { clearRow, expRow, logOf, rowMax, rowSum, scaleRow, sumExp } from "./rows";
import { loadRow, madd, nmadd, splat, storeRow, sumLanes } from "../simd";
import { unitEnd, unitStart } from "../tasks";

// The factor is the scale. The result may lie over an input, since each vector is read before it is
// written.

export function softmax(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  const y = buffer(args, ROW_RESULT);
  const x = buffer(args, ROW_RESULT + 1);
  for (let row = from; row < to; row++) {
    const at = <usize>row * bytes;
    softmaxRow(y + at, x + at, bytes, 1);
  }
}

// @ts-ignore: decorator
@inline
export function softmaxRow(y: usize, x: usize, bytes: usize, scale: f32): void {
  const sum = expRow(y, x, bytes, scale, rowMax(x, bytes, scale));
  scaleRow(y, bytes, 1 / sum);
}

/** scale · y · (g − Σ g·y) */
export function softmaxGrad(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  for (let row = from; row < to; row++) {
    const at = <usize>row * bytes;
    gradRow(args, at, bytes);
  }
}

/** The same where y is 0 above the diagonal: neither g nor y is read there. */
export function causalSoftmaxGrad(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  const columns = <i32>(bytes >> 2);
  for (let row = from; row < to; row++) {
    const at = <usize>row * bytes;
    const seen = <usize>((row % columns) + 1) << 2;
    gradRow(args, at, seen);
    clearRow(buffer(args, ROW_FACTOR_RESULT) + at, seen, bytes);
  }
}

/** The first `bytes` of the row at `at`. */
// @ts-ignore: decorator
@inline
function gradRow(args: usize, at: usize, bytes: usize): void {
  const out = buffer(args, ROW_FACTOR_RESULT) + at;
  const g = buffer(args, ROW_FACTOR_RESULT + 1) + at;
  const y = buffer(args, ROW_FACTOR_RESULT + 2) + at;
  softmaxGradRow(out, g, y, bytes, float(args, ROW_FACTOR));
}

/** scale · y · (g − Σ g·y) for one row; it may be written over g. */
// @ts-ignore: decorator
@inline
export function softmaxGradRow(out: usize, g: usize, y: usize, bytes: usize, factor: f32): void {
  const scale = splat(factor);
  let dots = splat(0);
  for (let i: usize = 0; i < bytes; i += 16)
    dots = madd(loadRow(g, i, bytes, 0), loadRow(y, i, bytes, 0), dots);
  const dot = splat(sumLanes(dots));
  for (let i: usize = 0; i < bytes; i += 16) {
    const through = f32x4.mul(v128.load(y + i), f32x4.sub(v128.load(g + i), dot));
    storeRow(out, i, bytes, f32x4.mul(through, scale));
  }
}

export function logSoftmax(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  for (let row = from; row < to; row++) {
    const y = buffer(args, ROW_RESULT) + <usize>row * bytes;
    const x = buffer(args, ROW_RESULT + 1) + <usize>row * bytes;
    const most = rowMax(x, bytes, 1);
    const shift = splat(most);
    const logSum = splat(logOf(sumExp(x, bytes, most)));
    for (let i: usize = 0; i < bytes; i += 16)
      storeRow(y, i, bytes, f32x4.sub(f32x4.sub(v128.load(x + i), shift), logSum));
  }
}

/** g − e^y · Σ g */
export function logSoftmaxGrad(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  for (let row = from; row < to; row++) {
    const at = <usize>row * bytes;
    const out = buffer(args, ROW_RESULT) + at;
    const g = buffer(args, ROW_RESULT + 1) + at;
    const y = buffer(args, ROW_RESULT + 2) + at;
    const sum = splat(<f32>rowSum(g, bytes));
    for (let i: usize = 0; i < bytes; i += 16)
      storeRow(out, i, bytes, nmadd(exp(v128.load(y + i)), sum, v128.load(g + i)));
  }
}

/** Softmax of scale · x over the first t + 1 of T columns, where t is the row modulo T. */
export function causalSoftmax(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  const columns = <i32>(bytes >> 2);
  const scale = float(args, ROW_FACTOR);
  for (let row = from; row < to; row++) {
    const y = buffer(args, ROW_FACTOR_RESULT) + <usize>row * bytes;
    const x = buffer(args, ROW_FACTOR_RESULT + 1) + <usize>row * bytes;
    const seen = <usize>((row % columns) + 1) << 2;
    softmaxRow(y, x, seen, scale);
    clearRow(y, seen, bytes);
  }
}
