import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPlan, type PlanOptions } from "../../../src/compile/build.ts";
import {
  createWasmDevice,
  type WasmBuffer,
  type WasmDevice,
} from "../../../src/engines/wasm/device.ts";
import { apply, constant, ids, tensor } from "../../../src/tensor/apply.ts";
import * as ops from "../../../src/tensor/ops.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";
import { noise } from "../noise.ts";

const N = 5000;
const placeholder = (index: number, shape: readonly number[] = [N]): Tensor =>
  new Tensor("placeholder", shape, "float", [], { index });
const numbers = (seed: number) => Float32Array.from(noise(N, seed));

describe("the wasm device", () => {
  let device: WasmDevice;
  beforeAll(async () => {
    device = await createWasmDevice({ threads: 2 });
  });
  afterAll(() => device.close());

  const up = (data: Float32Array) => device.upload(data, [data.length], "float");
  const down = async (buffer: WasmBuffer) =>
    (await device.read(buffer, [buffer.bytes / 4], "float")) as Float32Array;
  const prepare = (
    f: (a: Tensor, b: Tensor) => readonly Tensor[],
    options: PlanOptions = {},
    shape: readonly number[] = [N],
  ) => {
    const [a, b] = [placeholder(0, shape), placeholder(1, shape)];
    return device.prepare(buildPlan(f(a, b), [a, b], options));
  };

  test("says what it is", () => {
    expect(device.backend).toBe("wasm");
    expect(device.description).toMatch(/^WebAssembly, .*SIMD.*, 2 threads$/);
  });

  test("reads back what was uploaded, as a copy", async () => {
    const x = up(numbers(1));
    const [a, b] = [await down(x), await down(x)];
    expect(a).toEqual(numbers(1));
    a.fill(0);
    expect(b).toEqual(numbers(1));
    const id = device.upload(Int32Array.of(-(2 ** 31), 7, 2 ** 31 - 1), [3], "int");
    expect([...(await device.read(id, [3], "int"))]).toEqual([-(2 ** 31), 7, 2 ** 31 - 1]);
    device.free(x);
    device.free(id);
  });

  test("copies: the copy outlives the original", async () => {
    const x = up(numbers(2));
    const copy = device.copy(x);
    device.free(x);
    expect(await down(copy)).toEqual(numbers(2));
    device.free(copy);
  });

  test("hands a donated input's memory on to an output of its size", async () => {
    const executable = await prepare((a, b) => [ops.add(a, b), ops.mul(a, b)], { donated: [0, 1] });
    const [x, y] = [up(numbers(3)), up(numbers(4))];
    const before = device.memory();
    const [sum, product] = (await executable.run([x, y])) as [WasmBuffer, WasmBuffer];
    expect(device.memory().buffers).toBe(before.buffers);
    const [p, q] = [numbers(3), numbers(4)];
    expect(await down(sum)).toEqual(p.map((v, i) => v + (q[i] as number)));
    expect(await down(product)).toEqual(p.map((v, i) => v * (q[i] as number)));
    expect([x.address, y.address]).toContain(product.address);
    for (const lost of [x, y])
      await expect(down(lost)).rejects.toThrow("expected a live buffer, got one that was freed");
    for (const buffer of [sum, product]) device.free(buffer);
    executable.dispose();
  });

  test("does not write over a donated number that elementwise kernels still read", async () => {
    // The broadcast is left out: the kernels read the donated number itself, until the last one.
    const [a, b] = [placeholder(0, []), placeholder(1, [])];
    const wide = ops.broadcastTo(a, [7]);
    const early = ops.mul(b, 3); // an output of the donated number's size, made in between
    const late = ops.mul(ops.add(wide, early), wide);
    const executable = await device.prepare(buildPlan([early, late], [a, b], { donated: [0, 1] }));
    const inputs = [2, 5].map((x) => up(Float32Array.of(x)));
    const [first, second] = (await executable.run(inputs)) as [WasmBuffer, WasmBuffer];
    expect([...(await down(first))]).toEqual([15]);
    expect([...(await down(second))]).toEqual(Array(7).fill(34));
    for (const buffer of [first, second]) device.free(buffer);
    executable.dispose();
  });

  test("works in place: a chain of elementwise steps needs one buffer", async () => {
    const executable = await prepare((a, b) => {
      const chain = Array.from({ length: 10 }).reduce<Tensor>((x) => ops.tanh(ops.add(x, b)), a);
      return [ops.sum(chain)];
    });
    expect(executable.stats().arenaBytes).toBe(Math.ceil((4 * N) / 64) * 64);
    executable.dispose();
  });

  test("keeps memory flat over a thousand runs", async () => {
    const executable = await prepare((a, b) => [ops.mul(ops.add(a, b), 0.5), ops.sum(b)], {
      donated: [0],
    });
    let x = up(numbers(5));
    const y = up(numbers(6));
    const step = async () => {
      const [next, sum] = (await executable.run([x, y])) as [WasmBuffer, WasmBuffer];
      device.free(sum);
      x = next;
    };
    await step();
    const start = device.memory();
    for (let i = 0; i < 1000; i++) await step();
    const end = device.memory();
    expect(end.bytes).toBe(start.bytes);
    expect(end.buffers).toBe(start.buffers);
    expect(end.peakBytes).toBe(start.peakBytes);
    const [got, want] = [await down(x), numbers(6)];
    expect(got.every((v, i) => Math.abs(v - (want[i] as number)) < 1e-6)).toBe(true);
    for (const buffer of [x, y]) device.free(buffer);
    executable.dispose();
  });

  test("frees everything: a program leaves nothing behind but the arena", async () => {
    const before = device.memory();
    const executable = await prepare((a, b) => [
      ops.sub(a, ops.mul(b, constant(noise(N, 7), [N]))),
    ]);
    const inputs = [up(numbers(8)), up(numbers(9))];
    const [y] = (await executable.run(inputs)) as [WasmBuffer];
    for (const buffer of [...inputs, y]) device.free(buffer);
    executable.dispose();
    const after = device.memory();
    expect(after.buffers).toBe(before.buffers);
    const arenas = 64 * Math.ceil((4 * N) / 64) * 2;
    expect(after.bytes - before.bytes).toBeLessThanOrEqual(arenas);
  });

  test("refuses freed buffers and freeing twice", async () => {
    const x = up(numbers(1));
    device.free(x);
    expect(() => device.free(x)).toThrow("expected a live buffer");
    expect(() => device.copy(x)).toThrow("expected a live buffer");
    const executable = await prepare((a, b) => [ops.add(a, b)]);
    await expect(executable.run([x, x])).rejects.toThrow("expected a live buffer");
    executable.dispose();
  });

  test("names an id that is outside its table, and goes on", async () => {
    const table = tensor([
      [1, 2],
      [3, 4],
    ]);
    const run = async (y: Tensor) => {
      const executable = await device.prepare(buildPlan([y], []));
      const [buffer] = (await executable.run([])) as [WasmBuffer];
      return [...(await down(buffer))];
    };
    const message = /expected token ids from 0 to 1, got (7|-1)$/;
    await expect(run(ops.gather(table, ids([1, 7])))).rejects.toThrow(message);
    await expect(run(ops.scatterAdd(ids([-1, 0]), table, 2))).rejects.toThrow(message);
    await expect(run(apply("crossEntropy", [table, ids([0, 7])], {}))).rejects.toThrow(message);
    expect(await run(ops.gather(table, ids([1, 0])))).toEqual([3, 4, 1, 2]);
  });

  test("grows, and earlier buffers keep their numbers", async () => {
    const x = up(numbers(1));
    const large = Array.from({ length: 6 }, (_, i) => up(new Float32Array(4_000_000).fill(i)));
    expect(await down(x)).toEqual(numbers(1));
    const last = await down(large[5] as WasmBuffer);
    expect(last.every((v) => v === 5)).toBe(true);
    for (const buffer of [x, ...large]) device.free(buffer);
  });

  test("throws a RangeError where 4 GiB do not suffice, and goes on", async () => {
    const a = placeholder(0, [4]);
    const wide = ops.broadcastTo(ops.reshape(a, [1, 1, 4]), [40_000, 30_000, 4]);
    await expect(
      device
        .prepare(buildPlan([ops.transpose(wide)], [a]))
        .then((executable) => executable.run([up(new Float32Array(4))])),
    ).rejects.toThrow(RangeError);
    const x = up(numbers(1));
    expect(await down(x)).toEqual(numbers(1));
    device.free(x);
  });
});

