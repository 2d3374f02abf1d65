import { expect, test } from "vitest";
import type { FineTuneOptions } from "../../src/anchored/options.ts";
import { planFineTune } from "../../src/anchored/plan.ts";
import { stepBytes } from "../../src/anchored/stepBytes.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { key } from "../../src/tensor/random.ts";
import { sizeOf } from "../../src/tensor/shapes.ts";
import { testEngine } from "../testEngine.ts";
import { reversals, tinyStudy } from "./tiny.ts";

const engine = await testEngine();

const data = reversals(64, key(2));
const bytesOf = (options: Partial<FineTuneOptions>): number => {
  const { learningRate: _, ...study } = tinyStudy;
  const given = { ...study, method: "sft", epochs: 1, data, batchSize: 64, ...options } as const;
  return stepBytes(engine, planFineTune(given), data);
};
const parameters = Object.values(tinyStudy.base).reduce((n, { shape }) => n + sizeOf(shape), 0);

test("a step in parts holds the optimizer's state beside what a part computes", () => {
  const parts = { microBatchSize: 32 };
  const plain = bytesOf({ ...parts, optimizer: sgd({ learningRate: 0.1 }) });
  const adaptive = bytesOf({ ...parts, learningRate: 0.1 });
  // Two moments of each parameter, and the step's number.
  expect(adaptive - plain).toBeGreaterThanOrEqual(4 * 2 * parameters);
  expect(adaptive - plain).toBeLessThan(4 * 2 * parameters + 64);
});

test("a step in parts takes less than the whole, and more parts less than fewer", () => {
  const whole = bytesOf({ learningRate: 0.1 });
  const [half, quarter] = [32, 16].map((microBatchSize) =>
    bytesOf({ learningRate: 0.1, microBatchSize }),
  );
  expect(half).toBeLessThan(whole);
  expect(quarter).toBeLessThan(half ?? 0);
});
