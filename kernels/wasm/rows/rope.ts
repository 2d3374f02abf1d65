import { ROPE_BYTES, ROPE_INVERSE, ROPE_POSITIONS, ROPE_RESULT } from "../abi";
import { buffer, word } from "../control";
import { madd, nmadd, storeRow } from "../simd";
import { unitEnd, unitStart } from "../tasks";

/** Rotates the pairs (first half, second half) of each row by the angles of its position. */
export function rope(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, ROPE_BYTES);
  const positions = word(args, ROPE_POSITIONS);
  const inverse = word(args, ROPE_INVERSE) != 0;
  for (let row = from; row < to; row++) {
    const y = buffer(args, ROPE_RESULT) + <usize>row * bytes * 2;
    const x = buffer(args, ROPE_RESULT + 1) + <usize>row * bytes * 2;
    const angle = <usize>(row % positions) * bytes;
    const cos = buffer(args, ROPE_RESULT + 2) + angle;
    const sin = buffer(args, ROPE_RESULT + 3) + angle;
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