describe("createWasmDevice", () => {
  const result = async (options: Parameters<typeof createWasmDevice>[0]) => {
    const device = await createWasmDevice(options);
    const x = constant(noise(64 * 48, 1), [64, 48]);
    const y = ops.matmul(x, ops.transpose(ops.softmax(x)));
    const executable = await device.prepare(buildPlan([y], []));
    const [buffer] = (await executable.run([])) as [WasmBuffer];
    const data = await device.read(buffer, y.shape, "float");
    const { description } = device;
    await device.close();
    return { data, description };
  };

  test("works without shared memory: one thread, the same bits", async () => {
    const unshared = await result({ shared: false, threads: 4 });
    expect(unshared.description).toMatch(/1 thread$/);
    expect(unshared.data).toEqual((await result({ threads: 2 })).data);
  });

  test("works without relaxed SIMD", async () => {
    const plain = await result({ relaxedSimd: false, threads: 1 });
    expect(plain.description).toBe("WebAssembly, SIMD, 1 thread");
    const { data } = await result({ threads: 1 });
    plain.data.forEach((x, i) => {
      expect(Math.abs(x - (data[i] as number))).toBeLessThan(1e-5);
    });
  });

  test("refuses less than one thread", async () => {
    for (const threads of [0, -1, 1.5])
      await expect(createWasmDevice({ threads })).rejects.toThrow(
        `createWasmDevice: expected at least 1 thread, got ${threads}`,
      );
  });
});
