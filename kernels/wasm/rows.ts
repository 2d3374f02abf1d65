import { exp, log } from "./math";
import { loadRow, maxLanes, splat, storeRow, sumLanes } from "./simd";

// Passes over one row of `bytes`/4 numbers, shared by the kernels that work row by row.

/** Largest of x·scale. NaN is passed over; it comes back through the exponentials. */
export function rowMax(x: usize, bytes: usize, scale: f32): f32 {
  const factor = splat(scale);
  let most = splat(-Infinity);
  for (let i: usize = 0; i < bytes; i += 16)
    most = f32x4.pmax(most, f32x4.mul(loadRow(x, i, bytes, NaN), factor));
  return maxLanes(most);
}

/** Writes e^(x·scale − shift) and returns the sum; scale ≠ 0. */
export function expRow(y: usize, x: usize, bytes: usize, scale: f32, shift: f32): f32 {
  const factor = splat(scale);
  const offset = splat(shift);
  const nothing: f32 = scale > 0 ? -Infinity : Infinity;
  let sum = splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const v = loadRow(x, i, bytes, nothing);
    const e = exp(f32x4.sub(f32x4.mul(v, factor), offset));
    storeRow(y, i, bytes, e);
    sum = f32x4.add(sum, e);
  }
  return sumLanes(sum);
}

/** Σ e^(x − shift). */
export function sumExp(x: usize, bytes: usize, shift: f32): f32 {
  const offset = splat(shift);
  let sum = splat(0);
  for (let i: usize = 0; i < bytes; i += 16)
    sum = f32x4.add(sum, exp(f32x4.sub(loadRow(x, i, bytes, -Infinity), offset)));
  return sumLanes(sum);
}

/** Σ x, in eight running sums. */
export function rowSum(x: usize, bytes: usize): f32 {
  const pairs = bytes & ~31;
  let even = splat(0);
  let odd = splat(0);
  let i: usize = 0;
  for (; i < pairs; i += 32) {
    even = f32x4.add(even, v128.load(x + i));
    odd = f32x4.add(odd, v128.load(x + i, 16));
  }
  for (; i < bytes; i += 16) even = f32x4.add(even, loadRow(x, i, bytes, 0));
  return sumLanes(f32x4.add(even, odd));
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
