import { describe, expect, test } from "vitest";
import { full, ids, stored, tensor } from "../../src/tensor/apply.ts";
import { add, reshape } from "../../src/tensor/ops.ts";
import type { TypedArray } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";

const engine = await testEngine({ backend: "wasm", threads: 1 });

describe("a constant owns its numbers", () => {
  test.each<[string, () => TypedArray]>([
    ["Float32Array", () => Float32Array.of(1, 2, 3)],
    ["Float64Array", () => Float64Array.of(1, 2, 3)],
    ["Int32Array", () => Int32Array.of(1, 2, 3)],
    // Bytes are no documented kind, but what takes them must not take a Buffer's view.
    ["Buffer, whose own slice is a view", () => Buffer.from([1, 2, 3]) as object as TypedArray],
    ["part of a larger buffer", () => Float32Array.of(0, 1, 2, 3).subarray(1)],
    ["shared memory", () => new Float32Array(new SharedArrayBuffer(12)).map((_, i) => i + 1)],
  ])("%s: what is written afterwards changes nothing", async (_, make) => {
    const numbers = make();
    const x = tensor(numbers);
    const whole = tensor(numbers, [3, 1]);
    const program = engine.compile(() => reshape(whole, [3]));
    const first = await engine.read(await program());
    numbers.fill(7);
    const second = await engine.read(await program());
    for (const data of [x.data, whole.data, first, second])
      expect(Array.from(data)).toEqual([1, 2, 3]);
  });

  test("nested arrays and ids", () => {
    const row = [1, 2];
    const [x, list, typed] = [tensor([row]), ids(row), Int32Array.of(1, 2)];
    const fromTyped = ids(typed);
    row[0] = 7;
    typed[0] = 7;
    for (const { data } of [x, list, fromTyped]) expect(Array.from(data)).toEqual([1, 2]);
  });

  test("unless it is asked to be a view", () => {
    const numbers = Float32Array.of(1, 2);
    expect(tensor(numbers, [2], { copy: false }).data).toBe(numbers);
    expect(tensor(numbers, [2], { copy: true }).data).not.toBe(numbers);
  });

  test("options that nobody reads are refused", () => {
    const options: object = { copied: false };
    expect(() => tensor([1], [1], options)).toThrow("tensor: expected options of copy, got copied");
  });

  test("a repeated number is nobody's array", async () => {
    expect(Array.from((await engine.run(() => add(full([2], 1), full([2], 2)))).data)).toEqual([
      3, 3,
    ]);
  });
});

describe("a constant of codes", () => {
  test("owns them, unless a view is asked for", () => {
    const codes = Uint16Array.of(0x3f80, 0x4000);
    const [own, view] = [stored("bf16", codes, [2]), stored("bf16", codes, [2], { copy: false })];
    codes.fill(0);
    expect([...own.data]).toEqual([0x3f80, 0x4000]);
    expect([...view.data]).toEqual([0, 0]);
  });

  test.each<readonly [dtype: "bf16" | "f16" | "q8_0", codes: object]>([
    ["bf16", new Uint8Array(4)],
    ["f16", new Int16Array(2)],
    ["f16", new Float32Array(2)],
    ["q8_0", new Uint16Array(34)],
    ["q8_0", new Int8Array(34)],
    ["bf16", [1, 2]],
  ])("of %s is of no other array", (dtype, codes) => {
    const shape = dtype === "q8_0" ? [32] : [2];
    expect(() => stored(dtype, codes as Uint16Array, shape)).toThrow(TypeError);
  });
});
