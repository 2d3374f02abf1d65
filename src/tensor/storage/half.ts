import type { TypedArray } from "../tensor.ts";

/**
 * Narrow floating-point codes and float32. Widening is exact; narrowing rounds to nearest, ties to
 * even, keeps NaN a NaN, and overflows to ∞ (E4M3FN has none: to NaN). Codes of NaN come back as
 * they were, so that a file which is read and written again is the same to the bit.
 */

const word = new Uint32Array(1);
const real = new Float32Array(word.buffer);

/** bfloat16: the upper half of a float32. */
export function fromBf16(codes: Uint16Array, into: Float32Array): Float32Array {
  const words = bitsOf(into);
  for (let i = 0; i < codes.length; i++) words[i] = (codes[i] as number) << 16;
  return into;
}

export function toBf16(values: Float32Array, into: Uint16Array): Uint16Array {
  const words = bitsOf(values);
  for (let i = 0; i < values.length; i++) {
    const u = words[i] as number;
    // The payload of a NaN may lie in the lower half alone: the quiet bit keeps it one.
    into[i] =
      (u & 0x7fffffff) > 0x7f800000
        ? (u >>> 16) | ((u & 0x007f0000) === 0 ? 0x40 : 0)
        : (u + 0x7fff + ((u >>> 16) & 1)) >>> 16;
  }
  return into;
}

/** IEEE binary16. */
export function fromF16(codes: Uint16Array, into: Float32Array): Float32Array {
  const table = f16Words();
  const words = bitsOf(into);
  for (let i = 0; i < codes.length; i++) words[i] = table[codes[i] as number] as number;
  return into;
}

export function toF16(values: Float32Array, into: Uint16Array): Uint16Array {
  const words = bitsOf(values);
  for (let i = 0; i < values.length; i++) into[i] = f16Code(words[i] as number);
  return into;
}

/** A float32 rounded to binary16, as its code. */
export function f16Of(value: number): number {
  real[0] = value;
  return f16Code(word[0] as number);
}

function f16Code(u: number): number {
  const sign = (u >>> 16) & 0x8000;
  const magnitude = u & 0x7fffffff;
  if (magnitude > 0x7f800000) {
    const payload = (magnitude >>> 13) & 0x3ff;
    return sign | 0x7c00 | (payload === 0 ? 0x200 : payload);
  }
  // From 65520 on, half a unit above the largest: ∞.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Normal from 2^-14 on: the exponent's bias changes from 127 to 15, 13 bits are rounded away.
  if (magnitude >= 0x38800000) {
    const shifted = magnitude - 0x38000000;
    return sign | ((shifted + 0xfff + ((shifted >>> 13) & 1)) >>> 13);
  }
  // Subnormal: adding 0.5 leaves a last place worth 2^-24, so that float32 itself rounds to even.
  word[0] = magnitude;
  real[0] = (real[0] as number) + 0.5;
  return sign | ((word[0] as number) - 0x3f000000);
}

/**
 * Float32 on the way to a narrower type. What float32 does not have goes to the neighbour whose
 * last bit is odd: rounding that again gives the same as rounding the float64 once.
 */
export function toFloat32(values: TypedArray): Float32Array {
  if (values instanceof Float32Array) return values;
  const out = Float32Array.from(values);
  const words = new Int32Array(out.buffer);
  for (let i = 0; i < out.length; i++) {
    const x = values[i] as number;
    const rounded = out[i] as number;
    const isEven = ((words[i] as number) & 1) === 0;
    if (rounded === x || !isEven || Number.isNaN(x) || !Number.isFinite(rounded)) continue;
    words[i] = (words[i] as number) + (Math.abs(x) > Math.abs(rounded) ? 1 : -1);
  }
  return out;
}

export const bitsOf = (values: Float32Array): Uint32Array =>
  new Uint32Array(values.buffer, values.byteOffset, values.length);

let f16Table: Uint32Array | undefined;

/** The float32 of each code, made when it is first asked for: 256 KiB. */
function f16Words(): Uint32Array {
  if (f16Table) return f16Table;
  const table = new Uint32Array(65536);
  for (let code = 0; code < 65536; code++) {
    const sign = (code & 0x8000) << 16;
    const exponent = (code >>> 10) & 31;
    const mantissa = code & 0x3ff;
    if (exponent === 31) table[code] = sign | 0x7f800000 | (mantissa << 13);
    else if (exponent > 0) table[code] = sign | ((exponent + 112) << 23) | (mantissa << 13);
    else {
      real[0] = mantissa * 2 ** -24;
      table[code] = sign | (word[0] as number);
    }
  }
  f16Table = table;
  return table;
}
