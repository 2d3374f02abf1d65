import { expect, test } from "vitest";
import { interpolateWeights } from "../../../src/anchored/objectives/weights.ts";
import { createEngine } from "../../../src/engines/create.ts";
import { tensor } from "../../../src/tensor/apply.ts";

test("interpolateWeights goes from the base to the tuned parameters", async () => {
  await using engine = await createEngine({ backend: "reference" });
  const base = { a: tensor([0, 1]), b: tensor([[2]]) };
  const tuned = { a: tensor([4, 1]), b: tensor([[-2]]) };
  const at = async (weight: number) => {
    const { a, b } = await engine.run(() => interpolateWeights(base, tuned, weight));
    return [...a.data, ...b.data];
  };
  expect(await at(0)).toEqual([0, 1, 2]);
  expect(await at(0.25)).toEqual([1, 1, 1]);
  expect(await at(1)).toEqual([4, 1, -2]);
  expect(() => interpolateWeights(base, tuned, NaN)).toThrow(
    new RangeError("interpolateWeights: expected a finite weight, got NaN"),
  );
});
