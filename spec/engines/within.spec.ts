import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { turns, within } from "../../src/engines/within.ts";
import { tanh } from "../../src/tensor/ops.ts";
import { key, normal } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

test("an answer that comes is passed on", async () => {
  await expect(within("x: expected it", Promise.resolve(3))).resolves.toBe(3);
  await expect(within("x: expected it", Promise.reject(new Error("no")))).rejects.toThrow("no");
});

test("one that does not come is an error, and is given back when it comes after all", async () => {
  let answer: (value: number) => void = () => {};
  const work = new Promise<number>((resolve) => {
    answer = resolve;
  });
  const late: number[] = [];
  await expect(within("x: expected it", work, (value) => late.push(value), 0)).rejects.toThrow(
    "x: expected it, got no answer within 0 seconds",
  );
  expect(late).toEqual([]);
  answer(5);
  await work;
  expect(late).toEqual([5]);
});

test("the event loop is heard once work has kept it waiting, and not each time", async () => {
  let time = 0;
  const turn = turns(50, () => time);
  let heard = 0;
  const listening = setImmediate().then(() => heard++);
  await turn();
  time = 49;
  await turn();
  expect(heard).toBe(0);
  time = 50;
  await turn();
  expect(heard).toBe(1);
  await listening;
  // The next wait begins behind the turn.
  setImmediate().then(() => heard++);
  time = 99;
  await turn();
  expect(heard).toBe(1);
  await setImmediate();
});

test.each(["reference", "wasm"] as const)(
  "who stops a loop of steps on %s is heard in it",
  async (backend) => {
    await using engine = await createEngine({ backend, ...(backend === "wasm" && { threads: 1 }) });
    const step = engine.compile(tanh);
    let x: Tensor = engine.put(normal(key(1), [64, 64]));
    const stop = new AbortController();
    setTimeout(() => stop.abort());
    const until = performance.now() + 5000;
    while (!stop.signal.aborted && performance.now() < until) {
      x = await step(x);
      await engine.read(x);
    }
    expect(stop.signal.aborted).toBe(true);
  },
);
