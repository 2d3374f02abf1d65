import { expect, test } from "vitest";
import { full } from "../../../../src/tensor/apply.ts";
import * as ops from "../../../../src/tensor/ops.ts";
import { emitted } from "../emitted.ts";

const softmax = ops.softmax(full([2, 8], 0));

test("softmax on host arrays", () => {
  expect(emitted("host", softmax)).toMatchInlineSnapshot(`
    "function(a0) {
    const v0 = this.thread.x;
    const v1 = Math.floor((v0 + 0.5) * 0.5);
    const v2 = v0 - v1 * 2;
    const v3 = a0[v1 * 8];
    let v4 = v3;
    const v5 = v1 * 8;
    for (let v6 = 0; v6 < 8; v6++) {
    const v7 = v5 + v6;
    const v8 = a0[v7];
    v4 = Math.max(v4, v8);
    }
    let v9 = 0;
    const v10 = v1 * 8;
    for (let v11 = 0; v11 < 8; v11++) {
    const v12 = v10 + v11;
    const v13 = a0[v12];
    v9 += Math.exp(v13 - v4);
    }
    return v2 == 0 ? v4 : (v2 == 1 ? 1 / v9 : 1 / v9);
    }

    function(a0, a1) {
    const v0 = this.thread.x;
    const v1 = Math.floor((v0 + 0.5) * 0.125);
    const v2 = v0 - v1 * 8;
    const v3 = a1[(v1) * 2 + 0];
    const v4 = a1[(v1) * 2 + 1];
    const v5 = a0[v0];
    return Math.exp(v5 - v3) * v4;
    }"
  `);
});

test("softmax on WebGL: four numbers a texel", () => {
  expect(emitted("webgl2", softmax)).toMatchInlineSnapshot(`
    "float place_2() {
      return floor(gl_FragCoord.y) * 2.0 + floor(gl_FragCoord.x);
    }
    vec4 fetch_2_2(sampler2D t, ivec2 size, ivec3 dim, float i) {
      float y = floor(i * 0.5);
      vec2 at = vec2(i - y * 2.0, y) + 0.5;
      vec4 texel = texture(t, at * vec2(0.5, 0.5));
      return texel;
    }
    float expOf(float x) {
      if ((floatBitsToUint(x) & 0x7fffffffu) > 0x7f800000u) { return x; }
      if (x > 88.72284) { return uintBitsToFloat(0x7f800000u); }
      if (x < -104.0) { return 0.0; }
      return exp(x);
    }
    function(a0) {
    const v0 = place_2();
    const v1 = fetch_2_2(a0, v0 * 2);
    let v2 = v1[0];
    const v3 = v0 * 2;
    for (let v4 = 0; v4 < 2; v4++) {
    const v5 = v3 + v4;
    const v6 = fetch_2_2(a0, v5);
    v2 = Math.max(v2, v6[0]);
    v2 = Math.max(v2, v6[1]);
    v2 = Math.max(v2, v6[2]);
    v2 = Math.max(v2, v6[3]);
    }
    let v7 = 0;
    const v8 = v0 * 2;
    for (let v9 = 0; v9 < 2; v9++) {
    const v10 = v8 + v9;
    const v11 = fetch_2_2(a0, v10);
    v7 += expOf(v11[0] - v2) + expOf(v11[1] - v2) + expOf(v11[2] - v2) + expOf(v11[3] - v2);
    }
    return [v2, 1 / v7, 0, 0];
    }

    float place_2() {
      return floor(gl_FragCoord.y) * 2.0 + floor(gl_FragCoord.x);
    }
    vec4 fetch_2_2(sampler2D t, ivec2 size, ivec3 dim, float i) {
      float y = floor(i * 0.5);
      vec2 at = vec2(i - y * 2.0, y) + 0.5;
      vec4 texel = texture(t, at * vec2(0.5, 0.5));
      return texel;
    }
    float expOf(float x) {
      if ((floatBitsToUint(x) & 0x7fffffffu) > 0x7f800000u) { return x; }
      if (x > 88.72284) { return uintBitsToFloat(0x7f800000u); }
      if (x < -104.0) { return 0.0; }
      return exp(x);
    }
    function(a0, a1) {
    const v0 = place_2();
    const v1 = Math.floor((v0 + 0.5) * 0.5);
    const v2 = v0 - v1 * 2;
    const v3 = fetch_2_2(a1, v1);
    const v4 = fetch_2_2(a0, v0);
    return [expOf(v4[0] - v3[0]) * v3[1], expOf(v4[1] - v3[0]) * v3[1], expOf(v4[2] - v3[0]) * v3[1], expOf(v4[3] - v3[0]) * v3[1]];
    }"
  `);
});

