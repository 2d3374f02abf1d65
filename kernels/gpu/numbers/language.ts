/** How a shading language writes what JavaScript that GPU.js translates cannot say. */
export interface Language {
  /** Declares a constant. */
  declare(type: "float" | "uint", name: string, value: string): string;
  variable(type: "float" | "uint", name: string, value: string): string;
  /** Declares words that are looked up by number. */
  words(name: string, values: readonly number[]): string;
  /** The bits of a float; undefined where the language has no bits. */
  readonly bits: ((x: string) => string) | undefined;
  /** The float of these bits, where the language has them. */
  fromBits(x: string): string;
  /** A whole float from 0 on as an unsigned integer. */
  toUint(x: string): string;
  /** The float nearest to an unsigned integer. */
  toFloat(x: string): string;
  isNan(x: string): string;
  readonly infinity: string;
  readonly nan: string;
  /** What has to stand before any of it. */
  readonly before: string;
}

/** Compilers may take it that no float is NaN, and drop `x != x`; of bits they know nothing. */
const isNanByBits =
  (bits: (x: string) => string) =>
  (x: string): string =>
    `(${bits(x)} & 0x7fffffffu) > 0x7f800000u`;

const glslBits = (x: string): string => `floatBitsToUint(${x})`;
const wgslBits = (x: string): string => `bitcast<u32>(${x})`;
const hex = (word: number): string => `0x${word.toString(16)}u`;

export const glsl3: Language = {
  declare: (type, name, value) => `${type} ${name} = ${value};`,
  variable: (type, name, value) => `${type} ${name} = ${value};`,
  words: (name, values) =>
    `uint ${name}[${values.length}] = uint[${values.length}](${values.map(hex).join(", ")});`,
  bits: glslBits,
  fromBits: (x) => `uintBitsToFloat(${x})`,
  toUint: (x) => `uint(${x})`,
  toFloat: (x) => `float(${x})`,
  isNan: isNanByBits(glslBits),
  infinity: "uintBitsToFloat(0x7f800000u)",
  nan: "uintBitsToFloat(0x7fc00000u)",
  before: "",
};

/** GLSL of WebGL 1 has neither bits nor whole numbers, and no rule for NaN: this is what most GPUs heed. */
export const glsl1: Language = {
  ...glsl3,
  bits: undefined,
  isNan: (x) => `!(${x} <= 0.0 || ${x} >= 0.0)`,
  infinity: "(1.0 / zero)",
  nan: "(zero / zero)",
  before: "float zero = 0.0; ",
};

export const wgsl: Language = {
  declare: (_, name, value) => `let ${name} = ${value};`,
  variable: (_, name, value) => `var ${name} = ${value};`,
  words: (name, values) =>
    `var ${name} = array<u32, ${values.length}>(${values.map(hex).join(", ")});`,
  bits: wgslBits,
  fromBits: (x) => `bitcast<f32>(${x})`,
  toUint: (x) => `u32(${x})`,
  toFloat: (x) => `f32(${x})`,
  isNan: isNanByBits(wgslBits),
  // A constant expression must not be infinite, a variable's bits may be anything.
  infinity: "bitcast<f32>(infinity)",
  nan: "bitcast<f32>(nan)",
  before: "var infinity = 0x7f800000u; var nan = 0x7fc00000u; ",
};
