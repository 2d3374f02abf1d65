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

/** 8 bits, 4 of exponent (bias 7) and 3 of mantissa; no ∞, NaN 0x7f and 0xff, largest 448. */
export const e4m3: Float8 = float8(4, 7, "finite");
/** 8 bits, 5 of exponent (bias 15) and 2 of mantissa, as IEEE would have it; largest 57344. */
export const e5m2: Float8 = float8(5, 15, "ieee");

export interface Float8 {
  readonly decode: (codes: Uint8Array, into: Float32Array) => Float32Array;
  readonly encode: (values: Float32Array, into: Uint8Array) => Uint8Array;
}

function float8(exponentBits: number, bias: number, kind: "finite" | "ieee"): Float8 {
  const mantissaBits = 7 - exponentBits;
  const isNan = (code: number): boolean =>
    kind === "finite" ? (code & 0x7f) === 0x7f : (code & 0x7f) > 0x7c;
  const meaningOf = (code: number): number => {
    const exponent = (code & 0x7f) >>> mantissaBits;
    const mantissa = (code & ((1 << mantissaBits) - 1)) / (1 << mantissaBits);
    const sign = code & 0x80 ? -1 : 1;
    if (kind === "ieee" && exponent === 31) return sign * Number.POSITIVE_INFINITY;
    return exponent === 0
      ? sign * mantissa * 2 ** (1 - bias)
      : sign * (1 + mantissa) * 2 ** (exponent - bias);
  };
  const values = Uint32Array.from({ length: 256 }, (_, code) => {
    // A NaN carries its code in the payload, for the way back.
    if (isNan(code)) return ((code & 0x80) << 24) | 0x7fc00000 | (code & 0x7f);
    real[0] = meaningOf(code);
    return word[0] as number;
  });
  const top = kind === "finite" ? 0x7e : 0x7b;
  const beyond = kind === "finite" ? 0x7f : 0x7c;
  // Where rounding stops being to the largest: half a unit in its last place above it.
  const limit = (meaningOf(top) * 3 - meaningOf(top - 1)) / 2;
  const least = 2 ** (1 - bias);

  const encodeOne = (x: number, u: number): number => {
    const sign = (u >>> 24) & 0x80;
    if (Number.isNaN(x)) {
      const code = u & 0x7f;
      return sign | (isNan(code) ? code : 0x7f);
    }
    const magnitude = Math.abs(x);
    // The tie at the limit would go to the even code, which is the one beyond (0x7c) or, with
    // E4M3FN, the largest (0x7e).
    if (kind === "finite" ? magnitude > limit : magnitude >= limit) return sign | beyond;
    const exponent = magnitude < least ? 1 - bias : Math.floor(Math.log2(magnitude));
    const unit = 2 ** (exponent - mantissaBits);
    const steps = roundToEven(magnitude / unit);
    const base = magnitude < least ? 0 : ((exponent + bias - 1) << mantissaBits) | 0;
    return sign | (base + steps);
  };
  return {
    decode: (codes, into) => {
      const words = bitsOf(into);
      for (let i = 0; i < codes.length; i++) words[i] = values[codes[i] as number] as number;
      return into;
    },
    encode: (input, into) => {
      const words = bitsOf(input);
      for (let i = 0; i < input.length; i++)
        into[i] = encodeOne(input[i] as number, words[i] as number);
      return into;
    },
  };
}

function roundToEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}

const bitsOf = (values: Float32Array): Uint32Array =>
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
