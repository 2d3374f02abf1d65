import { expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { operationsOf, speedOf, type Work } from "../../src/finetune/speed.ts";

const work: Work = {
  ...{ parameters: 1000, trainable: 1000, config: { layers: 2, width: 8 }, length: 10 },
  ...{ trained: 0, seen: 0 },
};
/** 2 a parameter, and two products of attention. */
const forwards = 2 * 1000 + 2 * 2 * 8 * 10;

test("a token forwards costs two operations a parameter, and attention", () => {
  expect(operationsOf({ ...work, seen: 5 })).toBe(5 * forwards);
});

test("training costs three times that, or twice and the adapter's own gradients", () => {
  expect(operationsOf({ ...work, trained: 5 })).toBe(15 * forwards);
  const attention = forwards - 2000;
  expect(operationsOf({ ...work, trained: 5, trainable: 10 })).toBe(
    5 * (2 * forwards + attention + 40),
  );
});

test("an engine's speed is products over the time that they took", async () => {
  await using engine = await createEngine({ backend: "reference" });
  let clock = 0;
  // The clock is asked before, after every product, and at the end.
  const speed = await speedOf(engine, 16, () => (clock += 30));
  const products = 2;
  expect(speed).toBeCloseTo((products * 2 * 8 * 16 * 64) / 0.09, 6);
  expect(engine.memory().buffers).toBe(0);
});