test("softmax on WebGPU", () => {
  expect(emitted("webgpu", softmax)).toMatchInlineSnapshot(`
    "function(a0) {
    const v0 = this.thread.x;
    const v1 = group0(v0 * 2);
    let v2 = v1[0];
    const v3 = v0 * 2;
    for (let v4 = 0; v4 < 2; v4++) {
    const v5 = v3 + v4;
    const v6 = group0(v5);
    v2 = Math.max(v2, v6[0]);
    v2 = Math.max(v2, v6[1]);
    v2 = Math.max(v2, v6[2]);
    v2 = Math.max(v2, v6[3]);
    }
    let v7 = 0;
    const v8 = v0 * 2;
    for (let v9 = 0; v9 < 2; v9++) {
    const v10 = v8 + v9;
    const v11 = group0(v10);
    v7 += expOf(v11[0] - v2) + expOf(v11[1] - v2) + expOf(v11[2] - v2) + expOf(v11[3] - v2);
    }
    return [v2, 1 / v7, 0, 0];
    }
    @group(0) @binding(0) var<storage, read> a0 : array<vec4<f32>, 4>;
    @group(0) @binding(1) var<storage, read_write> target0 : array<vec4<f32>, 2>;
    var<private> threadGid : vec3<u32>;
    var<private> result : array<f32, 4>;
    fn fround(x : f32) -> f32 { return x; }
    fn fn_group0(n : f32) -> vec4<f32> { return a0[u32(n)]; }
    fn fn_expOf(x : f32) -> f32 { var infinity = 0x7f800000u; var nan = 0x7fc00000u; if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return x; }
      if (x > 88.72284) { return bitcast<f32>(infinity); }
      if (x < -104.0) { return 0.0; }
      return exp(x); }
    fn cell() {
    const data_index : i32 = 0;
    // translated
    }
    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id : vec3<u32>) {
      let index = id.x + id.y * 64u;
      if (index >= 2u) { return; }
      threadGid = vec3<u32>(index, 0u, 0u);
      cell();
      target0[index] = vec4<f32>(result[0], result[1], result[2], result[3]);
    }


    function(a0, a1) {
    const v0 = this.thread.x;
    const v1 = Math.floor((v0 + 0.5) * 0.5);
    const v2 = v0 - v1 * 2;
    const v3 = group1(v1);
    const v4 = group0(v0);
    return [expOf(v4[0] - v3[0]) * v3[1], expOf(v4[1] - v3[0]) * v3[1], expOf(v4[2] - v3[0]) * v3[1], expOf(v4[3] - v3[0]) * v3[1]];
    }
    @group(0) @binding(0) var<storage, read> a0 : array<vec4<f32>, 4>;
    @group(0) @binding(1) var<storage, read> a1 : array<vec4<f32>, 2>;
    @group(0) @binding(2) var<storage, read_write> target0 : array<vec4<f32>, 4>;
    var<private> threadGid : vec3<u32>;
    var<private> result : array<f32, 4>;
    fn fround(x : f32) -> f32 { return x; }
    fn fn_group1(n : f32) -> vec4<f32> { return a1[u32(n)]; }
    fn fn_group0(n : f32) -> vec4<f32> { return a0[u32(n)]; }
    fn fn_expOf(x : f32) -> f32 { var infinity = 0x7f800000u; var nan = 0x7fc00000u; if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return x; }
      if (x > 88.72284) { return bitcast<f32>(infinity); }
      if (x < -104.0) { return 0.0; }
      return exp(x); }
    fn cell() {
    const data_index : i32 = 0;
    // translated
    }
    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id : vec3<u32>) {
      let index = id.x + id.y * 64u;
      if (index >= 4u) { return; }
      threadGid = vec3<u32>(index, 0u, 0u);
      cell();
      target0[index] = vec4<f32>(result[0], result[1], result[2], result[3]);
    }
    "
  `);
});
