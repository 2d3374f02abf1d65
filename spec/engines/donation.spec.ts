import { expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { full, ids, tensor } from "../../src/tensor/apply.ts";
import { broadcastTo, mul, reshape, scatterRows, slice } from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

test("a run that cannot begin leaves what it was to consume", async () => {
  await using engine = await createEngine({ backend: "wasm", threads: 1 });
  const x = engine.put(tensor([1, 2, 3]));
  // Each result fits alone; together they are more than the engine can have.
  const large = (y: Tensor): Tensor => broadcastTo(reshape(y, [3, 1]), [3, 2 ** 27]);
  const tooMuch = engine.compile(
    (y: Tensor) => [large(y), large(mul(y, 2)), large(mul(y, 3)), mul(y, 2)] as const,
    { donate: [0] },
  );
  const { buffers } = engine.memory();
  await expect(tooMuch(x)).rejects.toThrow(/memory|bytes/);
  expect(engine.memory().buffers).toBe(buffers);
  const twice = engine.compile((y: Tensor) => mul(y, 2), { donate: [0] });
  expect([...(await engine.read(await twice(x)))]).toEqual([2, 4, 6]);
  await expect(twice(x)).rejects.toThrow("it was donated");
});

test("rows are written into a donated tensor where it lies, and else into a copy", async () => {
  await using engine = await createEngine({ backend: "wasm", threads: 1 });
  const [V, C] = [1024, 256];
  const write = (x: Tensor, at: Tensor, rows: Tensor): Tensor => scatterRows(x, at, rows);
  const inPlace = engine.compile(write, { donate: [0] });
  const copying = engine.compile(write);
  const rows = tensor([Array.from({ length: C }, (_, c) => c)]);
  let x: Tensor = engine.put(full([V, C], 1));
  await inPlace.prepare(x, ids([0]), rows);
  const { bytes, peakBytes } = engine.memory();
  for (let i = 0; i < 3; i++) x = await inPlace(x, ids([i]), rows);
  expect(engine.memory().bytes).toBe(bytes);
  expect(engine.memory().peakBytes - peakBytes).toBeLessThan(V * C);
  const copy = await copying(x, ids([1023]), rows);
  expect(engine.memory().bytes - bytes).toBeGreaterThanOrEqual(4 * V * C);
  const ends = (data: ArrayLike<number>) => [0, 2, 3, 1023].map((row) => data[row * C + 5]);
  expect(ends(await engine.read(x))).toEqual([5, 5, 1, 1]);
  expect(ends(await engine.read(copy))).toEqual([5, 5, 1, 5]);
});

test("a part that is read while its whole is written keeps its numbers", async () => {
  await using engine = await createEngine({ backend: "wasm", threads: 1 });
  // The first half of the rows goes to the second one further down, from the same memory.
  const shift = engine.compile(
    (x: Tensor) => {
      const y = mul(x, 2);
      return mul(scatterRows(y, ids([1, 2]), slice(y, [0, 0], [2, 64])), 1);
    },
    { donate: [0] },
  );
  const numbers = Float32Array.from({ length: 4 * 64 }, (_, i) => Math.floor(i / 64));
  const shifted = await engine.read(await shift(engine.put(tensor(numbers, [4, 64]))));
  expect([0, 1, 2, 3].map((row) => shifted[row * 64])).toEqual([0, 0, 2, 6]);
});
