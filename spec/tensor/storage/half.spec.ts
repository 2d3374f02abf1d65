import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { f16Of, fromBf16, fromF16, toBf16, toF16 } from "../../../src/tensor/storage/half.ts";
import { e4m3, e5m2 } from "../../../src/weights/float8.ts";

const codes16 = Uint16Array.from({ length: 65536 }, (_, code) => code);
const codes8 = Uint8Array.from({ length: 256 }, (_, code) => code);

interface Format {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  /** Without ∞: only the code of ones is NaN. */
  readonly finite: boolean;
  readonly count: number;
  readonly decode: (codes: readonly number[]) => Float32Array;
  readonly encode: (values: Float32Array) => ArrayLike<number>;
}

const formats: Readonly<Record<string, Format>> = {
  BF16: {
    ...{ exponentBits: 8, mantissaBits: 7, finite: false, count: 65536 },
    decode: (codes) => fromBf16(Uint16Array.from(codes), new Float32Array(codes.length)),
    encode: (values) => toBf16(values, new Uint16Array(values.length)),
  },
  F16: {
    ...{ exponentBits: 5, mantissaBits: 10, finite: false, count: 65536 },
    decode: (codes) => fromF16(Uint16Array.from(codes), new Float32Array(codes.length)),
    encode: (values) => toF16(values, new Uint16Array(values.length)),
  },
  E4M3FN: {
    ...{ exponentBits: 4, mantissaBits: 3, finite: true, count: 256 },
    decode: (codes) => e4m3.decode(Uint8Array.from(codes), new Float32Array(codes.length)),
    encode: (values) => e4m3.encode(values, new Uint8Array(values.length)),
  },
  E5M2: {
    ...{ exponentBits: 5, mantissaBits: 2, finite: false, count: 256 },
    decode: (codes) => e5m2.decode(Uint8Array.from(codes), new Float32Array(codes.length)),
    encode: (values) => e5m2.encode(values, new Uint8Array(values.length)),
  },
};

/** What a code means, by the definition of the format. */
function meaning(code: number, { exponentBits, mantissaBits, finite }: Format): number {
  const bias = 2 ** (exponentBits - 1) - 1;
  const all = 2 ** exponentBits - 1;
  const sign = code >> (exponentBits + mantissaBits) ? -1 : 1;
  const exponent = (code >> mantissaBits) & all;
  const mantissa = code & (2 ** mantissaBits - 1);
  if (exponent === all && finite && mantissa === 2 ** mantissaBits - 1) return Number.NaN;
  if (exponent === all && !finite)
    return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  const unit = 2 ** -mantissaBits;
  return exponent === 0
    ? sign * mantissa * unit * 2 ** (1 - bias)
    : sign * (1 + mantissa * unit) * 2 ** (exponent - bias);
}

describe.each(Object.entries(formats))("%s", (_, format) => {
  const codes = Array.from(format.count === 256 ? codes8 : codes16);
  const meanings = codes.map((code) => meaning(code, format));

  test("every code widens to what it means", () => {
    expect(Array.from(format.decode(codes))).toEqual(meanings);
  });

  test("every code, those of NaN too, narrows to itself", () => {
    expect(Array.from(format.encode(format.decode(codes)))).toEqual(codes);
  });

  /** Finite numbers from 0 on, by code, which is their order. */
  const ladder = meanings.slice(0, format.count / 2).filter(Number.isFinite);
  /** What the next code would mean, did it not mean ∞ or NaN: ties with it round like others. */
  const beyond = 2 * (ladder.at(-1) as number) - (ladder.at(-2) as number);
  const half = (low: number, high: number): number => low + (high - low) / 2;
  const nextUp = (x: number, by: number): number => {
    const words = new Int32Array(Float32Array.of(x).buffer);
    words[0] = (words[0] as number) + by;
    return new Float32Array(words.buffer)[0] as number;
  };

  test("between two codes the nearer one, at the middle the even one", () => {
    const steps = [...ladder, beyond];
    const inputs: number[] = [];
    const wanted: number[] = [];
    for (let code = 0; code < ladder.length; code++) {
      const middle = half(steps[code] as number, steps[code + 1] as number);
      const last = code === ladder.length - 1;
      // The largest E4M3FN code is even, ∞ is even too (a mantissa of 0).
      const even = last ? (format.finite ? code : code + 1) : code + (code % 2);
      inputs.push(nextUp(middle, -1), middle, nextUp(middle, 1));
      wanted.push(code, even, code + 1);
    }
    // BF16's subnormals reach below float32's: all its middles are float32 numbers.
    expect(inputs.every((x) => Math.fround(x) === x)).toBe(true);
    const signed = Float32Array.from([...inputs, ...inputs.map((x) => -x)]);
    const top = format.count / 2;
    expect(Array.from(format.encode(signed))).toEqual([...wanted, ...wanted.map((c) => c + top)]);
  });

  test("NaN stays NaN whatever its payload, and rounding never changes the order", () => {
    const payloads = Uint32Array.of(0x7f800001, 0xff800001, 0x7fffffff, 0x7fc00000, 0xffc00000);
    const nans = format.decode(Array.from(format.encode(new Float32Array(payloads.buffer))));
    expect(Array.from(nans)).toEqual(Array.from(payloads, () => Number.NaN));
    const float = fc.float({ noNaN: true });
    fc.assert(
      fc.property(float, float, (a, b) => {
        const [x, y] = Array.from(
          format.decode(Array.from(format.encode(Float32Array.of(a, b)))),
        ) as [number, number];
        const isOverflow = format.finite && (Number.isNaN(x) || Number.isNaN(y));
        expect(isOverflow || (a <= b ? x <= y : x >= y)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

test("f16Of is the code of one number", () => {
  const values = [0, -0, 1, 65504, 65519.99, 65520, 2 ** -24, 2 ** -25, -1.5];
  expect(values.map(f16Of)).toEqual(
    Array.from(toF16(Float32Array.from(values), new Uint16Array(9))),
  );
});
