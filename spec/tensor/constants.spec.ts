import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { full, ids, tensor } from "../../src/tensor/apply.ts";
import { add, reshape } from "../../src/tensor/ops.ts";
import type { TypedArray } from "../../src/tensor/tensor.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: "wasm", threads: 1 });
});
afterAll(() => engine.close());

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
