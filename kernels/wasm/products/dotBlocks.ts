import { Q8_0, Q8_BYTES } from "../abi";
import { madd, splat } from "../simd";
import { magnitude, scaleCodes, scaleOf, scalesOf, special, storedBytes } from "../storage";
import { storeSums, STREAMS } from "./dot";

/** C = A · Bᵀ for a few rows of A, both kept in Q8_0: within a block the codes are multiplied and added
 * as integers, which is exact, and so is the product of the scales; float32 adds up the blocks. */
export function dotBlocks(
  c: usize,
  stepC: usize,
  a: usize,
  b: usize,
  rows: i32,
  columns: i32,
  k: i32,
): void {
  const step = storedBytes(Q8_0, k);
  const apart = columns / STREAMS;
  for (let j = 0; j < apart; j++, b += step, c += 4)
    some(c, stepC, <usize>apart << 2, a, b, <usize>apart * step, rows, STREAMS, step);
  const rest = columns - STREAMS * apart;
  const done = <usize>(columns - rest - apart);
  if (rest > 0) some(c + (done << 2), stepC, 4, a, b + done * step, step, rows, rest, step);
}

function some(
  c: usize,
  stepC: usize,
  apartC: usize,
  a: usize,
  b: usize,
  apartB: usize,
  rows: i32,
  columns: i32,
  step: usize,
): void {
  // Columns past the last are the first once more.
  const b1: usize = columns > 1 ? apartB : 0;
  const b2: usize = columns > 2 ? apartB << 1 : 0;
  const b3: usize = columns > 3 ? <usize>3 * apartB : 0;
  for (let i = 0; i < rows; i++, c += stepC, a += step)
    if (!row(false, c, apartC, a, b, b1, b2, b3, columns, step))
      row(true, c, apartC, a, b, b1, b2, b3, columns, step);
}

/** One row by up to four columns.
 * @param careful whether scales may be infinite or NaN
 * @returns whether all is well: if not, the sums are lost */
// @ts-ignore: decorator
@inline
function row(
  careful: bool,
  c: usize,
  apartC: usize,
  a: usize,
  b: usize,
  b1: usize,
  b2: usize,
  b3: usize,
  columns: i32,
  step: usize,
): bool {
  let x0 = splat(0);
  let x1 = splat(0);
  let x2 = splat(0);
  let x3 = splat(0);
  let largest = splat(0);
  for (const end = a + step; a < end; a += Q8_BYTES, b += Q8_BYTES) {
    const p = v128.load8x8_s(a, 2);
    const q = v128.load8x8_s(a, 10);
    const r = v128.load8x8_s(a, 18);
    const s = v128.load8x8_s(a, 26);
    const scale = scaleOf(a);
    let scales: v128;
    if (careful) {
      const factor = splat(scale);
      scales = f32x4.mul(factor, f32x4(scaleOf(b), scaleOf(b + b1), scaleOf(b + b2), scaleOf(b + b3)));
    } else {
      const codes = scaleCodes(b, b + b1, b + b2, b + b3);
      largest = i16x8.max_u(largest, magnitude(codes));
      // 2¹¹² takes no bit from a scale, nor do the scales from each other.
      scales = scalesOf(codes, splat(scale * reinterpret<f32>(0x77800000)));
    }
    x0 = madd(dot(p, q, r, s, b), v128.shuffle<f32>(scales, scales, 0, 0, 0, 0), x0);
    x1 = madd(dot(p, q, r, s, b + b1), v128.shuffle<f32>(scales, scales, 1, 1, 1, 1), x1);
    x2 = madd(dot(p, q, r, s, b + b2), v128.shuffle<f32>(scales, scales, 2, 2, 2, 2), x2);
    x3 = madd(dot(p, q, r, s, b + b3), v128.shuffle<f32>(scales, scales, 3, 3, 3, 3), x3);
  }
  if (special(largest)) return false;
  storeSums(c, apartC, columns, x0, x1, x2, x3);
  return true;
}

/** The product of a block's 32 codes with those of another block: four sums that together are it. */
// @ts-ignore: decorator
@inline
function dot(p: v128, q: v128, r: v128, s: v128, block: usize): v128 {
  return f32x4.convert_i32x4_s(
    i32x4.add(
      i32x4.add(
        i32x4.dot_i16x8_s(p, v128.load8x8_s(block, 2)),
        i32x4.dot_i16x8_s(q, v128.load8x8_s(block, 10)),
      ),
      i32x4.add(
        i32x4.dot_i16x8_s(r, v128.load8x8_s(block, 18)),
        i32x4.dot_i16x8_s(s, v128.load8x8_s(block, 26)),
      ),
    ),
  );
}
