import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { type AdamwState, adamw } from "../../src/optim/adamw.ts";
import { mofo } from "../../src/optim/mofo.ts";
import { tensor } from "../../src/tensor/apply.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

let float64: Engine;
let wasm: Engine;
beforeAll(async () => {
  float64 = await createEngine({ backend: "reference" });
  wasm = await createEngine({ backend: "wasm", threads: 1 });
});
afterAll(async () => {
  await float64.close();
  await wasm.close();
});

const meanOf = ({ mean }: AdamwState): Tensor => (mean as { readonly w: Tensor }).w;

const gradients = fc.uniqueArray(fc.integer({ min: -500, max: 500 }), {
  minLength: 1,
  maxLength: 24,
  selector: Math.abs,
});

test("a step changes the entries of largest momentum, a share of them", async () => {
  await fc.assert(
    fc.asyncProperty(
      gradients,
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      async (g, share) => {
        const inner = adamw({ learningRate: 0.1, weightDecay: 0 });
        const params = { w: tensor(g.map(() => 1)) };
        const grads = { w: tensor(g) };
        const kept = Math.max(1, Math.floor(share * g.length));
        const least = g.map(Math.abs).toSorted((a, b) => b - a)[kept - 1] ?? 0;
        for (const engine of [float64, wasm]) {
          const after = await engine.run(() => {
            const optimizer = mofo(inner, share);
            const [updates, state] = optimizer.update(grads, optimizer.init(params), params);
            const [all, whole] = inner.update(grads, inner.init(params), params);
            return { w: updates.w, all: all.w, mean: meanOf(state), whole: meanOf(whole) };
          });
          expect(after.mean.data).toEqual(after.whole.data);
          g.forEach((x, i) => {
            const wanted = Math.abs(x) >= least ? after.all.data[i] : 0;
            expect(after.w.data[i], `${i} of ${g}, ${share}`).toBe(wanted);
          });
        }
      },
    ),
    { numRuns: 50 },
  );
});

test("all of them is the optimizer itself, and no share is refused", () => {
  const inner = adamw({ learningRate: 0.1 });
  expect(mofo(inner, 1)).toBe(inner);
  expect(() => mofo(inner, 0)).toThrow(new RangeError("mofo: expected a share in (0, 1], got 0"));
});

test("the threshold tells numbers apart that differ by 2⁻²⁴ of the largest", async () => {
  const optimizer = mofo(adamw({ learningRate: 0.1, weightDecay: 0 }), 2 / 3);
  const params = { w: tensor([1, 1, 1]) };
  const grads = { w: tensor([0.5, 1, 0.5 + 2 ** -24]) };
  const { data } = await float64.run(
    () => optimizer.update(grads, optimizer.init(params), params)[0].w,
  );
  expect(Array.from(data, (x) => x !== 0)).toEqual([false, true, true]);
});
