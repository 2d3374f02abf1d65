import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Half, roundBody, widenBody } from "../../../kernels/gpu/casts/codes.ts";
import { glsl1, glsl3, type Language } from "../../../kernels/gpu/numbers/language.ts";
import { at } from "../../../src/tensor/shapes.ts";
import { round, widen } from "../../../src/tensor/storage/types.ts";

const word = new DataView(new ArrayBuffer(4));
const bitsOf = (x: number): number => {
  word.setFloat32(0, x);
  return word.getUint32(0);
};
const ofBits = (bits: number): number => {
  word.setUint32(0, bits);
  return word.getFloat32(0);
};

/** JavaScript as a shading language that has bits. */
const withBits: Language = {
  ...glsl3,
  declare: (type, name, value) =>
    type === "uint" ? `const ${name} = (${value}) >>> 0;` : `const ${name} = fround(${value});`,
  bits: (x) => `bitsOf(${x})`,
  fromBits: (x) => `ofBits((${x}) >>> 0)`,
  toUint: (x) => x,
  toFloat: (x) => `((${x}) >>> 0)`,
};
/** And as one that has none. */
const withFloats: Language = { ...glsl1, infinity: "Infinity", nan: "NaN" };

/** A body as a function of one number; what is written as in C is written as in JavaScript. */
function built(parameter: string, body: string): (x: number) => number {
  const script = body
    .replace(/\bfloat (\w+) =/g, "let $1 =")
    .replace(/\b(0x[0-9a-f]+|\d+)u\b/g, "$1");
  const make = new Function(
    "bitsOf",
    "ofBits",
    `const { abs, floor, fround } = Math; return (${parameter}) => { ${script} };`,
  );
  return make(bitsOf, ofBits) as (x: number) => number;
}

const float32 = fc.oneof(
  fc.float(),
  fc.float({ min: -70000, max: 70000 }),
  fc.float({ min: -Math.fround(2 ** -13), max: Math.fround(2 ** -13) }),
  // Halfway between two codes, and next to it.
  fc
    .tuple(fc.nat(0xffff), fc.constantFrom(0x7fff, 0x8000, 0x8001))
    .map(([high, low]) => ofBits(high * 65536 + low)),
  fc
    .tuple(fc.nat(0x7ffff), fc.constantFrom(0xfff, 0x1000, 0x1001))
    .map(([high, low]) => ofBits(high * 8192 + low)),
);

describe.each(["bf16", "f16"] as const)("codes of %s on GPUs", (half: Half) => {
  describe.each([
    ["by bits", withBits],
    ["by floats", withFloats],
  ] as const)("%s", (_, language) => {
    const [widens, rounds] = [
      built("code", widenBody(half, language)),
      built("x", roundBody(half, language)),
    ];
    const codeOf = (x: number): number => at(round(half, Float32Array.of(x)) as Uint16Array, 0);
    const numberOf = (code: number): number => at(widen(half, Uint16Array.of(code)), 0);

    test("each is the number that it is on the host", () => {
      const numbers = widen(
        half,
        Uint16Array.from({ length: 65536 }, (_, code) => code),
      );
      const wrong = numbers.findIndex((number, code) => !Object.is(widens(code), number));
      expect(wrong).toBe(-1);
    });

    test("each number has the code that it has on the host", () => {
      fc.assert(
        fc.property(float32, (x) => {
          const [got, want] = [rounds(x), codeOf(x)];
          if (Number.isNaN(x)) expect(numberOf(got)).toBeNaN();
          // A language without bits sees no sign of zero.
          else if (x === 0) expect(numberOf(got) === 0).toBe(true);
          else expect(got, `${x}`).toBe(want);
        }),
        { numRuns: 2000 },
      );
      const edges = [Infinity, -Infinity, Number.NaN, 65504, 65519.99, 65520, 2 ** -24, 2 ** -25];
      for (const x of edges.map(Math.fround)) {
        if (Number.isNaN(x)) expect(numberOf(rounds(x))).toBeNaN();
        else expect(rounds(x), `${x}`).toBe(codeOf(x));
      }
    });
  });
});
