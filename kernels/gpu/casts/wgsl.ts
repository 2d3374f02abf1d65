import { BLOCK } from "../../../src/tensor/storage/q8.ts";
import { bytesOf } from "../../../src/tensor/storage/types.ts";
import type { Shader } from "../kernel.ts";
import { wgsl as language } from "../numbers/language.ts";
import { MOST_GROUPS } from "../wgsl.ts";
import { type Cast, wordsOf } from "./cast.ts";
import { type Half, roundBody, widenBody } from "./codes.ts";

/** Threads of a workgroup. */
const WORKGROUP = 64;

/** A shader that casts: it reads words of codes and makes floats, or the other way round. */
export function castShader({ storage, widens, elements }: Cast): Shader {
  const words = wordsOf(bytesOf(storage, elements));
  const threads = widens ? Math.ceil(elements / 4) : words;
  const groups = Math.max(1, Math.ceil(threads / WORKGROUP));
  const y = Math.ceil(groups / MOST_GROUPS);
  const x = Math.ceil(groups / y);
  const floats = `array<vec4<f32>, ${Math.max(1, Math.ceil(elements / 4))}>`;
  const codes = `array<u32, ${words}>`;
  const half = storage === "q8_0" ? "f16" : storage;
  const code = `const WORDS = ${words}u;
const BLOCKS = ${Math.floor(elements / BLOCK)}u;
@group(0) @binding(0) var<storage, read> a : ${widens ? codes : floats};
@group(0) @binding(1) var<storage, read_write> target0 : ${widens ? floats : codes};
${widens ? widenFunction(half) : roundFunction(half)}
${storage === "q8_0" ? blocks[widens ? "widen" : "round"] : halves[widens ? "widen" : "round"]}
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id : vec3<u32>) {
  let i = id.x + id.y * ${x * WORKGROUP}u;
  if (i >= ${threads}u) { return; }
  target0[i] = cell(i);
}
`;
  return { code, workgroups: [x, y, 1] };
}

const widenFunction = (half: Half): string =>
  `fn wide(code : f32) -> f32 { ${language.before} ${widenBody(half, language)} }
fn ofBits(code : u32) -> f32 { return wide(f32(code)); }`;
const roundFunction = (half: Half): string =>
  `fn narrow(x : f32) -> f32 { ${language.before} ${roundBody(half, language)} }
fn bitsOf(x : f32) -> u32 { return u32(narrow(x)); }`;

const halves = {
  widen: `fn cell(i : u32) -> vec4<f32> {
  let low = a[2u * i];
  let high = a[min(2u * i + 1u, WORDS - 1u)];
  return vec4<f32>(ofBits(low & 0xffffu), ofBits(low >> 16u), ofBits(high & 0xffffu), ofBits(high >> 16u));
}`,
  round: `fn cell(i : u32) -> u32 {
  let four = a[i >> 1u];
  let two = select(four.xy, four.zw, (i & 1u) == 1u);
  return bitsOf(two.x) | (bitsOf(two.y) << 16u);
}`,
};

/** Blocks of 34 bytes: an f16 scale, then 32 int8. */
const blocks = {
  widen: `fn byte(n : u32) -> u32 { return (a[n >> 2u] >> (8u * (n & 3u))) & 0xffu; }
fn cell(i : u32) -> vec4<f32> {
  let block = 34u * (i >> 3u);
  let scale = ofBits(byte(block) | (byte(block + 1u) << 8u));
  let first = block + 2u + 4u * (i & 7u);
  var four = vec4<f32>(0.0);
  for (var j = 0u; j < 4u; j++) { four[j] = f32(i32(byte(first + j) << 24u) >> 24u); }
  return scale * four;
}`,
  round: `fn scaleOf(block : u32) -> f32 {
  var most = 0.0;
  var nan = 0u;
  for (var j = 0u; j < 8u; j++) {
    let four = abs(a[8u * block + j]);
    for (var k = 0u; k < 4u; k++) {
      nan = max(nan, bitcast<u32>(four[k]));
      most = max(most, four[k]);
    }
  }
  if (nan > 0x7f800000u) { most = bitcast<f32>(nan); }
  return most / 127.0;
}
fn byteAt(n : u32) -> u32 {
  let block = n / 34u;
  let place = n % 34u;
  if (block >= BLOCKS) { return 0u; }
  let scale = scaleOf(block);
  if (place < 2u) { return (bitsOf(scale) >> (8u * place)) & 0xffu; }
  if (scale == 0.0) { return 0u; }
  let x = a[8u * block + ((place - 2u) >> 2u)][(place - 2u) & 3u] * (1.0 / scale);
  let size = abs(x);
  if (!(size < 256.0)) { return 0u; }
  let whole = floor(size);
  let code = i32(whole) + select(0, 1, size - whole >= 0.5);
  return u32(select(code, -code, x < 0.0)) & 0xffu;
}
fn cell(i : u32) -> u32 {
  var word = 0u;
  for (var j = 0u; j < 4u; j++) { word |= byteAt(4u * i + j) << (8u * j); }
  return word;
}`,
};
