import fc from "fast-check";
import { expect, test } from "vitest";
import { adamw, applyUpdates, type Optimizer, rounded } from "../../src/optim/index.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { round, widen } from "../../src/tensor/storage/types.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";

const engine = await testEngine({ backend: "wasm", threads: 1 });

const narrow = (x: Float32Array): Float32Array => widen("bf16", round("bf16", x));
const numbers = fc.array(fc.float({ min: -4, max: 4, noNaN: true }), {
  minLength: 5,
  maxLength: 5,
});

/** One step from some parameters along some gradients. */
const step = (optimizer: Optimizer, p: Tensor, g: Tensor): Record<string, Tensor> => {
  const [updates, state] = optimizer.update(g, optimizer.init(p), p);
  const moments = state as Record<string, Tensor>;
  return { next: (optimizer.apply ?? applyUpdates)(p, updates), ...moments };
};

test("a step's parameters and moments are those of float32, rounded", async () => {
  const plain = adamw({ learningRate: 0.01 }) as Optimizer;
  await fc.assert(
    fc.asyncProperty(numbers, numbers, async (from, along) => {
      const [p, g] = [from, along].map((x) => tensor(Float32Array.from(x))) as [Tensor, Tensor];
      const got = await engine.run(() => step(rounded(plain, "bf16"), p, g));
      const want = await engine.run(() => step(plain, p, g));
      for (const name of ["next", "mean", "square"])
        expect(got[name]?.data).toEqual(narrow(want[name]?.data as Float32Array));
      expect(got["step"]?.data).toEqual(want["step"]?.data);
    }),
    { numRuns: 20 },
  );
});

test("what is too small for a parameter's last place changes nothing", async () => {
  const small = rounded(adamw({ learningRate: 1e-4, weightDecay: 0 }), "bf16") as Optimizer;
  const [p, g] = [tensor([1, 2 ** -9]), tensor([1, 1])];
  const { next } = await engine.run(() => step(small, p, g));
  expect(next?.data[0]).toBe(1);
  expect(next?.data[1]).toBeLessThan(2 ** -9);
});
