import { ROW_BYTES, ROW_FACTOR, ROW_FACTOR_RESULT } from "../abi";
import { buffer, float, word } from "../control";
import { clearRow } from "./rows";
import { loadRow, madd, nmadd, splat, storeRow, sumLanes } from "../simd";
import { unitEnd, unitStart } from "../tasks";

// The factor is epsilon.

/** 1 / √(mean(x²) + epsilon) */
// @ts-ignore: decorator
@inline
function reciprocalRms(squares: f32, bytes: usize, epsilon: f32): f32 {
  return 1 / sqrt<f32>(squares / <f32>(bytes >> 2) + epsilon);
}

function sumSquares(x: usize, bytes: usize): f32 {
  let sum = splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const v = loadRow(x, i, bytes, 0);
    sum = madd(v, v, sum);
  }
  return sumLanes(sum);
}

export function rmsNorm(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  const gain = buffer(args, ROW_FACTOR_RESULT + 2);
  for (let row = from; row < to; row++) {
    const y = buffer(args, ROW_FACTOR_RESULT) + <usize>row * bytes;
    const x = buffer(args, ROW_FACTOR_RESULT + 1) + <usize>row * bytes;
    const r = splat(reciprocalRms(sumSquares(x, bytes), bytes, float(args, ROW_FACTOR)));
    for (let i: usize = 0; i < bytes; i += 16)
      storeRow(y, i, bytes, f32x4.mul(f32x4.mul(v128.load(x + i), r), v128.load(gain + i)));
  }
}

/** r · (g·gain − n · mean(g·gain·n)) with n = r·x */
export function rmsNormGradX(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  const gain = buffer(args, ROW_FACTOR_RESULT + 3);
  for (let row = from; row < to; row++) {
    const y = buffer(args, ROW_FACTOR_RESULT) + <usize>row * bytes;
    const g = buffer(args, ROW_FACTOR_RESULT + 1) + <usize>row * bytes;
    const x = buffer(args, ROW_FACTOR_RESULT + 2) + <usize>row * bytes;
    let squares = splat(0);
    let dots = splat(0);
    for (let i: usize = 0; i < bytes; i += 16) {
      const v = loadRow(x, i, bytes, 0);
      squares = madd(v, v, squares);
      dots = madd(f32x4.mul(loadRow(g, i, bytes, 0), loadRow(gain, i, bytes, 0)), v, dots);
    }
    const r = reciprocalRms(sumLanes(squares), bytes, float(args, ROW_FACTOR));
    const scale = splat(r);
    const pull = splat(((sumLanes(dots) * r) / <f32>(bytes >> 2)) * r);
    for (let i: usize = 0; i < bytes; i += 16) {
      const gained = f32x4.mul(v128.load(g + i), v128.load(gain + i));
      storeRow(y, i, bytes, f32x4.mul(nmadd(v128.load(x + i), pull, gained), scale));
    }
  }
}

/** Σ over a block of rows of g·n, one result row for each task: a later sum adds the blocks, which
 * are the same for any number of threads. */
export function rmsNormGradGain(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROW_BYTES);
  const sum = buffer(args, ROW_FACTOR_RESULT) + <usize>task * bytes;
  clearRow(sum, 0, bytes);
  for (let row = from; row < to; row++) {
    const g = buffer(args, ROW_FACTOR_RESULT + 1) + <usize>row * bytes;
    const x = buffer(args, ROW_FACTOR_RESULT + 2) + <usize>row * bytes;
    const r = splat(reciprocalRms(sumSquares(x, bytes), bytes, float(args, ROW_FACTOR)));
    for (let i: usize = 0; i < bytes; i += 16) {
      const n = f32x4.mul(v128.load(x + i), r);
      storeRow(sum, i, bytes, madd(n, v128.load(g + i), v128.load(sum + i)));
    }
  }
}
