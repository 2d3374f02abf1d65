import { TILE_ROWS_FUSED, TILE_ROWS_PLAIN } from "../abi";
import { madd } from "../simd";

/** Rows of the largest tile. Sixteen vector registers hold 6 × 2 running sums, two vectors of B and
 * one of A, when multiplication and addition are one instruction; otherwise 5 × 2. */
export const TILE_ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? TILE_ROWS_FUSED : TILE_ROWS_PLAIN;

// @ts-ignore: decorator
@inline
function start(c: usize, accumulate: bool): v128 {
  return accumulate ? v128.load(c) : f32x4.splat(0);
}

/** C (rows × 8) = or += A · B. `stepI` and `stepP` are A's steps to the next row and along k,
 * `stepB` B's row and `stepC` C's, in bytes. `byRow`: stepP is 4 and each row has a pointer;
 * otherwise stepI is 4 and one pointer serves all rows. Every tile adds in the same order along k,
 * so the result does not depend on how a matrix is cut into tiles. The sums begin with what C holds,
 * rather than being added to it in the end: V8 would then spill them in the loop. */
// @ts-ignore: decorator
@inline
function tile(
  rows: i32,
  byRow: bool,
  k: i32,
  a: usize,
  stepI: usize,
  stepP: usize,
  b: usize,
  stepB: usize,
  c: usize,
  stepC: usize,
  accumulate: bool,
): void {
  let c00 = start(c, accumulate);
  let c01 = start(c + 16, accumulate);
  let c10 = rows > 1 ? start(c + stepC, accumulate) : f32x4.splat(0);
  let c11 = rows > 1 ? start(c + stepC + 16, accumulate) : f32x4.splat(0);
  let c20 = rows > 2 ? start(c + 2 * stepC, accumulate) : f32x4.splat(0);
  let c21 = rows > 2 ? start(c + 2 * stepC + 16, accumulate) : f32x4.splat(0);
  let c30 = rows > 3 ? start(c + 3 * stepC, accumulate) : f32x4.splat(0);
  let c31 = rows > 3 ? start(c + 3 * stepC + 16, accumulate) : f32x4.splat(0);
  let c40 = rows > 4 ? start(c + 4 * stepC, accumulate) : f32x4.splat(0);
  let c41 = rows > 4 ? start(c + 4 * stepC + 16, accumulate) : f32x4.splat(0);
  let c50 = rows > 5 ? start(c + 5 * stepC, accumulate) : f32x4.splat(0);
  let c51 = rows > 5 ? start(c + 5 * stepC + 16, accumulate) : f32x4.splat(0);
  let a1 = a + stepI, a2 = a1 + stepI, a3 = a2 + stepI, a4 = a3 + stepI, a5 = a4 + stepI;
  for (let p = 0; p < k; p++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const s0 = v128.load32_splat(a);
    c00 = madd(s0, b0, c00);
    c01 = madd(s0, b1, c01);
    if (rows > 1) {
      const s1 = byRow ? v128.load32_splat(a1) : v128.load32_splat(a, 4);
      c10 = madd(s1, b0, c10);
      c11 = madd(s1, b1, c11);
    }
    if (rows > 2) {
      const s2 = byRow ? v128.load32_splat(a2) : v128.load32_splat(a, 8);
      c20 = madd(s2, b0, c20);
      c21 = madd(s2, b1, c21);
    }
    if (rows > 3) {
      const s3 = byRow ? v128.load32_splat(a3) : v128.load32_splat(a, 12);
      c30 = madd(s3, b0, c30);
      c31 = madd(s3, b1, c31);
    }
    if (rows > 4) {
      const s4 = byRow ? v128.load32_splat(a4) : v128.load32_splat(a, 16);
      c40 = madd(s4, b0, c40);
      c41 = madd(s4, b1, c41);
    }
    if (rows > 5) {
      const s5 = byRow ? v128.load32_splat(a5) : v128.load32_splat(a, 20);
      c50 = madd(s5, b0, c50);
      c51 = madd(s5, b1, c51);
    }
    b += stepB;
    if (byRow) {
      a += 4;
      if (rows > 1) a1 += 4;
      if (rows > 2) a2 += 4;
      if (rows > 3) a3 += 4;
      if (rows > 4) a4 += 4;
      if (rows > 5) a5 += 4;
    } else a += stepP;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  if (rows > 1) {
    v128.store(c + stepC, c10);
    v128.store(c + stepC, c11, 16);
  }
  if (rows > 2) {
    v128.store(c + 2 * stepC, c20);
    v128.store(c + 2 * stepC, c21, 16);
  }
  if (rows > 3) {
    v128.store(c + 3 * stepC, c30);
    v128.store(c + 3 * stepC, c31, 16);
  }
  if (rows > 4) {
    v128.store(c + 4 * stepC, c40);
    v128.store(c + 4 * stepC, c41, 16);
  }
  if (rows > 5) {
    v128.store(c + 5 * stepC, c50);
    v128.store(c + 5 * stepC, c51, 16);
  }
}

function byRow1(
  k: i32, a: usize, i: usize, b: usize, l: usize, c: usize, m: usize, add: bool,
): void {
  tile(1, true, k, a, i, 4, b, l, c, m, add);
}
function byRow2(
  k: i32, a: usize, i: usize, b: usize, l: usize, c: usize, m: usize, add: bool,
): void {
  tile(2, true, k, a, i, 4, b, l, c, m, add);
}
function byRow3(
  k: i32, a: usize, i: usize, b: usize, l: usize, c: usize, m: usize, add: bool,
): void {
  tile(3, true, k, a, i, 4, b, l, c, m, add);
}
function byRow4(
  k: i32, a: usize, i: usize, b: usize, l: usize, c: usize, m: usize, add: bool,
): void {
  tile(4, true, k, a, i, 4, b, l, c, m, add);
}
function byRow5(
  k: i32, a: usize, i: usize, b: usize, l: usize, c: usize, m: usize, add: bool,
): void {
  tile(5, true, k, a, i, 4, b, l, c, m, add);
}
function byRow6(
  k: i32, a: usize, i: usize, b: usize, l: usize, c: usize, m: usize, add: bool,
): void {
  tile(6, true, k, a, i, 4, b, l, c, m, add);
}
function byPanel1(
  k: i32, a: usize, p: usize, b: usize, l: usize, c: usize, m: usize, add: bool,
): void {
  tile(1, false, k, a, 4, p, b, l, c, m, add);
}
function byPanel2(
  k: i32, a: usize, p: usize, b: usize, l: usize, c: usize, m: usize, add: bool,
): void {
  tile(2, false, k, a, 4, p, b, l, c, m, add);
}
function byPanel3(
  k: i32, a: usize, p: usize, b: usize, l: usize, c: usize, m: usize, add: bool,
): void {
  tile(3, false, k, a, 4, p, b, l, c, m, add);
}
function byPanel4(
  k: i32, a: usize, p: usize, b: usize, l: usize, c: usize, m: usize, add: bool,
): void {
  tile(4, false, k, a, 4, p, b, l, c, m, add);
}
function byPanel5(
  k: i32, a: usize, p: usize, b: usize, l: usize, c: usize, m: usize, add: bool,
): void {
  tile(5, false, k, a, 4, p, b, l, c, m, add);
}
function byPanel6(
  k: i32, a: usize, p: usize, b: usize, l: usize, c: usize, m: usize, add: bool,
): void {
  tile(6, false, k, a, 4, p, b, l, c, m, add);
}

/** A tile of 1 to 6 rows whose A has contiguous rows, `step` bytes apart. */
export function tileByRow(
  rows: i32,
  k: i32,
  a: usize,
  step: usize,
  b: usize,
  stepB: usize,
  c: usize,
  stepC: usize,
  accumulate: bool,
): void {
  switch (rows) {
    case 6: return byRow6(k, a, step, b, stepB, c, stepC, accumulate);
    case 5: return byRow5(k, a, step, b, stepB, c, stepC, accumulate);
    case 4: return byRow4(k, a, step, b, stepB, c, stepC, accumulate);
    case 3: return byRow3(k, a, step, b, stepB, c, stepC, accumulate);
    case 2: return byRow2(k, a, step, b, stepB, c, stepC, accumulate);
    case 1: return byRow1(k, a, step, b, stepB, c, stepC, accumulate);
    default: unreachable();
  }
}

/** A tile of 1 to 6 rows whose A has contiguous columns, `step` bytes apart: transposed, packed. */
export function tileByPanel(
  rows: i32,
  k: i32,
  a: usize,
  step: usize,
  b: usize,
  stepB: usize,
  c: usize,
  stepC: usize,
  accumulate: bool,
): void {
  switch (rows) {
    case 6: return byPanel6(k, a, step, b, stepB, c, stepC, accumulate);
    case 5: return byPanel5(k, a, step, b, stepB, c, stepC, accumulate);
    case 4: return byPanel4(k, a, step, b, stepB, c, stepC, accumulate);
    case 3: return byPanel3(k, a, step, b, stepB, c, stepC, accumulate);
    case 2: return byPanel2(k, a, step, b, stepB, c, stepC, accumulate);
    case 1: return byPanel1(k, a, step, b, stepB, c, stepC, accumulate);
    default: unreachable();
  }
}
