import { Q8_0, Q8_BYTES } from "../abi";
import { madd, splat } from "../simd";
import { scaleOf, storedBytes } from "../storage";
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
  for (let i = 0; i < rows; i++, c += stepC) {
    let x0 = splat(0);
    let x1 = splat(0);
    let x2 = splat(0);
    let x3 = splat(0);
    let block = b;
    for (const end = a + step; a < end; a += Q8_BYTES, block += Q8_BYTES) {
      const scale = scaleOf(a);
      const p = v128.load8x8_s(a, 2);
      const q = v128.load8x8_s(a, 10);
      const r = v128.load8x8_s(a, 18);
      const s = v128.load8x8_s(a, 26);
      x0 = madd(dot(p, q, r, s, block), splat(scale * scaleOf(block)), x0);
      x1 = madd(dot(p, q, r, s, block + b1), splat(scale * scaleOf(block + b1)), x1);
      x2 = madd(dot(p, q, r, s, block + b2), splat(scale * scaleOf(block + b2)), x2);
      x3 = madd(dot(p, q, r, s, block + b3), splat(scale * scaleOf(block + b3)), x3);
    }
    storeSums(c, apartC, columns, x0, x1, x2, x3);
  }
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
