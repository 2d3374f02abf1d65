import {
  ADAMW_EPSILON,
  ADAMW_RESULT,
  ADAMW_WEIGHT_DECAY,
  EMA_KEEP,
  EMA_RESULT,
  EMA_TAKE,
} from "../abi";
import { buffer, float } from "../control";
import { madd, splat } from "../simd";
import { chunkBytes, chunkStart, part } from "../tasks";

/** decay · average + (1 − decay) · x; decay is kept, 1 − decay is taken. */
export function ema(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = part(args, EMA_RESULT, from) + chunkBytes(args, from);
  const keep = splat(float(args, EMA_KEEP));
  const take = splat(float(args, EMA_TAKE));
  let y = part(args, EMA_RESULT, from);
  let average = part(args, EMA_RESULT + 1, from);
  let x = part(args, EMA_RESULT + 2, from);
  for (; y < last; y += 16, average += 16, x += 16)
    v128.store(y, madd(v128.load(average), keep, f32x4.mul(v128.load(x), take)));
}

export function emaSquare(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = part(args, EMA_RESULT, from) + chunkBytes(args, from);
  const keep = splat(float(args, EMA_KEEP));
  const take = splat(float(args, EMA_TAKE));
  let y = part(args, EMA_RESULT, from);
  let average = part(args, EMA_RESULT + 1, from);
  let x = part(args, EMA_RESULT + 2, from);
  for (; y < last; y += 16, average += 16, x += 16) {
    const v = v128.load(x);
    v128.store(y, madd(v128.load(average), keep, f32x4.mul(f32x4.mul(v, v), take)));
  }
}

/** −rate · (m·c₁ / (√(v·c₂) + epsilon) + weightDecay · p); the last buffer holds rate, c₁
 * and c₂. */
export function adamwUpdate(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = part(args, ADAMW_RESULT, from) + chunkBytes(args, from);
  const epsilon = splat(float(args, ADAMW_EPSILON));
  const weightDecay = splat(float(args, ADAMW_WEIGHT_DECAY));
  const scalars = buffer(args, ADAMW_RESULT + 4);
  const rate = f32x4.neg(v128.load32_splat(scalars));
  const c1 = v128.load32_splat(scalars, 4);
  const c2 = v128.load32_splat(scalars, 8);
  let y = part(args, ADAMW_RESULT, from);
  let p = part(args, ADAMW_RESULT + 1, from);
  let m = part(args, ADAMW_RESULT + 2, from);
  let v = part(args, ADAMW_RESULT + 3, from);
  for (; y < last; y += 16, p += 16, m += 16, v += 16) {
    const root = f32x4.sqrt(f32x4.mul(v128.load(v), c2));
    const direction = f32x4.div(f32x4.mul(v128.load(m), c1), f32x4.add(root, epsilon));
    v128.store(y, f32x4.mul(rate, madd(v128.load(p), weightDecay, direction)));
  }
}
