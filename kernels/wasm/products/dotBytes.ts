import { Q8_BYTES } from "../abi";
import { madd, splat } from "../simd";
import { scaleOf } from "../storage";
import { storeSums } from "./dot";

/** One or two rows by up to four columns of Q8_0, `stepB` bytes each, as `dots` of floats. The loop
 * over a block's eight vectors is written out: V8 would move the scales into it. */
// @ts-ignore: decorator
@inline
export function dotBytes(
  rows: i32,
  c: usize,
  stepC: usize,
  apartC: usize,
  a: usize,
  stepA: usize,
  b: usize,
  apartB: usize,
  columns: i32,
  stepB: usize,
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
  for (let p: usize = 0; p < stepB; p += Q8_BYTES, a += 128) {
    const d0 = splat(scaleOf(b + p));
    const d1 = splat(scaleOf(b1 + p));
    const d2 = splat(scaleOf(b2 + p));
    const d3 = splat(scaleOf(b3 + p));
    const s00 = v128.load8x8_s(b + p, 2);
    const s01 = v128.load8x8_s(b1 + p, 2);
    const s02 = v128.load8x8_s(b2 + p, 2);
    const s03 = v128.load8x8_s(b3 + p, 2);
    const v00 = low(s00, d0);
    const v01 = low(s01, d1);
    const v02 = low(s02, d2);
    const v03 = low(s03, d3);
    const f0 = v128.load(a);
    x0 = madd(f0, v00, x0);
    x1 = madd(f0, v01, x1);
    x2 = madd(f0, v02, x2);
    x3 = madd(f0, v03, x3);
    if (rows > 1) {
      const g = v128.load(a + stepA);
      y0 = madd(g, v00, y0);
      y1 = madd(g, v01, y1);
      y2 = madd(g, v02, y2);
      y3 = madd(g, v03, y3);
    }
    const v10 = high(s00, d0);
    const v11 = high(s01, d1);
    const v12 = high(s02, d2);
    const v13 = high(s03, d3);
    const f1 = v128.load(a, 16);
    x0 = madd(f1, v10, x0);
    x1 = madd(f1, v11, x1);
    x2 = madd(f1, v12, x2);
    x3 = madd(f1, v13, x3);
    if (rows > 1) {
      const g = v128.load(a + stepA, 16);
      y0 = madd(g, v10, y0);
      y1 = madd(g, v11, y1);
      y2 = madd(g, v12, y2);
      y3 = madd(g, v13, y3);
    }
    const s10 = v128.load8x8_s(b + p, 10);
    const s11 = v128.load8x8_s(b1 + p, 10);
    const s12 = v128.load8x8_s(b2 + p, 10);
    const s13 = v128.load8x8_s(b3 + p, 10);
    const v20 = low(s10, d0);
    const v21 = low(s11, d1);
    const v22 = low(s12, d2);
    const v23 = low(s13, d3);
    const f2 = v128.load(a, 32);
    x0 = madd(f2, v20, x0);
    x1 = madd(f2, v21, x1);
    x2 = madd(f2, v22, x2);
    x3 = madd(f2, v23, x3);
    if (rows > 1) {
      const g = v128.load(a + stepA, 32);
      y0 = madd(g, v20, y0);
      y1 = madd(g, v21, y1);
      y2 = madd(g, v22, y2);
      y3 = madd(g, v23, y3);
    }
    const v30 = high(s10, d0);
    const v31 = high(s11, d1);
    const v32 = high(s12, d2);
    const v33 = high(s13, d3);
    const f3 = v128.load(a, 48);
    x0 = madd(f3, v30, x0);
    x1 = madd(f3, v31, x1);
    x2 = madd(f3, v32, x2);
    x3 = madd(f3, v33, x3);
    if (rows > 1) {
      const g = v128.load(a + stepA, 48);
      y0 = madd(g, v30, y0);
      y1 = madd(g, v31, y1);
      y2 = madd(g, v32, y2);
      y3 = madd(g, v33, y3);
    }
    const s20 = v128.load8x8_s(b + p, 18);
    const s21 = v128.load8x8_s(b1 + p, 18);
    const s22 = v128.load8x8_s(b2 + p, 18);
    const s23 = v128.load8x8_s(b3 + p, 18);
    const v40 = low(s20, d0);
    const v41 = low(s21, d1);
    const v42 = low(s22, d2);
    const v43 = low(s23, d3);
    const f4 = v128.load(a, 64);
    x0 = madd(f4, v40, x0);
    x1 = madd(f4, v41, x1);
    x2 = madd(f4, v42, x2);
    x3 = madd(f4, v43, x3);
    if (rows > 1) {
      const g = v128.load(a + stepA, 64);
      y0 = madd(g, v40, y0);
      y1 = madd(g, v41, y1);
      y2 = madd(g, v42, y2);
      y3 = madd(g, v43, y3);
    }
    const v50 = high(s20, d0);
    const v51 = high(s21, d1);
    const v52 = high(s22, d2);
    const v53 = high(s23, d3);
    const f5 = v128.load(a, 80);
    x0 = madd(f5, v50, x0);
    x1 = madd(f5, v51, x1);
    x2 = madd(f5, v52, x2);
    x3 = madd(f5, v53, x3);
    if (rows > 1) {
      const g = v128.load(a + stepA, 80);
      y0 = madd(g, v50, y0);
      y1 = madd(g, v51, y1);
      y2 = madd(g, v52, y2);
      y3 = madd(g, v53, y3);
    }
    const s30 = v128.load8x8_s(b + p, 26);
    const s31 = v128.load8x8_s(b1 + p, 26);
    const s32 = v128.load8x8_s(b2 + p, 26);
    const s33 = v128.load8x8_s(b3 + p, 26);
    const v60 = low(s30, d0);
    const v61 = low(s31, d1);
    const v62 = low(s32, d2);
    const v63 = low(s33, d3);
    const f6 = v128.load(a, 96);
    x0 = madd(f6, v60, x0);
    x1 = madd(f6, v61, x1);
    x2 = madd(f6, v62, x2);
    x3 = madd(f6, v63, x3);
    if (rows > 1) {
      const g = v128.load(a + stepA, 96);
      y0 = madd(g, v60, y0);
      y1 = madd(g, v61, y1);
      y2 = madd(g, v62, y2);
      y3 = madd(g, v63, y3);
    }
    const v70 = high(s30, d0);
    const v71 = high(s31, d1);
    const v72 = high(s32, d2);
    const v73 = high(s33, d3);
    const f7 = v128.load(a, 112);
    x0 = madd(f7, v70, x0);
    x1 = madd(f7, v71, x1);
    x2 = madd(f7, v72, x2);
    x3 = madd(f7, v73, x3);
    if (rows > 1) {
      const g = v128.load(a + stepA, 112);
      y0 = madd(g, v70, y0);
      y1 = madd(g, v71, y1);
      y2 = madd(g, v72, y2);
      y3 = madd(g, v73, y3);
    }
  }
  storeSums(c, apartC, columns, x0, x1, x2, x3);
  if (rows > 1) storeSums(c + stepC, apartC, columns, y0, y1, y2, y3);
}

// @ts-ignore: decorator
@inline
function low(shorts: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(shorts)), scale);
}

// @ts-ignore: decorator
@inline
function high(shorts: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(shorts)), scale);
}
