import { describe, expect, test } from "vitest";
import { tensor } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/ops.ts";
import { onGpu } from "./chromium.ts";
import { behavesOnGpu } from "./gpu.ts";
import { refusesLostAnywhere } from "./lost.ts";

const lost = /^webgl2: the GPU's context was lost .* new engine/;

describe("the GPU.js engine on WebGL 2 in Chromium", () => {
  const gpu = behavesOnGpu({
    mode: "webgl2",
    kernel: /^#version 300 es/,
    long: [5000, 5001],
    lost,
  });

  test("names the renderer", () => {
    const name = gpu.engine.description;
    expect(name).toMatch(/^webgl2 on ./);
    expect(/SwiftShader/.test(name)).toBe(!onGpu);
  });

  test("refuses a tensor larger than a texture", async () => {
    // Nothing of that size is ever made: the plan's kernels are refused first.
    const tall = () => ops.broadcastTo(ops.reshape(tensor([1]), [1, 1]), [2 ** 15, 2 ** 15]);
    await expect(gpu.engine.run(() => ops.sum(tall()))).rejects.toThrow(
      /^page.evaluate: RangeError: broadcast \[32768, 32768\]: webgl2: expected a tensor of at most \d+ elements \(textures of \d+ × \d+\), got 1073741824/,
    );
  });

  gpu.saysWhenLost();

  test("says so wherever in a training it is lost", () => refusesLostAnywhere(gpu.browser, lost));
});
