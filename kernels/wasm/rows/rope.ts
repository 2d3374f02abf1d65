import { buffer, word } from "../control";
import { madd, nmadd, storeRow } from "../simd";
import { unitEnd, unitStart } from "../tasks";

/** Rotates the pairs (first half, second half) of each row by the angles of its position.
 * Arguments: rows, rows a task, bytes of half a row, positions, inverse, then buffers: result, x,
 * cos, sin. */
export function rope(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, 2);
  const positions = word(args, 3);
  const inverse = word(args, 4) != 0;
  for (let row = from; row < to; row++) {
    const y = buffer(args, 5) + <usize>row * bytes * 2;
    const x = buffer(args, 6) + <usize>row * bytes * 2;
    const angle = <usize>(row % positions) * bytes;
    const cos = buffer(args, 7) + angle;
    const sin = buffer(args, 8) + angle;
    for (let i: usize = 0; i < bytes; i += 16) {
      const a = v128.load(x + i);
      const b = v128.load(x + bytes + i);
      const c = v128.load(cos + i);
      const s = inverse ? f32x4.neg(v128.load(sin + i)) : v128.load(sin + i);
      storeRow(y, i, bytes, nmadd(b, s, f32x4.mul(a, c)));
      storeRow(y + bytes, i, bytes, madd(a, s, f32x4.mul(b, c)));
    }
  }
}
