import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { rangeAttention } from "../../src/nn/attention.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import { full, ids, tensor } from "../../src/tensor/apply.ts";
import { grad } from "../../src/tensor/grad.ts";
import {
  argmax,
  concat,
  gather,
  mul,
  scatterAdd,
  scatterRows,
  slice,
} from "../../src/tensor/ops.ts";
import { key, stream } from "../../src/tensor/random.ts";
import { around, sizeOf } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

describe.each(["reference", "wasm", "cpu"] as const)("ids on %s", (backend) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ backend });
  });
  afterAll(() => engine.close());
  const table = tensor([[1], [2], [3]]);

  test.each([-1, 3, 2 ** 24])("name rows, or nothing is consumed: %i", async (bad) => {
    const lookUp = engine.compile((x: Tensor, y: Tensor) => [gather(x, y), mul(x, 2)] as const, {
      donate: [0, 1],
    });
    const [kept, strange] = [engine.put(table), engine.put(ids([0, bad]))];
    const message = `argument 1: gather: expected token ids from 0 to 2, got ${bad}`;
    await expect(lookUp(kept, strange)).rejects.toThrow(RangeError);
    await expect(lookUp(kept, ids([bad]))).rejects.toThrow(message);
    const { buffers } = engine.memory();
    await expect(lookUp(kept, strange)).rejects.toThrow(message);
    expect(engine.memory().buffers).toBe(buffers);
    const [rows] = await lookUp(kept, ids([2, 0]));
    expect([...(await engine.read(rows))]).toEqual([3, 1]);
  });

  test("are checked where they are used: what a slice cuts off may be anything", async () => {
    const inner = engine.compile((x: Tensor) => gather(table, slice(x, [1], [2])));
    expect([...(await engine.read(await inner(ids([-1, 0, 2, 9]))))]).toEqual([1, 3]);
    await expect(inner(ids([0, 1, 9, 0]))).rejects.toThrow("from 0 to 2, got 9");
    const kept = engine.put(ids([0, 1, 9, 0]));
    await expect(inner(kept)).rejects.toThrow("from 0 to 2, got 9");
  });

  test("keep their range through programs", async () => {
    const ends = engine.compile((x: Tensor) => concat([slice(x, [0], [1]), ids([7])]));
    const made = await ends(engine.put(ids([1, 2])));
    const lookUp = engine.compile((x: Tensor) => gather(table, x));
    await expect(lookUp(made)).rejects.toThrow("from 0 to 2, got 7");
    const best = engine.compile((x: Tensor) => argmax(x));
    expect([...(await engine.read(await lookUp(await best(tensor([[1, 5, 2]])))))]).toEqual([2]);
  });

  test("are checked against the row where they were computed, its last one included", async () => {
    const labelled = engine.compile((x: Tensor, z: Tensor) => [
      crossEntropy(z, argmax(x)),
      grad((logits: Tensor) => crossEntropy(logits, argmax(x)))(z),
    ]);
    const rows = tensor([
      [0, Math.log(3)],
      [0, 0],
    ]);
    const [loss, gradient] = await labelled(
      tensor([
        [0, 1],
        [0, 1],
      ]),
      rows,
    );
    expect((await engine.read(loss as Tensor))[0]).toBeCloseTo(Math.log(8 / 3) / 2, 6);
    const expected = [0.125, -0.125, 0.25, -0.25];
    (await engine.read(gradient as Tensor)).forEach((x, i) => {
      expect(x).toBeCloseTo(expected[i] ?? NaN, 6);
    });
    // One beyond the row: the first number of the next, or of what lies behind the last. Only the
    // kernels of wasm can tell what they computed; elsewhere such a loss is not defined.
    if (backend !== "wasm") return;
    const beyond = labelled(
      tensor([
        [0, 1, 0],
        [0, 0, 1],
      ]),
      rows,
    );
    await expect(beyond).rejects.toThrow("from 0 to 1, got 2");
  });

  test("of the largest number are the first of several, along every axis", async () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(shapes, fc.nat(2), fc.nat(2 ** 31), async (shape, i, seed) => {
        const axis = i % shape.length;
        const next = stream(key(seed));
        // Three values: nearly every row has several largest ones.
        const values = Float32Array.from({ length: sizeOf(shape) }, () => Math.floor(3 * next()));
        const x = tensor(values, shape);
        const found = await engine.read(await engine.compile((y: Tensor) => argmax(y, axis))(x));
        const { outer, n, inner } = around(shape, axis);
        for (let row = 0; row < outer * inner; row++) {
          const from = Math.floor(row / inner) * n * inner + (row % inner);
          const line = Array.from({ length: n }, (_, step) => values[from + step * inner] ?? NaN);
          expect(found[row]).toBe(line.indexOf(Math.max(...line)));
        }
      }),
      { numRuns: 40 },
    );
  });

  test("are checked for losses and for sums of rows", async () => {
    const loss = () => crossEntropy(tensor([[1, 2]]), ids([2]));
    await expect(engine.run(loss)).rejects.toThrow("from 0 to 1, got 2");
    const sum = () => scatterAdd(ids([5]), tensor([[1]]), 4);
    await expect(engine.run(sum)).rejects.toThrow("scatterAdd: expected token ids from 0 to 3");
  });

  test("are checked where rows are replaced, before a donated tensor is touched", async () => {
    const write = engine.compile((x: Tensor, y: Tensor) => scatterRows(x, y, tensor([[7]])), {
      donate: [0],
    });
    const x = engine.put(table);
    for (const bad of [-1, 3])
      await expect(write(x, ids([bad]))).rejects.toThrow(
        `argument 1: scatterRows: expected rows from 0 to 2, got ${bad}`,
      );
    expect([...(await engine.read(await write(x, ids([1]))))]).toEqual([1, 7, 3]);
    const twice = () => scatterRows(table, ids([2, 0, 2]), tensor([[4], [5], [6]]));
    expect([...(await engine.run(twice)).data]).toEqual([5, 2, 6]);
  });

  test("are checked where they are the slots of a cache", async () => {
    const q = full([1, 1, 1, 2], 1);
    const k = full([1, 1, 3, 2], 1);
    const attend = engine.compile((slots: Tensor, positions: Tensor) =>
      rangeAttention(q, k, k, { slots, positions }),
    );
    const [inside, outside] = [ids([[2]]), ids([[3]])];
    await expect(attend(outside, inside)).rejects.toThrow("expected slots from 0 to 2, got 3");
    await expect(attend(inside, outside)).rejects.toThrow("expected positions from 0 to 2, got 3");
    expect([...(await engine.read(await attend(inside, inside)))]).toEqual([1, 1]);
  });
});

test("ids beyond what floats hold are refused by an engine that counts in floats", async () => {
  await using engine = await createEngine({ backend: "cpu" });
  const says = "which floats hold exactly, got 16777217";
  expect(() => engine.put(ids([0, 2 ** 24 + 1]))).toThrow(says);
  const inside = () => gather(tensor([[1], [2]]), slice(ids([1, 2 ** 24 + 1]), [0], [1]));
  await expect(engine.run(inside)).rejects.toThrow(says);
});
