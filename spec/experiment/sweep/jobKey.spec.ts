import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PretrainedRecipe, RowRecipe } from "../../../src/experiment/recipe.ts";
import { smokeRecipe } from "../../../src/experiment/recipes/smoke.ts";
import { jobKey } from "../../../src/experiment/sweep/jobKey.ts";
import { type Inputs, inputsOf } from "../../../src/experiment/sweep/plan.ts";

const numerics = { class: "wasm-fma", version: 1 };
const rows = smokeRecipe.rows.map(({ id }) => id);
const digestsOf = (recipe: PretrainedRecipe, row: string): Inputs =>
  Object.fromEntries(Object.keys(inputsOf(recipe, row)).map((role) => [role, `${role} digest`]));
const keyOf = (row: string, recipe = smokeRecipe, seed = 0, of = numerics): Promise<string> =>
  jobKey({ recipe, seed, row }, of, digestsOf(recipe, row));

const relabelled = (row: RowRecipe): RowRecipe => ({ ...row, label: "other", family: "other" });

describe("jobKey", () => {
  it("is one for each row, seed and numerics", async () => {
    const keys = await Promise.all([
      ...rows.map((row) => keyOf(row)),
      ...rows.map((row) => keyOf(row, smokeRecipe, 1)),
      ...rows.map((row) => keyOf(row, smokeRecipe, 0, { class: "wasm-plain", version: 1 })),
      ...rows.map((row) => keyOf(row, smokeRecipe, 0, { class: "wasm-fma", version: 2 })),
    ]);
    expect(new Set(keys).size).toBe(4 * rows.length);
    for (const key of keys) expect(key).toMatch(/^[\da-f]{64}$/);
  });

  it("does not depend on names, labels, other rows and the order of keys", () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom(...rows), fc.subarray(rows), async (row, others) => {
        const needed = [row, ...Object.values(inputsOf(smokeRecipe, row))];
        const kept = smokeRecipe.rows.filter(
          ({ id }) => needed.includes(id) || others.includes(id),
        );
        const turned: unknown = Object.fromEntries(Object.entries(smokeRecipe).toReversed());
        const other: PretrainedRecipe = {
          ...(turned as PretrainedRecipe),
          ...{ name: "other", headline: row, fair: true, rows: kept.map(relabelled) },
        };
        expect(await keyOf(row, other)).toBe(await keyOf(row));
      }),
    ));

  it("depends on all else: the recipe's parts, the row's settings, the weights before it", async () => {
    const row = "merge-0.3";
    const { fineTuning, pretraining, model, evaluation } = smokeRecipe;
    const others: PretrainedRecipe[] = [
      { ...smokeRecipe, fineTuning: { ...fineTuning, b1: 0.5 } },
      { ...smokeRecipe, pretraining: { ...pretraining, steps: 7 } },
      { ...smokeRecipe, model: { ...model, width: 16 } },
      { ...smokeRecipe, evaluation: { ...evaluation, every: 3 } },
      { ...smokeRecipe, target: "other" },
      {
        ...smokeRecipe,
        rows: smokeRecipe.rows.map((one) => (one.id === row ? { ...one, weight: 0.4 } : one)),
      } as PretrainedRecipe,
    ];
    const keys = await Promise.all([keyOf(row), ...others.map((recipe) => keyOf(row, recipe))]);
    const digests = { ...digestsOf(smokeRecipe, row), base: "another" };
    keys.push(await jobKey({ recipe: smokeRecipe, seed: 0, row }, numerics, digests));
    expect(new Set(keys).size).toBe(others.length + 2);
  });

  it("refuses digests that are not those of the job", async () => {
    const job = { recipe: smokeRecipe, seed: 0, row: "merge-0.3" };
    await expect(jobKey(job, numerics, { base: "a" })).rejects.toThrow(
      "jobKey: expected digests of base and reference for merge-0.3, got those of base",
    );
    await expect(jobKey({ ...job, row: "none" }, numerics, {})).rejects.toThrow("got none");
  });
});
