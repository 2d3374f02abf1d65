import { describe, expect, test } from "vitest";
import { full, ids, tensor } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
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

  test("takes a part of a tensor where it lies, if that starts where a binding may", async () => {
    const { engine } = gpu;
    const numbers = Float32Array.from({ length: 3 * 128 }, (_, i) => i);
    const parts = (x: Tensor) => {
      const all = ops.mul(x, 2);
      const row = (from: number) => ops.slice(all, [from, 0], [1, 128]);
      const late = ops.slice(ops.slice(all, [1, 0], [2, 128]), [1, 64], [1, 64]);
      return [ops.exp(ops.mul(row(1), 0)), ops.neg(row(2)), ops.neg(late)] as const;
    };
    const apart = (x: Tensor) => ops.neg(ops.slice(ops.mul(x, 2), [0, 3], [3, 64]));
    const [lying, copied] = [engine.compile(parts), engine.compile(apart)];
    const x = engine.put(tensor(numbers, [3, 128]));
    for (let i = 0; i < 3; i++) {
      const [ones, last, half] = await lying(x);
      expect(await engine.read(ones)).toEqual(new Float32Array(128).fill(1));
      expect(await engine.read(last)).toEqual(numbers.slice(256).map((n) => -2 * n));
      expect(await engine.read(half)).toEqual(numbers.slice(320).map((n) => -2 * n));
    }
    expect(lying.stats().launches).toBe(4);
    const y = await engine.read(await copied(x));
    expect(y).toEqual(
      Float32Array.from({ length: 192 }, (_, i) => -2 * (128 * Math.floor(i / 64) + (i % 64) + 3)),
    );
    expect(copied.stats().launches).toBe(3);
  });

  test("finds numbers at places that floats skip", async () => {
    const [rows, columns] = [2 ** 12 + 1, 2 ** 12 + 3];
    const ends = await gpu.engine.run(() => {
      const row = tensor(
        Float32Array.from({ length: rows }, (_, i) => i),
        [rows, 1],
      );
      const tall = ops.broadcastTo(row, [rows, columns]);
      return [ops.gather(tall, ids([rows - 1, 7])), ops.slice(tall, [rows - 2, 1], [2, 3])];
    });
    const each = (x: number, times: number) => Array<number>(times).fill(x);
    expect(ends.map(({ data }) => Array.from(data))).toEqual([
      [...each(rows - 1, columns), ...each(7, columns)],
      [...each(rows - 2, 3), ...each(rows - 1, 3)],
    ]);
  });

  test("refuses to join tensors side by side that no binding holds", async () => {
    const joined = () => {
      const wide = ops.broadcastTo(full([1, 1], 1), [2 ** 15, 2 ** 16]);
      return ops.sum(ops.concat([wide, ops.exp(wide)], 1));
    };
    await expect(gpu.engine.run(joined)).rejects.toThrow(
      /concat \[32768, 131072\]: expected tensors of at most \d+ numbers, which the device gives a kernel at once/,
    );
  });

  gpu.saysWhenLost();
});
