import { BF16, F16, FLOAT, Q8_0, Q8_BYTES, Q8_NUMBERS } from "./abi";
import { splat, splatBits, storeRow } from "./simd";

/** Four numbers of bf16: the upper halves of float32. */
// @ts-ignore: decorator
@inline
export function widenBf16(x: usize): v128 {
  return i32x4.shl(v128.load16x4_u(x), 16);
}

/** Four numbers of f16. Read as float32 without moving the exponent's bias they are 2¹¹² too small, and
 * multiplying by that is exact, of subnormals too; infinities and NaN get their exponent back. */
// @ts-ignore: decorator
@inline
export function widenF16(x: usize): v128 {
  const codes = v128.load16x4_u(x);
  const magnitude = v128.and(codes, splatBits(0x7fff));
  const sign = i32x4.shl(v128.xor(codes, magnitude), 16);
  const special = v128.and(i32x4.ge_s(magnitude, splatBits(0x7c00)), splatBits(0x7f800000));
  const value = f32x4.mul(i32x4.shl(magnitude, 13), splatBits(0x77800000));
  return v128.or(v128.or(value, special), sign);
}

/** The scale of a block of Q8_0. */
// @ts-ignore: decorator
@inline
export function scaleOf(block: usize): f32 {
  const code = <i32>load<i16>(block);
  const shifted = (code << 13) & 0x8fffe000;
  return (code & 0x7c00) == 0x7c00
    ? reinterpret<f32>(shifted | 0x7f800000)
    : reinterpret<f32>(shifted) * reinterpret<f32>(0x77800000);
}

/** Four numbers of a block of Q8_0, from the address of their int8. */
// @ts-ignore: decorator
@inline
export function widenQ8(x: usize, scale: v128): v128 {
  const shorts = i16x8.extend_low_i8x16_s(v128.load32_zero(x));
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(shorts)), scale);
}

/** Bytes that so many numbers take; of Q8_0 whole blocks. */
export function storedBytes(storage: i32, numbers: usize): usize {
  if (storage == FLOAT) return numbers << 2;
  if (storage == Q8_0) return (numbers / <usize>Q8_NUMBERS) * <usize>Q8_BYTES;
  return numbers << 1;
}

/** Widens a row of numbers to `bytes` of float32, and writes nothing past its end; it may read a
 * vector past that of the source. A row of Q8_0 is whole blocks. */
export function widenRow(y: usize, x: usize, storage: i32, bytes: usize): void {
  if (storage == BF16)
    for (let i: usize = 0; i < bytes; i += 16) storeRow(y, i, bytes, widenBf16(x + (i >> 1)));
  else if (storage == F16)
    for (let i: usize = 0; i < bytes; i += 16) storeRow(y, i, bytes, widenF16(x + (i >> 1)));
  else if (storage == Q8_0)
    for (let i: usize = 0; i < bytes; x += Q8_BYTES) {
      const scale = splat(scaleOf(x));
      for (let j: usize = 2; j < <usize>Q8_BYTES; i += 16, j += 4)
        v128.store(y + i, widenQ8(x + j, scale));
    }
  else for (let i: usize = 0; i < bytes; i += 16) storeRow(y, i, bytes, v128.load(x + i));
}

/** Four numbers to bf16: to the nearest, ties to even; a NaN stays one though its payload be cut off. */
// @ts-ignore: decorator
@inline
export function roundBf16(v: v128): v128 {
  const odd = v128.and(i32x4.shr_u(v, 16), splatBits(1));
  const rounded = i32x4.shr_u(i32x4.add(v, i32x4.add(odd, splatBits(0x7fff))), 16);
  const cut = i32x4.shr_u(v, 16);
  const empty = i32x4.eq(v128.and(v, splatBits(0x007f0000)), splatBits(0));
  const nan = v128.or(cut, v128.and(empty, splatBits(0x40)));
  return v128.bitselect(nan, rounded, f32x4.ne(v, v));
}

/** Four numbers to f16, as roundBf16. */
// @ts-ignore: decorator
@inline
export function roundF16(v: v128): v128 {
  const magnitude = v128.and(v, splatBits(0x7fffffff));
  const sign = v128.and(i32x4.shr_u(v, 16), splatBits(0x8000));
  // Normal from 2⁻¹⁴ on: the exponent's bias changes, 13 bits are rounded away.
  const shifted = i32x4.sub(magnitude, splatBits(0x38000000));
  const odd = v128.and(i32x4.shr_u(shifted, 13), splatBits(1));
  const normal = i32x4.shr_u(i32x4.add(shifted, i32x4.add(odd, splatBits(0xfff))), 13);
  // Subnormal: adding ½ leaves a last place worth 2⁻²⁴, so that the sum itself is rounded to even.
  const small = i32x4.sub(f32x4.add(magnitude, splat(0.5)), splatBits(0x3f000000));
  let code = v128.bitselect(small, normal, i32x4.lt_s(magnitude, splatBits(0x38800000)));
  // From 65520 on, half a unit above the largest: ∞.
  code = v128.bitselect(splatBits(0x7c00), code, i32x4.ge_s(magnitude, splatBits(0x477ff000)));
  const payload = v128.and(i32x4.shr_u(magnitude, 13), splatBits(0x3ff));
  const empty = v128.and(i32x4.eq(payload, splatBits(0)), splatBits(0x200));
  const nan = v128.or(v128.or(payload, empty), splatBits(0x7c00));
  return v128.or(sign, v128.bitselect(nan, code, f32x4.ne(v, v)));
}

/** The low halves of four words, side by side. */
// @ts-ignore: decorator
@inline
export function storeHalves(y: usize, v: v128): void {
  v128.store64_lane(y, v128.shuffle<i16>(v, v, 0, 2, 4, 6, 0, 2, 4, 6), 0);
}

/** A block of 32 numbers to Q8_0 as ggml does it: d = max |x| / 127, x / d rounded half away from zero. */
export function roundQ8(y: usize, x: usize): void {
  let most: f32 = 0;
  for (let i: usize = 0; i < <usize>Q8_NUMBERS << 2; i += 4) most = max<f32>(most, abs<f32>(load<f32>(x + i)));
  const scale: f32 = most / 127;
  const inverse: f32 = scale == 0 ? 0 : 1 / scale;
  store<u16>(y, <u16>i32x4.extract_lane(roundF16(splat(scale)), 0));
  for (let i: usize = 0; i < <usize>Q8_NUMBERS; i++) {
    const value = load<f32>(x + (i << 2)) * inverse;
    const size = abs<f32>(value);
    // In a block of NaN or infinities, or one too small for its scale, all is 0.
    let code: i32 = 0;
    if (size < 256) {
      const whole = floor<f32>(size);
      code = <i32>whole + (size - whole >= 0.5 ? 1 : 0);
      if (value < 0) code = -code;
    }
    store<i8>(y + 2 + i, <i8>code);
  }
}
