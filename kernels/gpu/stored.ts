import { bytesOf, isStorageType } from "../../src/tensor/storage/types.ts";
import type { DType, StorageType } from "../../src/tensor/tensor.ts";
import { wordsOf } from "./casts/cast.ts";
import type { DeviceTraits } from "./kernel.ts";

/** How a tensor's numbers lie in a buffer, where they are not floats. */
export interface Stored {
  readonly type: StorageType;
  /** Whether shaders have f16: numbers of it are then read as they are, and only bits where they have not. */
  readonly native: boolean;
}

/** A tensor that a shader reads, in WGSL. */
export interface Source {
  /** What a module begins with that reads it. */
  readonly enable: string;
  readonly declaration: string;
  /** The numbers 4 · i to 4 · i + 3, as a `vec4<f32>`. */
  group(i: string): string;
}

/** The directive for shaders that have f16. */
export const ENABLE_F16 = "enable f16;\n";

/** Whether numbers are read as f16. */
export const isNative = (stored: Stored | undefined): boolean =>
  stored?.type === "f16" && stored.native;

/** The declaration of a tensor, in WGSL. */
export const bind = (
  binding: number,
  access: "read" | "read_write",
  name: string,
  type: string,
): string => `@group(0) @binding(${binding}) var<storage, ${access}> ${name} : ${type};`;

/** How numbers of such a type are kept; undefined for floats. */
export const storedAs = (
  type: DType | undefined,
  { features }: Pick<DeviceTraits, "features">,
): Stored | undefined =>
  type !== undefined && isStorageType(type)
    ? { type, native: features.includes("shader-f16") }
    : undefined;

/**
 * How a shader reads a tensor by groups of four numbers. What is stored is widened exactly; but where shaders have
 * f16, a GPU may take f16's subnormals (below 2⁻¹⁴) for 0.
 * @param elements numbers of the tensor
 */
export function sourceOf(name: string, binding: number, elements: number, stored?: Stored): Source {
  const groups = Math.max(1, Math.ceil(elements / 4));
  if (!stored) {
    const declaration = bind(binding, "read", name, `array<vec4<f32>, ${groups}>`);
    return { enable: "", declaration, group: (i) => `${name}[${i}]` };
  }
  if (isNative(stored)) {
    const declaration = bind(binding, "read", name, `array<vec4<f16>, ${groups}>`);
    return { enable: ENABLE_F16, declaration, group: (i) => `vec4<f32>(${name}[${i}])` };
  }
  const words = wordsOf(bytesOf(stored.type, elements));
  const declaration = `${bind(binding, "read", name, `array<u32, ${words}>`)}
${readers[stored.type](name, words)}`;
  return { enable: "", declaration, group: (i) => `${name}_four(${i})` };
}

/**
 * Four f16 codes, exactly: exponents are moved, those of infinities and NaN twice. A subnormal becomes a mantissa
 * on top of 2⁻¹⁴, which is taken away, so that no float32 is one.
 */
const widening = (name: string): string => `fn ${name}_wide(codes : vec4<u32>) -> vec4<f32> {
  let size = (codes & vec4<u32>(0x7fffu)) << vec4<u32>(13u);
  let far = size >= vec4<u32>(0x0f800000u);
  let usual = size + select(vec4<u32>(0x38000000u), vec4<u32>(0x70000000u), far);
  let above = bitcast<vec4<f32>>(size + vec4<u32>(0x38800000u));
  let small = bitcast<vec4<u32>>(above - vec4<f32>(${2 ** -14}));
  let bits = select(usual, small, size < vec4<u32>(0x00800000u));
  return bitcast<vec4<f32>>(bits | ((codes & vec4<u32>(0x8000u)) << vec4<u32>(16u)));
}`;

/** Functions of a tensor in words of codes, of which `_four` reads a group. */
const readers: { readonly [K in StorageType]: (name: string, words: number) => string } = {
  bf16: (name, words) => `fn ${name}_four(i : u32) -> vec4<f32> {
  let low = ${name}[2u * i];
  let high = ${name}[min(2u * i + 1u, ${words - 1}u)];
  return bitcast<vec4<f32>>(vec4<u32>(low << 16u, low & 0xffff0000u, high << 16u, high & 0xffff0000u));
}`,
  f16: (name, words) => `${widening(name)}
fn ${name}_four(i : u32) -> vec4<f32> {
  let low = ${name}[2u * i];
  let high = ${name}[min(2u * i + 1u, ${words - 1}u)];
  return ${name}_wide(vec4<u32>(low & 0xffffu, low >> 16u, high & 0xffffu, high >> 16u));
}`,
  // A block is 17 halves of words: an f16 scale, and pairs of int8.
  q8_0: (name) => `${widening(name)}
fn ${name}_half(i : u32) -> u32 { return (${name}[i >> 1u] >> (16u * (i & 1u))) & 0xffffu; }
fn ${name}_four(i : u32) -> vec4<f32> {
  let block = 17u * (i >> 3u);
  let at = block + 1u + 2u * (i & 7u);
  let codes = vec2<i32>(vec2<u32>(${name}_half(at), ${name}_half(at + 1u)) << vec2<u32>(16u));
  let four = vec4<i32>(codes.x << 8u, codes.x, codes.y << 8u, codes.y) >> vec4<u32>(24u);
  return ${name}_wide(vec4<u32>(${name}_half(block))) * vec4<f32>(four);
}`,
};
