import { inside, madd, splat } from "../simd";

/** Rows of B that are multiplied at once. They lie a quarter of a block apart, so that each is part of
 * a run of memory that is read in order: prefetchers follow four such runs, but not four neighbours in
 * turn, whose reading is out of order within a page. */
export const STREAMS: i32 = 4;

/** C = A · Bᵀ for a few rows of A and `columns` rows of B, all contiguous. Steps are in bytes. */
export function dotRows(
  c: usize,
  stepC: usize,
  a: usize,
  stepA: usize,
  b: usize,
  stepB: usize,
  rows: i32,
  columns: i32,
  k: i32,
): void {
  const apart = columns / STREAMS;
  for (let j = 0; j < apart; j++, b += stepB, c += 4)
    dotSome(c, stepC, <usize>apart << 2, a, stepA, b, <usize>apart * stepB, rows, STREAMS, k);
  const rest = columns - STREAMS * apart;
  const done = <usize>(columns - rest - apart);
  if (rest > 0)
    dotSome(c + (done << 2), stepC, 4, a, stepA, b + done * stepB, stepB, rows, rest, k);
}

/** Rows of A by up to four of B, `apartB` bytes apart; the results are `apartC` apart. */
export function dotSome(
  c: usize,
  stepC: usize,
  apartC: usize,
  a: usize,
  stepA: usize,
  b: usize,
  apartB: usize,
  rows: i32,
  columns: i32,
  k: i32,
): void {
  // The rows of B stay in the nearest cache while all rows of A pass.
  let i = 0;
  for (; i + 1 < rows; i += 2, a += 2 * stepA, c += 2 * stepC)
    dots(2, c, stepC, apartC, a, stepA, b, apartB, columns, k);
  if (i < rows) dots(1, c, stepC, apartC, a, stepA, b, apartB, columns, k);
}

/** One or two rows by up to four columns, along k in vectors. */
// @ts-ignore: decorator
@inline
function dots(
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
): void {
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
  const bytes = <usize>k << 2;
  const whole = bytes & ~15;
  let p: usize = 0;
  for (; p < whole; p += 16) {
    const v0 = v128.load(b + p);
    const v1 = v128.load(b1 + p);
    const v2 = v128.load(b2 + p);
    const v3 = v128.load(b3 + p);
    const x = v128.load(a + p);
    x0 = madd(x, v0, x0);
    x1 = madd(x, v1, x1);
    x2 = madd(x, v2, x2);
    x3 = madd(x, v3, x3);
    if (rows > 1) {
      const y = v128.load(a + stepA + p);
      y0 = madd(y, v0, y0);
      y1 = madd(y, v1, y1);
      y2 = madd(y, v2, y2);
      y3 = madd(y, v3, y3);
    }
  }
  if (p < bytes) {
    // What follows the rows may be anything, NaN too: both factors become 0.
    const mask = inside(bytes - p);
    const v0 = v128.and(v128.load(b + p), mask);
    const v1 = v128.and(v128.load(b1 + p), mask);
    const v2 = v128.and(v128.load(b2 + p), mask);
    const v3 = v128.and(v128.load(b3 + p), mask);
    const x = v128.and(v128.load(a + p), mask);
    x0 = madd(x, v0, x0);
    x1 = madd(x, v1, x1);
    x2 = madd(x, v2, x2);
    x3 = madd(x, v3, x3);
    if (rows > 1) {
      const y = v128.and(v128.load(a + stepA + p), mask);
      y0 = madd(y, v0, y0);
      y1 = madd(y, v1, y1);
      y2 = madd(y, v2, y2);
      y3 = madd(y, v3, y3);
    }
  }
  storeSums(c, apartC, columns, x0, x1, x2, x3);
  if (rows > 1) storeSums(c + stepC, apartC, columns, y0, y1, y2, y3);
}

/** Writes the sums of the lanes of up to four vectors, `apart` bytes from each other. */
// @ts-ignore: decorator
@inline
export function storeSums(
  to: usize,
  apart: usize,
  columns: i32,
  a: v128,
  b: v128,
  c: v128,
  d: v128,
): void {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 1, 4, 5), v128.shuffle<f32>(a, b, 2, 3, 6, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 1, 4, 5), v128.shuffle<f32>(c, d, 2, 3, 6, 7));
  const sums = f32x4.add(
    v128.shuffle<f32>(ab, cd, 0, 2, 4, 6),
    v128.shuffle<f32>(ab, cd, 1, 3, 5, 7),
  );
  v128.store_lane<f32>(to, sums, 0);
  if (columns > 1) v128.store_lane<f32>(to + apart, sums, 1);
  if (columns > 2) v128.store_lane<f32>(to + 2 * apart, sums, 2);
  if (columns > 3) v128.store_lane<f32>(to + 3 * apart, sums, 3);
}
