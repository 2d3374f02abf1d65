import { expect, test } from "vitest";
import { full } from "../../../../src/tensor/apply.ts";
import * as ops from "../../../../src/tensor/ops.ts";
import { emitted } from "../emitted.ts";

const product = ops.matmul(full([4, 8], 0), full([8, 4], 0));

test("matmul on host arrays", () => {
  expect(emitted("host", product)).toMatchInlineSnapshot(`
    "function(a0, a1) {
    const v0 = this.thread.x;
    const v1 = Math.floor((v0 + 0.5) * 0.25);
    const v2 = v0 - v1 * 4;
    let v3 = 0;
    const v4 = (0 * 4 + v1 * 1 + 0) * 8;
    const v5 = 0 * 32 + v2 * 1;
    const v6 = 0 * 2;
    for (let v7 = 0; v7 < 2; v7++) {
    const v8 = v6 + v7;
    const v9 = a0[v4 + v8 * 4 + 0];
    const v10 = a0[v4 + v8 * 4 + 1];
    const v11 = a0[v4 + v8 * 4 + 2];
    const v12 = a0[v4 + v8 * 4 + 3];
    const v13 = v5 + (v8 * 4 + 0) * 4;
    const v14 = a1[v13 + 0];
    const v15 = v5 + (v8 * 4 + 1) * 4;
    const v16 = a1[v15 + 0];
    const v17 = v5 + (v8 * 4 + 2) * 4;
    const v18 = a1[v17 + 0];
    const v19 = v5 + (v8 * 4 + 3) * 4;
    const v20 = a1[v19 + 0];
    v3 += v9 * v14 + v10 * v16 + v11 * v18 + v12 * v20;
    }
    return v3;
    }"
  `);
});

test("matmul on WebGL", () => {
  expect(emitted("webgl2", product)).toMatchInlineSnapshot(`
    "float place_2() {
      return floor(gl_FragCoord.y) * 2.0 + floor(gl_FragCoord.x);
    }
    vec4 fetch_4_2(sampler2D t, ivec2 size, ivec3 dim, float i) {
      float y = floor(i * 0.25);
      vec2 at = vec2(i - y * 4.0, y) + 0.5;
      vec4 texel = texture(t, at * vec2(0.25, 0.5));
      return texel;
    }
    function(a0, a1) {
    const v0 = place_2();
    let v1 = 0;
    let v2 = 0;
    let v3 = 0;
    let v4 = 0;
    const v5 = (0 * 4 + v0 * 1 + 0) * 2;
    const v6 = 0 * 8 + 0 * 1;
    const v7 = 0 * 2;
    for (let v8 = 0; v8 < 2; v8++) {
    const v9 = v7 + v8;
    const v10 = fetch_4_2(a0, v5 + v9);
    const v11 = v6 + (v9 * 4 + 0) * 1;
    const v12 = fetch_4_2(a1, v11 + 0);
    const v13 = v6 + (v9 * 4 + 1) * 1;
    const v14 = fetch_4_2(a1, v13 + 0);
    const v15 = v6 + (v9 * 4 + 2) * 1;
    const v16 = fetch_4_2(a1, v15 + 0);
    const v17 = v6 + (v9 * 4 + 3) * 1;
    const v18 = fetch_4_2(a1, v17 + 0);
    v1 += v10[0] * v12[0] + v10[1] * v14[0] + v10[2] * v16[0] + v10[3] * v18[0];
    v2 += v10[0] * v12[1] + v10[1] * v14[1] + v10[2] * v16[1] + v10[3] * v18[1];
    v3 += v10[0] * v12[2] + v10[1] * v14[2] + v10[2] * v16[2] + v10[3] * v18[2];
    v4 += v10[0] * v12[3] + v10[1] * v14[3] + v10[2] * v16[3] + v10[3] * v18[3];
    }
    return [v1, v2, v3, v4];
    }"
  `);
});

test("matmul on WebGPU: a shader of its own", () => {
  expect(emitted("webgpu", product)).toMatchInlineSnapshot(`
    "function(a0, a1) {
    const v0 = this.thread.x;
    let v1 = 0;
    let v2 = 0;
    let v3 = 0;
    let v4 = 0;
    const v5 = (0 * 4 + v0 * 1 + 0) * 2;
    const v6 = 0 * 8 + 0 * 1;
    const v7 = 0 * 2;
    for (let v8 = 0; v8 < 2; v8++) {
    const v9 = v7 + v8;
    const v10 = group0(v5 + v9);
    const v11 = v6 + (v9 * 4 + 0) * 1;
    const v12 = group1(v11 + 0);
    const v13 = v6 + (v9 * 4 + 1) * 1;
    const v14 = group1(v13 + 0);
    const v15 = v6 + (v9 * 4 + 2) * 1;
    const v16 = group1(v15 + 0);
    const v17 = v6 + (v9 * 4 + 3) * 1;
    const v18 = group1(v17 + 0);
    v1 += v10[0] * v12[0] + v10[1] * v14[0] + v10[2] * v16[0] + v10[3] * v18[0];
    v2 += v10[0] * v12[1] + v10[1] * v14[1] + v10[2] * v16[1] + v10[3] * v18[1];
    v3 += v10[0] * v12[2] + v10[1] * v14[2] + v10[2] * v16[2] + v10[3] * v18[2];
    v4 += v10[0] * v12[3] + v10[1] * v14[3] + v10[2] * v16[3] + v10[3] * v18[3];
    }
    return [v1, v2, v3, v4];
    }
    @group(0) @binding(0) var<storage, read> a0 : array<vec4<f32>, 8>;
    @group(0) @binding(1) var<storage, read> a1 : array<vec4<f32>, 8>;
    @group(0) @binding(2) var<storage, read_write> target0 : array<vec4<f32>, 4>;
    var<private> threadGid : vec3<u32>;
    var<private> result : array<f32, 4>;
    fn fround(x : f32) -> f32 { return x; }
    fn fn_group0(n : f32) -> vec4<f32> { return a0[u32(n)]; }
    fn fn_group1(n : f32) -> vec4<f32> { return a1[u32(n)]; }
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
