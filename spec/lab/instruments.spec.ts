import { expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Certified, Progress } from "../../src/experiment/measurements.ts";
import { createStopwatch, watch } from "../../src/lab/worker/instruments.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

test("speed is that of training alone, however long others look in between", async () => {
  await using engine = await createEngine({ backend: "wasm", threads: 1 });
  let time = 0;
  const watched = watch(engine);
  const stopwatch = createStopwatch(watched, () => time);
  const progress = (step: number): Progress => ({
    ...{
      kind: "progress",
      seed: 0,
      stage: { kind: "row", id: "sft" },
      step,
      steps: 32,
      loss: 1,
      tokens: 100 * step,
    },
  });
  const after = (training: number, looking = 0): void => {
    stopwatch.start();
    time += training;
    if (looking > 0) stopwatch.rest();
    time += looking;
  };
  after(1);
  expect(stopwatch.after({ ...progress(8), stage: { kind: "pre-training" } })).toBeUndefined();
  watched.engine.compile((x: Tensor) => x, { name: "trainStep" });
  after(900);
  expect(stopwatch.after(progress(8))).toBeUndefined();
  after(80);
  const speed = { stepTime: 10, tokensPerSecond: 10_000 };
  expect(stopwatch.after(progress(16))).toMatchObject(speed);
  // Losses are read after the look: the steps before it count, the look does not.
  after(70, 5000);
  expect(stopwatch.after({ kind: "probe" } as never)).toBeUndefined();
  after(10);
  expect(stopwatch.after(progress(24))).toMatchObject(speed);
  after(900);
  expect(stopwatch.after({ kind: "certificate" } as Certified)).toBeUndefined();
  time += 1234;
  after(80);
  expect(stopwatch.after(progress(32))).toMatchObject(speed);
  after(500);
  const next = (at: number): Progress => ({
    ...progress(at),
    stage: { kind: "row", id: "anchored" },
  });
  expect(stopwatch.after(next(8))).toBeUndefined();
  after(40);
  expect(stopwatch.after(next(16))).toMatchObject({ stepTime: 5, tokensPerSecond: 20_000 });
});
