import { expUpTo88, log } from "../elements/math";
import { highHalf, inside, loadRow, maxLanes, splat, storeRow, sumLanes } from "../simd";

// Passes over one row of `bytes`/4 numbers, shared by the kernels that work row by row.

/** Bytes of a row that are summed one by one: sums of such blocks are added up apart, so that
 * rounding grows with 64 + V/256 and not with V/4, the number of terms in a lane. */
const BLOCK: usize = 1024;

// @ts-ignore: decorator
@inline
export function blockEnd(from: usize, bytes: usize): usize {
  return min(from + BLOCK, bytes);
}

/** Largest of x·scale. NaN is passed over; it comes back through the exponentials. */
export function rowMax(x: usize, bytes: usize, scale: f32): f32 {
  const factor = splat(scale);
  let most = splat(-Infinity);
  for (let i: usize = 0; i < bytes; i += 16)
    most = f32x4.pmax(most, f32x4.mul(loadRow(x, i, bytes, NaN), factor));
  return maxLanes(most);
}

/** Writes e^(x·scale − shift), which is at most 1, and returns the sum; scale ≠ 0. */
export function expRow(y: usize, x: usize, bytes: usize, scale: f32, shift: f32): f32 {
  const factor = splat(scale);
  const offset = splat(shift);
  const nothing: f32 = scale > 0 ? -Infinity : Infinity;
  let total = splat(0);
  let i: usize = 0;
  while (i < bytes) {
    let sum = splat(0);
    for (const end = blockEnd(i, bytes); i < end; i += 16) {
      const v = loadRow(x, i, bytes, nothing);
      const e = expUpTo88(f32x4.sub(f32x4.mul(v, factor), offset));
      storeRow(y, i, bytes, e);
      sum = f32x4.add(sum, e);
    }
    total = f32x4.add(total, sum);
  }
  return sumLanes(total);
}

/** Σ e^(x − shift), where x − shift ≤ 88. */
export function sumExp(x: usize, bytes: usize, shift: f32): f32 {
  const offset = splat(shift);
  let total = splat(0);
  let i: usize = 0;
  while (i < bytes) {
    let sum = splat(0);
    for (const end = blockEnd(i, bytes); i < end; i += 16)
      sum = f32x4.add(sum, expUpTo88(f32x4.sub(loadRow(x, i, bytes, -Infinity), offset)));
    total = f32x4.add(total, sum);
  }
  return sumLanes(total);
}

// @ts-ignore: decorator
@inline
function lanesOf(low: v128, high: v128): f64 {
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Σ x in float64: a sum that cancels keeps its digits. */
export function rowSum(x: usize, bytes: usize): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const v = loadRow(x, i, bytes, 0);
    low = f64x2.add(low, f64x2.promote_low_f32x4(v));
    high = f64x2.add(high, f64x2.promote_low_f32x4(highHalf(v)));
  }
  return lanesOf(low, high);
}

/** Σ (x·factor)², each square rounded to float32 as it would be if it were stored, summed as by `rowSum`. */
export function rowSquares(x: usize, bytes: usize, factor: f32): f64 {
  const scale = splat(factor);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const v = f32x4.mul(v128.load(x + i), scale);
    let square = f32x4.mul(v, v);
    if (bytes - i < 16) square = v128.and(square, inside(bytes - i));
    low = f64x2.add(low, f64x2.promote_low_f32x4(square));
    high = f64x2.add(high, f64x2.promote_low_f32x4(highHalf(square)));
  }
  return lanesOf(low, high);
}

/** Multiplies a row in place. */
export function scaleRow(y: usize, bytes: usize, scale: f32): void {
  const factor = splat(scale);
  for (let i: usize = 0; i < bytes; i += 16)
    storeRow(y, i, bytes, f32x4.mul(v128.load(y + i), factor));
}

/** Zeros from byte `from` to the end of a row. */
export function clearRow(y: usize, from: usize, bytes: usize): void {
  for (let i = from; i < bytes; i += 16) storeRow(y, i, bytes, splat(0));
}

/** Natural logarithm of one number. */
export function logOf(x: f32): f32 {
  return f32x4.extract_lane(log(splat(x)), 0);
}
