import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import type { Params } from "../../src/nn/config.ts";
import { adamw } from "../../src/optim/adamw.ts";
import { chain } from "../../src/optim/chain.ts";
import { clipByGlobalNorm, globalNorm } from "../../src/optim/clip.ts";
import type { Optimizer } from "../../src/optim/optimizer.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { add, mul, sqrt, square, sub, sum } from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { collate } from "../../src/train/batches.ts";
import { TrainingError } from "../../src/train/guard.ts";
import { type TrainingBatch, trainSteps } from "../../src/train/trainSteps.ts";

const engines = ["reference", "wasm"] as const;
let on: Record<(typeof engines)[number], Engine>;
beforeAll(async () => {
  const [reference, wasm] = await Promise.all(engines.map((backend) => createEngine({ backend })));
  if (!reference || !wasm) throw new Error("expected two engines");
  on = { reference, wasm };
});
afterAll(() => Promise.all(Object.values(on).map((engine) => engine.close())));

const batch = collate([{ prompt: [1], response: [2] }]);
/** (a − 1)² + (b − 2)², with a batch's target added to the root's argument: 0 · ∞ where it is 0. */
const params = { a: tensor([0, 0]), b: tensor([1]) };
const at = (x: number): TrainingBatch => ({ ...batch, target: tensor([x]) });
const loss = ({ a, b }: Params, { target }: TrainingBatch): Tensor => {
  const smooth = add(sum(square(sub(a ?? 0, 1))), sum(square(sub(b ?? 0, 2))));
  return add(smooth, sum(sqrt(mul(square(b ?? 0), target ?? 0))));
};
const optimizer = chain(clipByGlobalNorm(1), adamw({ learningRate: 0.1 })) as unknown as Optimizer;

/** What a run ends with, and what it tells before. */
async function ran(engine: Engine, batches: TrainingBatch[], readEvery = 1) {
  const told: number[] = [];
  try {
    for await (const m of trainSteps(engine, { loss, optimizer, params, batches, readEvery })) {
      if (m.kind === "step") told.push(m.step);
      if (m.kind === "end") return { told, end: await engine.read<unknown>([m.params, m.state]) };
    }
  } catch (error) {
    return { told, error };
  }
  throw new Error("expected an end");
}

describe.each(engines)("training on %s", (backend) => {
  test.each([1, 4])(
    "stops at a gradient that is NaN, with the state before it: read every %i",
    async (readEvery) => {
      const engine = on[backend];
      // d√(b²·0) = 0 · ∞: the loss is finite, the gradient is not.
      const bad = await ran(engine, [at(1), at(1), at(0), at(1), at(1), at(1)], readEvery);
      const { error } = bad;
      expect(error).toBeInstanceOf(RangeError);
      if (!(error instanceof TrainingError)) throw new Error("expected a TrainingError");
      expect(error.message).toBe("trainSteps: expected a finite gradient of b, got NaN at step 3");
      expect([error.step, error.tensor, error.last.step]).toEqual([3, "b", 2]);
      expect(bad.told).toEqual([1, 2]);
      const good = await ran(engine, [at(1), at(1)]);
      expect(await engine.read<unknown>([error.last.params, error.last.state])).toEqual(good.end);
    },
  );

  test("stops in its last step, and at a loss that is NaN", async () => {
    const last = await ran(on[backend], [at(1), at(0)]);
    expect(last.error).toBeInstanceOf(TrainingError);
    const { error } = await ran(on[backend], [at(1), at(-1)]);
    expect(String(error)).toMatch(/expected a finite loss, got NaN at step 2/);
    expect(error instanceof TrainingError && error.tensor).toBe(undefined);
  });

  test("keeps what it has where a step cannot be computed", async () => {
    const strange = { ...batch, target: tensor([1, 2, 3]), labels: batch.mask } as TrainingBatch;
    const broken = { ...strange, target: "none" } as unknown as TrainingBatch;
    const { error } = await ran(on[backend], [at(1), broken]);
    if (!(error instanceof TrainingError)) throw error;
    expect(error.message).toMatch(/^trainSteps: step 2 failed: /);
    const good = await ran(on[backend], [at(1)]);
    expect(await on[backend].read<unknown>([error.last.params, error.last.state])).toEqual(
      good.end,
    );
  });

  const clipped = async (max: number, numbers: number[]) => {
    const grads = { w: tensor(numbers) };
    const { w } = await on[backend].run(() => clipByGlobalNorm(max).update(grads, [], grads)[0]);
    return [...w.data];
  };
  const near = (a: number[], b: number[]) => {
    a.forEach((x, i) => {
      expect(Math.abs(x / (b[i] ?? NaN) - 1)).toBeLessThan(1e-6);
    });
  };

  test("clips whatever float32 holds", async () => {
    const half = Math.SQRT1_2;
    near(await clipped(1, [1e20, 1e20]), [half, half]);
    near(await clipped(1, [1e37, 1e37]), [half, half]);
    near(await clipped(1e-30, [1e-25, 1e-25]), [half * 1e-30, half * 1e-30]);
    near(await clipped(1e25, [1e28, 1e28]), [half * 1e25, half * 1e25]);
    expect(await clipped(Infinity, [3, 4])).toEqual([3, 4]);
    expect(await clipped(10, [3, 4])).toEqual([3, 4]);
    const norm = async (...w: number[]) => [
      ...(await on[backend].run(() => globalNorm({ w: tensor(w) }))).data,
    ];
    near(await norm(3e30, 4e30), [5e30]);
    near(await norm(3e-30, 4e-30), [5e-30]);
    near(await norm(3, 4), [5]);
  });
});
