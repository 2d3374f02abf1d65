import { BF16, F16 } from "../abi";
import { inside, madd, splat, splatBits } from "../simd";
import { magnitude, special } from "../storage";
import { storeSums } from "./dot";

/** One or two rows by up to four columns of bf16 or f16, as `dots` of floats.
 * @returns whether all is well: it is not where f16 has an infinity or NaN, and the sums are lost */
// @ts-ignore: decorator
@inline
export function dotHalves(
  storage: i32,
  rows: i32,
  c: usize,
  stepC: usize,
  apartC: usize,
  a: usize,
  stepA: usize,
  b: usize,
  apartB: usize,
  columns: i32,
  k: i32,
): bool {
  // Columns past the last are the first once more.
  const b1 = columns > 1 ? b + apartB : b;
  const b2 = columns > 2 ? b + 2 * apartB : b;
  const b3 = columns > 3 ? b + 3 * apartB : b;
  let x0 = splat(0);
  let x1 = splat(0);
  let x2 = splat(0);
  let x3 = splat(0);
  let y0 = splat(0);
  let y1 = splat(0);
  let y2 = splat(0);
  let y3 = splat(0);
  let largest = splat(0);
  let p: usize = 0;
  for (const whole = <usize>(k & ~7) << 1; p < whole; p += 16) {
    const v0 = v128.load(b + p);
    const v1 = v128.load(b1 + p);
    const v2 = v128.load(b2 + p);
    const v3 = v128.load(b3 + p);
    if (storage == F16) {
      const first = i16x8.max_u(magnitude(v0), magnitude(v1));
      largest = i16x8.max_u(largest, i16x8.max_u(first, i16x8.max_u(magnitude(v2), magnitude(v3))));
    }
    const lowx = v128.load(a + (p << 1));
    x0 = madd(lowx, low(storage, v0), x0);
    x1 = madd(lowx, low(storage, v1), x1);
    x2 = madd(lowx, low(storage, v2), x2);
    x3 = madd(lowx, low(storage, v3), x3);
    const highx = v128.load(a + (p << 1), 16);
    x0 = madd(highx, high(storage, v0), x0);
    x1 = madd(highx, high(storage, v1), x1);
    x2 = madd(highx, high(storage, v2), x2);
    x3 = madd(highx, high(storage, v3), x3);
    if (rows > 1) {
      const lowy = v128.load(a + stepA + (p << 1));
      y0 = madd(lowy, low(storage, v0), y0);
      y1 = madd(lowy, low(storage, v1), y1);
      y2 = madd(lowy, low(storage, v2), y2);
      y3 = madd(lowy, low(storage, v3), y3);
      const highy = v128.load(a + stepA + (p << 1), 16);
      y0 = madd(highy, high(storage, v0), y0);
      y1 = madd(highy, high(storage, v1), y1);
      y2 = madd(highy, high(storage, v2), y2);
      y3 = madd(highy, high(storage, v3), y3);
    }
  }
  for (const end = <usize>k << 1; p < end; p += 8) {
    // What follows the rows may be anything, NaN too: both factors become 0.
    const mask = inside((end - p) << 1);
    const within = inside16(end - p);
    const v0 = v128.and(v128.load64_zero(b + p), within);
    const v1 = v128.and(v128.load64_zero(b1 + p), within);
    const v2 = v128.and(v128.load64_zero(b2 + p), within);
    const v3 = v128.and(v128.load64_zero(b3 + p), within);
    if (storage == F16) {
      const first = i16x8.max_u(magnitude(v0), magnitude(v1));
      largest = i16x8.max_u(largest, i16x8.max_u(first, i16x8.max_u(magnitude(v2), magnitude(v3))));
    }
    const x = v128.and(v128.load(a + (p << 1)), mask);
    x0 = madd(x, low(storage, v0), x0);
    x1 = madd(x, low(storage, v1), x1);
    x2 = madd(x, low(storage, v2), x2);
    x3 = madd(x, low(storage, v3), x3);
    if (rows > 1) {
      const y = v128.and(v128.load(a + stepA + (p << 1)), mask);
      y0 = madd(y, low(storage, v0), y0);
      y1 = madd(y, low(storage, v1), y1);
      y2 = madd(y, low(storage, v2), y2);
      y3 = madd(y, low(storage, v3), y3);
    }
  }
  if (storage == F16 && special(largest)) return false;
  storeSums(c, apartC, columns, x0, x1, x2, x3);
  if (rows > 1) storeSums(c + stepC, apartC, columns, y0, y1, y2, y3);
  return true;
}

/** Lanes of two bytes that lie before `bytes`. */
// @ts-ignore: decorator
@inline
function inside16(bytes: usize): v128 {
  return i16x8.lt_s(i16x8(0, 2, 4, 6, 8, 10, 12, 14), i16x8.splat(<i16>bytes));
}

/** Four numbers from the first half of eight codes: finite ones. */
// @ts-ignore: decorator
@inline
function low(storage: i32, codes: v128): v128 {
  const upper = v128.shuffle<i16>(splat(0), codes, 0, 8, 1, 9, 2, 10, 3, 11);
  return storage == BF16 ? upper : ofF16(upper);
}

// @ts-ignore: decorator
@inline
function high(storage: i32, codes: v128): v128 {
  const upper = v128.shuffle<i16>(splat(0), codes, 4, 12, 5, 13, 6, 14, 7, 15);
  return storage == BF16 ? upper : ofF16(upper);
}

/** Finite f16 in the upper halves: with the exponent where float32 has it they are 2¹¹² too small. */
// @ts-ignore: decorator
@inline
function ofF16(upper: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shr_s(upper, 3), splatBits(0x8fffe000)), splatBits(0x77800000));
}
