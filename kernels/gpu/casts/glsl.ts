import type { NativeFunction, TextureSize } from "../glsl.ts";
import { glsl1, glsl3, type Language } from "../numbers/language.ts";
import type { Cast } from "./cast.ts";
import { roundBody, widenBody } from "./codes.ts";

const exact = (x: number): string => (Number.isInteger(x) ? `${x}.0` : `${x}`);

/** Declares a function that fetches the i-th texel; `scale` makes bytes of what a texture of them gives. */
const fetchOf = (fetch: string, [width, height]: TextureSize, scale: (texel: string) => string) =>
  `vec4 texelOf(sampler2D t, float i) {
  float y = floor(i * ${exact(1 / width)});
  vec2 at = vec2(i - y * ${exact(width)}, y) + 0.5;
  return ${scale(`${fetch}(t, at * vec2(${exact(1 / width)}, ${exact(1 / height)}))`)};
}`;

/**
 * What GPU.js makes a kernel of that casts. Codes lie in textures of bytes, four to a texel; floats, as
 * everywhere, four to a texel too.
 * @param from size of the texture that is read
 * @param to size of the texture that is made
 */
export function castSource(
  cast: Cast,
  from: TextureSize,
  to: TextureSize,
): { readonly code: string; readonly natives: readonly NativeFunction[] } {
  const native: NativeFunction = {
    name: "castOf",
    source: textOf(cast, from, to, glsl3, "texture"),
    older: textOf(cast, from, to, glsl1, "texture2D"),
    returnType: "Array(4)",
    argumentTypes: ["ArrayTexture(4)"],
  };
  return { code: "function(a0) { return castOf(a0); }", natives: [native] };
}

function textOf(
  { storage, widens }: Cast,
  from: TextureSize,
  [width]: TextureSize,
  language: Language,
  fetch: string,
): string {
  const half = storage === "q8_0" ? "f16" : storage;
  const bytes = widens ? (texel: string) => `floor(${texel} * 255.0 + 0.5)` : (x: string) => x;
  const parameter = widens ? "code" : "x";
  const body = widens ? widenBody(half, language) : roundBody(half, language);
  const cells = storage === "q8_0" ? blocks : halves;
  return `${fetchOf(fetch, from, bytes)}
float ofOne(float ${parameter}) { ${language.before} ${body} }
${cells[widens ? "widen" : "round"](language)}
vec4 castOf(sampler2D t, ivec2 size, ivec3 dim) {
  return cell(t, floor(gl_FragCoord.y) * ${exact(width)} + floor(gl_FragCoord.x));
}`;
}

/** Bytes as what a texture of them takes. */
const AS_TEXEL = "/ 255.0";

const halves = {
  widen: () => `vec4 cell(sampler2D t, float i) {
  vec4 a = texelOf(t, 2.0 * i);
  vec4 b = texelOf(t, 2.0 * i + 1.0);
  return vec4(ofOne(a.x + 256.0 * a.y), ofOne(a.z + 256.0 * a.w), ofOne(b.x + 256.0 * b.y), ofOne(b.z + 256.0 * b.w));
}`,
  round: () => `vec4 cell(sampler2D t, float i) {
  float texel = floor(i * 0.5);
  vec4 four = texelOf(t, texel);
  vec2 two = i - 2.0 * texel > 0.5 ? four.zw : four.xy;
  vec2 codes = vec2(ofOne(two.x), ofOne(two.y));
  vec2 high = floor(codes / 256.0);
  vec2 low = codes - 256.0 * high;
  return vec4(low.x, high.x, low.y, high.y) ${AS_TEXEL};
}`,
};

/** Two blocks of 34 bytes are 17 texels: an even one begins a texel, an odd one is half a texel late. */
const blocks = {
  widen: () => `vec4 cell(sampler2D t, float i) {
  float block = floor(i / 8.0);
  float pair = floor(block * 0.5);
  bool odd = block - 2.0 * pair > 0.5;
  float j = i - 8.0 * block;
  float first = 17.0 * pair + (odd ? 9.0 : 0.0) + j;
  vec4 s = texelOf(t, 17.0 * pair + (odd ? 8.0 : 0.0));
  float scale = odd ? ofOne(s.z + 256.0 * s.w) : ofOne(s.x + 256.0 * s.y);
  vec4 a = texelOf(t, first);
  vec4 b = odd ? a : texelOf(t, first + 1.0);
  vec4 codes = odd ? a : vec4(a.zw, b.xy);
  return scale * (codes - 256.0 * step(128.0, codes));
}`,
  round: ({ isNan, before, nan }: Language) => `float scaleOf(sampler2D t, float block) {
  ${before}
  float most = 0.0;
  float strange = 0.0;
  for (int j = 0; j < 8; j++) {
    vec4 four = abs(texelOf(t, 8.0 * block + float(j)));
    if (${isNan("four.x")} || ${isNan("four.y")} || ${isNan("four.z")} || ${isNan("four.w")}) { strange = 1.0; }
    most = max(most, max(max(four.x, four.y), max(four.z, four.w)));
  }
  if (strange > 0.0) { return ${nan}; }
  return most / 127.0;
}
float byteAt(sampler2D t, float pair, float n) {
  float odd = n >= 34.0 ? 1.0 : 0.0;
  float block = 2.0 * pair + odd;
  float place = n - 34.0 * odd;
  float scale = scaleOf(t, block);
  if (place < 2.0) {
    float code = ofOne(scale);
    float high = floor(code / 256.0);
    return place < 1.0 ? code - 256.0 * high : high;
  }
  if (scale == 0.0) { return 0.0; }
  float texel = floor((place - 2.0) / 4.0);
  vec4 four = texelOf(t, 8.0 * block + texel);
  float lane = place - 2.0 - 4.0 * texel;
  float x = lane < 0.5 ? four.x : lane < 1.5 ? four.y : lane < 2.5 ? four.z : four.w;
  x *= 1.0 / scale;
  float size = abs(x);
  if (!(size < 256.0)) { return 0.0; }
  float whole = floor(size);
  float code = size - whole >= 0.5 ? whole + 1.0 : whole;
  return x < 0.0 && code > 0.0 ? 256.0 - code : code;
}
vec4 cell(sampler2D t, float i) {
  float pair = floor((i + 0.5) / 17.0);
  float n = 4.0 * (i - 17.0 * pair);
  return vec4(byteAt(t, pair, n), byteAt(t, pair, n + 1.0), byteAt(t, pair, n + 2.0), byteAt(t, pair, n + 3.0)) ${AS_TEXEL};
}`,
};
