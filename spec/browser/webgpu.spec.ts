import { describe, expect, test } from "vitest";
import { full } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/ops.ts";
import { onGpu } from "./chromium.ts";
import { behavesOnGpu } from "./gpu.ts";

describe("the GPU.js engine on WebGPU in Chromium", () => {
  const gpu = behavesOnGpu({
    mode: "webgpu",
    kernel: /@compute/,
    long: [5000],
    lost: /^webgpu: the GPU device was lost .* new engine/,
  });

  test("names the adapter, which is found before WebGL 2", async () => {
    expect(gpu.engine.description).toMatch(onGpu ? /^webgpu on ./ : /^webgpu on .*swiftshader/i);
    expect(await gpu.browser.probe()).toMatchObject({ mode: "webgpu", hardware: onGpu });
  });

  test("refuses a tensor that floats cannot index", async () => {
    const tall = () => ops.broadcastTo(full([1, 1], 1), [2 ** 12, 2 ** 13]);
    await expect(gpu.engine.run(() => ops.sum(tall()))).rejects.toThrow(
      "broadcast [4096, 8192]: webgpu: expected a tensor of at most 16777216 elements, got 33554432",
    );
  });

  gpu.saysWhenLost();
});
