import { expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { broadcastTo, mul, reshape } from "../../src/tensor/ops.ts";
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
