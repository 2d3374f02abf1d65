import { bitsOf } from "../tensor/storage/half.ts";

const word = new Uint32Array(1);
const real = new Float32Array(word.buffer);

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
