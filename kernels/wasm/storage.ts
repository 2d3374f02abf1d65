import { BF16, F16, FLOAT, Q8_0, Q8_BYTES, Q8_NUMBERS } from "./abi";
import { maxLanes, splat, splatBits, storeRow } from "./simd";

/** Four numbers of bf16: the upper halves of float32. */
// @ts-ignore: decorator
@inline
function widenBf16(x: usize): v128 {
  return i32x4.shl(v128.load16x4_u(x), 16);
}

/** Four numbers of f16. Read as float32 without moving the exponent's bias they are 2¹¹² too small, and
 * multiplying by that is exact, of subnormals too; infinities and NaN get their exponent back. */
// @ts-ignore: decorator
@inline
function widenF16(x: usize): v128 {
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

/** The scales of four blocks, times `factor`, which is 2¹¹² where they are wanted as they are. Infinities
 * and NaN are not what they should be: `special` tells. */
// @ts-ignore: decorator
@inline
export function scalesOf(codes: v128, factor: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shr_s(codes, 3), splatBits(0x8fffe000)), factor);
}

/** The codes of four blocks' scales, in the upper halves of lanes. */
// @ts-ignore: decorator
@inline
export function scaleCodes(a: usize, b: usize, c: usize, d: usize): v128 {
  const none = splatBits(0);
  const ab = v128.load16_lane(b, v128.load16_lane(a, none, 1), 3);
  return v128.load16_lane(d, v128.load16_lane(c, ab, 5), 7);
}

/** Whether any of the largest codes that were seen, without their signs, is an infinity or NaN. */
// @ts-ignore: decorator
@inline
export function special(largest: v128): bool {
  return v128.any_true(i16x8.ge_u(largest, splatBits(0x7c007c00)));
}

/** Codes of f16 without their signs. */
// @ts-ignore: decorator
@inline
export function magnitude(codes: v128): v128 {
  return v128.and(codes, splatBits(0x7fff7fff));
}

/** Four numbers of a block of Q8_0, from the address of their int8. */
// @ts-ignore: decorator
@inline
function widenQ8(x: usize, scale: v128): v128 {
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
  if (storage == BF16) {
    let i: usize = 0;
    for (const whole = bytes & ~31; i < whole; i += 32) {
      const codes = v128.load(x + (i >> 1));
      v128.store(y + i, v128.shuffle<i16>(splat(0), codes, 0, 8, 1, 9, 2, 10, 3, 11));
      v128.store(y + i, v128.shuffle<i16>(splat(0), codes, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    }
    for (; i < bytes; i += 16) storeRow(y, i, bytes, widenBf16(x + (i >> 1)));
  } else if (storage == F16) {
    let i: usize = 0;
    for (const whole = bytes & ~15; i < whole; i += 16)
      v128.store(y + i, widenF16(x + (i >> 1)));
    if (i < bytes) storeRow(y, i, bytes, widenF16(x + (i >> 1)));
  } else if (storage == Q8_0)
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
  let sizes = splat(0);
  for (let i: usize = 0; i < <usize>Q8_NUMBERS << 2; i += 16)
    sizes = f32x4.max(sizes, f32x4.abs(v128.load(x + i)));
  const scale: f32 = maxLanes(sizes) / 127;
  const inverse = splat(scale == 0 ? 0 : 1 / scale);
  store<u16>(y, <u16>i32x4.extract_lane(roundF16(splat(scale)), 0));
  for (let i: usize = 0; i < <usize>Q8_NUMBERS; i += 8) {
    const shorts = i16x8.narrow_i32x4_s(
      codesQ8(v128.load(x + (i << 2)), inverse),
      codesQ8(v128.load(x + (i << 2), 16), inverse),
    );
    const bytes = v128.shuffle<i8>(shorts, shorts, 0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14);
    v128.store64_lane(y + 2 + i, bytes, 0);
  }
}

/** x · inverse, rounded half away from zero; all 0 in a block of NaN or infinities, or one too small for
 * its scale. */
// @ts-ignore: decorator
@inline
function codesQ8(x: v128, inverse: v128): v128 {
  const value = f32x4.mul(x, inverse);
  const size = f32x4.abs(value);
  const whole = f32x4.floor(size);
  const up = f32x4.ge(f32x4.sub(size, whole), splat(0.5));
  const code = v128.and(i32x4.sub(i32x4.trunc_sat_f32x4_s(whole), up), f32x4.lt(size, splat(256)));
  const negative = f32x4.lt(value, splat(0));
  return i32x4.sub(v128.xor(code, negative), negative);
}
