import { type FunctionName, functions } from "./numbers/functions.ts";
import { glsl1, glsl3, type Language } from "./numbers/language.ts";

/** Width and height of a texture in texels; the width is a power of two. */
export type TextureSize = readonly [width: number, height: number];

/** A function written in GLSL, for GPU.js to put before a kernel. */
export interface NativeFunction {
  readonly name: string;
  readonly source: string;
  /** The same for WebGL 1, where it has to be another. */
  readonly older?: string;
  readonly returnType: string;
  readonly argumentTypes: readonly string[];
}

/** A function of numbers. */
export function glslNumber(name: FunctionName): NativeFunction {
  const it = functions[name];
  const parameters = it.parameters.map((parameter) => `float ${parameter}`).join(", ");
  const sourceIn = (language: Language): string =>
    `float ${name}Of(${parameters}) {\n  ${language.before}${it.body(language)}\n}`;
  return {
    name: `${name}Of`,
    source: sourceIn(glsl3),
    older: sourceIn(glsl1),
    returnType: "Number",
    argumentTypes: it.parameters.map(() => "Number"),
  };
}

const TEXTURE = "sampler2D t, ivec2 size, ivec3 dim";
const exact = (x: number): string => (Number.isInteger(x) ? `${x}.0` : `${x}`);

/** Declares `texel`, the i-th. */
const texelAt = ([width, height]: TextureSize): string =>
  `float y = floor(i * ${exact(1 / width)});
  vec2 at = vec2(i - y * ${exact(width)}, y) + 0.5;
  vec4 texel = texture(t, at * vec2(${exact(1 / width)}, ${exact(1 / height)}));`;

/**
 * How kernels address textures. GPU.js's own accessors divide integers for it, which
 * costs more than the fetch; dividing a float by a power of two is exact and costs little.
 */
export const glsl = {
  /** The place of this cell's texel in a target. */
  place: ([width]: TextureSize): NativeFunction => ({
    name: `place_${width}`,
    source: `float place_${width}() {
  return floor(gl_FragCoord.y) * ${exact(width)} + floor(gl_FragCoord.x);
}`,
    returnType: "Number",
    argumentTypes: [],
  }),

  /** The i-th texel. */
  fetch: (size: TextureSize): NativeFunction => ({
    name: `fetch_${size.join("_")}`,
    source: `vec4 fetch_${size.join("_")}(${TEXTURE}, float i) {
  ${texelAt(size)}
  return texel;
}`,
    returnType: "Array(4)",
    argumentTypes: ["ArrayTexture(4)", "Number"],
  }),

  /** The n-th number. */
  number: (size: TextureSize): NativeFunction => ({
    name: `number_${size.join("_")}`,
    source: `float number_${size.join("_")}(${TEXTURE}, float n) {
  float i = floor(n * 0.25);
  float lane = n - 4.0 * i;
  ${texelAt(size)}
  vec2 two = lane < 1.5 ? texel.xy : texel.zw;
  return lane == 0.0 || lane == 2.0 ? two.x : two.y;
}`,
    returnType: "Number",
    argumentTypes: ["ArrayTexture(4)", "Number"],
  }),
};
