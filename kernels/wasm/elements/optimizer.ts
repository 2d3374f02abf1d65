import { buffer, float } from "../control";
import { madd, splat } from "../simd";
import { chunkBytes, chunkStart, part } from "../tasks";

// Arguments: elements, elements a task, two attributes, then buffers, the result first.

/** decay · average + (1 − decay) · x; the attributes are decay and 1 − decay. */
export function ema(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = part(args, 4, from) + chunkBytes(args, from);
  const keep = splat(float(args, 2));
  const take = splat(float(args, 3));
  let y = part(args, 4, from);
  let average = part(args, 5, from);
  let x = part(args, 6, from);
  for (; y < last; y += 16, average += 16, x += 16)
    v128.store(y, madd(v128.load(average), keep, f32x4.mul(v128.load(x), take)));
}

export function emaSquare(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = part(args, 4, from) + chunkBytes(args, from);
  const keep = splat(float(args, 2));
  const take = splat(float(args, 3));
  let y = part(args, 4, from);
  let average = part(args, 5, from);
  let x = part(args, 6, from);
  for (; y < last; y += 16, average += 16, x += 16) {
    const v = v128.load(x);
    v128.store(y, madd(v128.load(average), keep, f32x4.mul(f32x4.mul(v, v), take)));
  }
}

/** −rate · (m·c₁ / (√(v·c₂) + epsilon) + weightDecay · p); the attributes are epsilon and
 * weightDecay, the last buffer holds rate, c₁ and c₂. */
export function adamwUpdate(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = part(args, 4, from) + chunkBytes(args, from);
  const epsilon = splat(float(args, 2));
  const weightDecay = splat(float(args, 3));
  const scalars = buffer(args, 8);
  const rate = f32x4.neg(v128.load32_splat(scalars));
  const c1 = v128.load32_splat(scalars, 4);
  const c2 = v128.load32_splat(scalars, 8);
  let y = part(args, 4, from);
  let p = part(args, 5, from);
  let m = part(args, 6, from);
  let v = part(args, 7, from);
  for (; y < last; y += 16, p += 16, m += 16, v += 16) {
    const root = f32x4.sqrt(f32x4.mul(v128.load(v), c2));
    const direction = f32x4.div(f32x4.mul(v128.load(m), c1), f32x4.add(root, epsilon));
    v128.store(y, f32x4.mul(rate, madd(v128.load(p), weightDecay, direction)));
  }
}
