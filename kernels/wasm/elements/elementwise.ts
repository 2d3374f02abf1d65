import { EACH_RESULT, SCALAR_FLAGS, SCALAR_RESULT } from "../abi";
import { scratch, trap, word } from "../control";
import { exp as vexp, log as vlog, sinOf, tanh as vtanh } from "./math";
import {
  ABS,
  ADD,
  COPY,
  DIV,
  EXP,
  LESS,
  LOG,
  MAXIMUM,
  MUL,
  MUL_NO_NAN,
  NEG,
  SQRT,
  SUB,
  TANH,
  TO_FLOAT,
} from "../opcodes";
import { splat } from "../simd";
import { chunkBytes, chunkStart, part } from "../tasks";


// @ts-ignore: decorator
@inline
function unaryOf(op: i32, x: v128): v128 {
  if (op == EXP) return vexp(x);
  if (op == LOG) return vlog(x);
  if (op == TANH) return vtanh(x);
  if (op == SQRT) return f32x4.sqrt(x);
  if (op == NEG) return f32x4.neg(x);
  if (op == ABS) return f32x4.abs(x);
  if (op == TO_FLOAT) return f32x4.convert_i32x4_s(x);
  if (op == COPY) return x;
  trap(op);
  return x;
}

// @ts-ignore: decorator
@inline
function unary(op: i32, args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = part(args, EACH_RESULT, from) + chunkBytes(args, from);
  let y = part(args, EACH_RESULT, from);
  let x = part(args, EACH_RESULT + 1, from);
  for (; y < last; y += 16, x += 16) v128.store(y, unaryOf(op, v128.load(x)));
}

export function copy(args: usize, task: i32): void {
  unary(COPY, args, task);
}
export function exp(args: usize, task: i32): void {
  unary(EXP, args, task);
}
export function log(args: usize, task: i32): void {
  unary(LOG, args, task);
}
export function tanh(args: usize, task: i32): void {
  unary(TANH, args, task);
}
export function sqrt(args: usize, task: i32): void {
  unary(SQRT, args, task);
}
export function neg(args: usize, task: i32): void {
  unary(NEG, args, task);
}
export function abs(args: usize, task: i32): void {
  unary(ABS, args, task);
}
export function toFloat(args: usize, task: i32): void {
  unary(TO_FLOAT, args, task);
}

// @ts-ignore: decorator
@inline
function sines(quarters: i32, args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = part(args, EACH_RESULT, from) + chunkBytes(args, from);
  let y = part(args, EACH_RESULT, from);
  let x = part(args, EACH_RESULT + 1, from);
  for (; y < last; y += 4, x += 4) {
    const angle = load<f32>(x);
    // 0 · angle is NaN where there is no sine.
    const sine = <f32>sinOf(angle, quarters) + 0 * angle;
    store<f32>(y, quarters == 0 && angle == 0 ? angle : sine);
  }
}

export function cos(args: usize, task: i32): void {
  sines(1, args, task);
}
/** The sine of −0 is −0. */
export function sin(args: usize, task: i32): void {
  sines(0, args, task);
}

// @ts-ignore: decorator
@inline
function binaryOf(op: i32, a: v128, b: v128): v128 {
  if (op == ADD) return f32x4.add(a, b);
  if (op == MUL) return f32x4.mul(a, b);
  if (op == MUL_NO_NAN) return v128.andnot(f32x4.mul(a, b), f32x4.eq(a, splat(0)));
  if (op == SUB) return f32x4.sub(a, b);
  if (op == DIV) return f32x4.div(a, b);
  if (op == MAXIMUM) return f32x4.max(a, b);
  if (op == LESS) return v128.and(f32x4.lt(a, b), splat(1));
  trap(op);
  return a;
}

/** Step between vectors of an operand: 0 for a scalar, which `operand` spreads over a vector.
 * Bit `i` of the flags says that operand i is a scalar. */
// @ts-ignore: decorator
@inline
function stride(flags: i32, i: i32): usize {
  return (flags >> i) & 1 ? 0 : 16;
}

// @ts-ignore: decorator
@inline
function operand(args: usize, flags: i32, i: i32, from: usize): usize {
  if (stride(flags, i)) return part(args, SCALAR_RESULT + 1 + i, from);
  v128.store(scratch + (<usize>i << 4), v128.load32_splat(part(args, SCALAR_RESULT + 1 + i, 0)));
  return scratch + (<usize>i << 4);
}

// @ts-ignore: decorator
@inline
function binary(op: i32, args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = part(args, SCALAR_RESULT, from) + chunkBytes(args, from);
  const flags = word(args, SCALAR_FLAGS);
  const stepA = stride(flags, 0);
  const stepB = stride(flags, 1);
  let y = part(args, SCALAR_RESULT, from);
  let a = operand(args, flags, 0, from);
  let b = operand(args, flags, 1, from);
  for (; y < last; y += 16, a += stepA, b += stepB)
    v128.store(y, binaryOf(op, v128.load(a), v128.load(b)));
}

export function add(args: usize, task: i32): void {
  binary(ADD, args, task);
}
export function mul(args: usize, task: i32): void {
  binary(MUL, args, task);
}
export function mulNoNan(args: usize, task: i32): void {
  binary(MUL_NO_NAN, args, task);
}
export function sub(args: usize, task: i32): void {
  binary(SUB, args, task);
}
export function div(args: usize, task: i32): void {
  binary(DIV, args, task);
}
export function maximum(args: usize, task: i32): void {
  binary(MAXIMUM, args, task);
}
export function less(args: usize, task: i32): void {
  binary(LESS, args, task);
}

export function select(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = part(args, SCALAR_RESULT, from) + chunkBytes(args, from);
  const flags = word(args, SCALAR_FLAGS);
  const stepC = stride(flags, 0);
  const stepA = stride(flags, 1);
  const stepB = stride(flags, 2);
  let y = part(args, SCALAR_RESULT, from);
  let c = operand(args, flags, 0, from);
  let a = operand(args, flags, 1, from);
  let b = operand(args, flags, 2, from);
  if (!stepC) {
    // One condition for all: that a training step is sound, most often.
    const isFirst = load<f32>(c) != 0;
    const step = isFirst ? stepA : stepB;
    for (let x = isFirst ? a : b; y < last; y += 16, x += step) v128.store(y, v128.load(x));
    return;
  }
  for (; y < last; y += 16, c += stepC, a += stepA, b += stepB) {
    const chosen = f32x4.ne(v128.load(c), splat(0));
    v128.store(y, v128.bitselect(v128.load(a), v128.load(b), chosen));
  }
}
