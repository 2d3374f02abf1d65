import { buffer } from "./control";
import { sigmoid } from "./math";
import { madd, nmadd, splat } from "./simd";
import { chunkEnd, chunkStart } from "./tasks";

// Arguments: elements, elements a task, then buffers, the result first.

export function swiglu(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = buffer(args, 2) + chunkEnd(args, from);
  let y = buffer(args, 2) + from;
  let gate = buffer(args, 3) + from;
  let up = buffer(args, 4) + from;
  for (; y < last; y += 16, gate += 16, up += 16) {
    const x = v128.load(gate);
    v128.store(y, f32x4.mul(f32x4.mul(x, sigmoid(x)), v128.load(up)));
  }
}

/** g · up · s(1 + gate(1 − s)) with s = sigmoid(gate). */
export function swigluGradGate(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = buffer(args, 2) + chunkEnd(args, from);
  let y = buffer(args, 2) + from;
  let g = buffer(args, 3) + from;
  let gate = buffer(args, 4) + from;
  let up = buffer(args, 5) + from;
  for (; y < last; y += 16, g += 16, gate += 16, up += 16) {
    const x = v128.load(gate);
    const s = sigmoid(x);
    const slope = f32x4.mul(s, madd(x, f32x4.sub(splat(1), s), splat(1)));
    v128.store(y, f32x4.mul(f32x4.mul(v128.load(g), v128.load(up)), slope));
  }
}

/** 2√(2/π)(x + 0.044715x³): gelu(x) = x · sigmoid of it, since ½(1 + tanh u) = sigmoid(2u). */
// @ts-ignore: decorator
@inline
function inner(x: v128): v128 {
  const cubic = madd(f32x4.mul(x, x), splat(0.044715 * 1.5957691216057308), splat(1.5957691216057308));
  return f32x4.mul(x, cubic);
}

export function gelu(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = buffer(args, 2) + chunkEnd(args, from);
  let y = buffer(args, 2) + from;
  let x = buffer(args, 3) + from;
  for (; y < last; y += 16, x += 16) {
    const v = v128.load(x);
    v128.store(y, f32x4.mul(v, sigmoid(inner(v))));
  }
}

/** g · (s + x · s(1 − s) · inner′(x)) with s = sigmoid(inner(x)). */
export function geluGrad(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = buffer(args, 2) + chunkEnd(args, from);
  let y = buffer(args, 2) + from;
  let g = buffer(args, 3) + from;
  let x = buffer(args, 4) + from;
  for (; y < last; y += 16, g += 16, x += 16) {
    const v = v128.load(x);
    const s = sigmoid(inner(v));
    const slope = madd(
      f32x4.mul(v, v),
      splat(3 * 0.044715 * 1.5957691216057308),
      splat(1.5957691216057308),
    );
    const bend = f32x4.mul(f32x4.mul(v, slope), nmadd(s, s, s));
    v128.store(y, f32x4.mul(v128.load(g), f32x4.add(s, bend)));
  }
}
