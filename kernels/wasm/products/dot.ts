import { inside, madd, splat, storeRow } from "../simd";

/** Rows of A below which B is not worth packing: its rows are multiplied where they are. */
export const FEW_ROWS: i32 = 16;

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
  // Four rows of B stay in the nearest cache while all rows of A pass.
  for (let j = 0; j < columns; j += 4, b += 4 * stepB, c += 16) {
    const some = min<i32>(4, columns - j);
    let x = a;
    let y = c;
    let i = 0;
    for (; i + 1 < rows; i += 2, x += 2 * stepA, y += 2 * stepC)
      dots(2, y, stepC, x, stepA, b, stepB, some, k);
    if (i < rows) dots(1, y, stepC, x, stepA, b, stepB, some, k);
  }
}

/** One or two rows by up to four columns, along k in vectors. */
// @ts-ignore: decorator
@inline
function dots(
  rows: i32,
  c: usize,
  stepC: usize,
  a: usize,
  stepA: usize,
  b: usize,
  stepB: usize,
  columns: i32,
  k: i32,
): void {
  // Columns past the last are the first once more.
  const b1 = columns > 1 ? b + stepB : b;
  const b2 = columns > 2 ? b + 2 * stepB : b;
  const b3 = columns > 3 ? b + 3 * stepB : b;
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
  storeRow(c, 0, <usize>columns << 2, sumEach(x0, x1, x2, x3));
  if (rows > 1) storeRow(c + stepC, 0, <usize>columns << 2, sumEach(y0, y1, y2, y3));
}

/** The sums of the lanes of four vectors. */
// @ts-ignore: decorator
@inline
function sumEach(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 1, 4, 5), v128.shuffle<f32>(a, b, 2, 3, 6, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 1, 4, 5), v128.shuffle<f32>(c, d, 2, 3, 6, 7));
  return f32x4.add(
    v128.shuffle<f32>(ab, cd, 0, 2, 4, 6),
    v128.shuffle<f32>(ab, cd, 1, 3, 5, 7),
  );
}
