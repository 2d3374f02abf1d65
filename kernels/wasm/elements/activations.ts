import { EACH_RESULT } from "../abi";
import { sigmoid } from "./math";
import { madd, nmadd, splat } from "../simd";
import { chunkBytes, chunkStart, part } from "../tasks";

// Arguments: elements, elements a task, then buffers, the result first. Two vectors at a time share
// the many constants; buffers are padded to 64 bytes, so that nothing is left over.

/** gate · sigmoid(gate) · up */
// @ts-ignore: decorator
@inline
function swigluOf(gate: v128, up: v128): v128 {
  return f32x4.mul(f32x4.mul(gate, sigmoid(gate)), up);
}

export function swiglu(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = part(args, EACH_RESULT, from) + chunkBytes(args, from);
  let y = part(args, EACH_RESULT, from);
  let gate = part(args, EACH_RESULT + 1, from);
  let up = part(args, EACH_RESULT + 2, from);
  for (; y < last; y += 32, gate += 32, up += 32) {
    const low = swigluOf(v128.load(gate), v128.load(up));
    const high = swigluOf(v128.load(gate, 16), v128.load(up, 16));
    v128.store(y, low);
    v128.store(y, high, 16);
  }
}

/** g · up · s(1 + gate(1 − s)) with s = sigmoid(gate) */
// @ts-ignore: decorator
@inline
function swigluGradOf(g: v128, gate: v128, up: v128): v128 {
  const s = sigmoid(gate);
  const slope = f32x4.mul(s, madd(gate, f32x4.sub(splat(1), s), splat(1)));
  return f32x4.mul(f32x4.mul(g, up), slope);
}

export function swigluGradGate(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = part(args, EACH_RESULT, from) + chunkBytes(args, from);
  let y = part(args, EACH_RESULT, from);
  let g = part(args, EACH_RESULT + 1, from);
  let gate = part(args, EACH_RESULT + 2, from);
  let up = part(args, EACH_RESULT + 3, from);
  for (; y < last; y += 32, g += 32, gate += 32, up += 32) {
    const low = swigluGradOf(v128.load(g), v128.load(gate), v128.load(up));
    const high = swigluGradOf(v128.load(g, 16), v128.load(gate, 16), v128.load(up, 16));
    v128.store(y, low);
    v128.store(y, high, 16);
  }
}

/** 2√(2/π) */
const SLOPE: f32 = 1.5957691216057308;
const BEND: f32 = 0.044715 * 1.5957691216057308;

/** x · sigmoid(2√(2/π)(x + 0.044715x³)), since ½(1 + tanh u) = sigmoid(2u) */
// @ts-ignore: decorator
@inline
function geluOf(x: v128): v128 {
  const inner = madd(f32x4.mul(x, x), splat(BEND), splat(SLOPE));
  return f32x4.mul(x, sigmoid(f32x4.mul(x, inner)));
}

export function gelu(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = part(args, EACH_RESULT, from) + chunkBytes(args, from);
  let y = part(args, EACH_RESULT, from);
  let x = part(args, EACH_RESULT + 1, from);
  for (; y < last; y += 32, x += 32) {
    const low = geluOf(v128.load(x));
    const high = geluOf(v128.load(x, 16));
    v128.store(y, low);
    v128.store(y, high, 16);
  }
}

/** g · (s + x · s(1 − s) · inner′(x)) with s = sigmoid(inner(x)); beyond ±12 s(1 − s) is 0, and x² may
 * overflow. */
// @ts-ignore: decorator
@inline
function geluGradOf(g: v128, x: v128): v128 {
  const square = f32x4.mul(x, x);
  const s = sigmoid(f32x4.mul(x, madd(square, splat(BEND), splat(SLOPE))));
  const near = f32x4.pmax(f32x4.pmin(x, splat(12)), splat(-12));
  const slope = madd(f32x4.mul(near, near), splat(3 * BEND), splat(SLOPE));
  return f32x4.mul(g, madd(f32x4.mul(near, slope), nmadd(s, s, s), s));
}

export function geluGrad(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = part(args, EACH_RESULT, from) + chunkBytes(args, from);
  let y = part(args, EACH_RESULT, from);
  let g = part(args, EACH_RESULT + 1, from);
  let x = part(args, EACH_RESULT + 2, from);
  for (; y < last; y += 32, g += 32, x += 32) {
    const low = geluGradOf(v128.load(g), v128.load(x));
    const high = geluGradOf(v128.load(g, 16), v128.load(x, 16));
    v128.store(y, low);
    v128.store(y, high, 16);
  }
}
