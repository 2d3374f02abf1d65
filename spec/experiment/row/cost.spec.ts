import { describe, expect, it } from "vitest";
import { modelOf, parametersOf } from "../../../src/experiment/model.ts";
import { fullRecipe } from "../../../src/experiment/recipes/full.ts";
import { smokeRecipe } from "../../../src/experiment/recipes/smoke.ts";
import { studyRecipe } from "../../../src/experiment/recipes/study.ts";
import { costOf } from "../../../src/experiment/row/cost.ts";
import { key } from "../../../src/tensor/random.ts";
import { sizeOf } from "../../../src/tensor/shapes.ts";

describe("parametersOf(recipe)", () => {
  it.each([smokeRecipe, fullRecipe])("counts what the $name model has", (recipe) => {
    const all = Object.values(modelOf(recipe).init(key(0)));
    expect(parametersOf(recipe)).toBe(all.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  });
});

describe("costOf(recipe, row)", () => {
  const recipe = studyRecipe("C1", "113k", ["all", "extra"]);
  const sft = costOf(recipe, recipe.rows[1] as (typeof recipe.rows)[number]);
  const find = (family: string) => {
    const row = recipe.rows.find((one) => one.family === family);
    if (!row) throw new Error(family);
    const { own, total } = costOf(recipe, row);
    return { row, own: own / sft.own, total: total / sft.own };
  };

  it("is two trainings for Anchored, one and a reading for ASFT, and nothing more for WiSE", () => {
    const reading = 2 / 6 / recipe.fineTuning.epochs;
    expect(sft.own).toBe(sft.total);
    expect(find("asft").own).toBeCloseTo(1 + reading, 12);
    expect(find("asft").total).toBe(find("asft").own);
    // T = 2 outer steps read the snapshot twice and p_sft once.
    expect(find("anchored").own).toBeCloseTo(1 + 3 * reading, 12);
    expect(find("anchored").total).toBeCloseTo(2 + 3 * reading, 12);
    expect(find("merge")).toMatchObject({ own: 0, total: 1 });
    expect(find("dft").own).toBe(1);
    expect(find("onPolicy").own).toBeGreaterThan(find("anchored").own);
  });

  it("counts prior examples in the batch, and epochs that are left out", () => {
    expect(find("replay").own).toBeCloseTo(1 / 0.9, 12);
    const short = recipe.rows.find(({ id }) => id === "sft-3e-3-2-epochs");
    expect(short && costOf(recipe, short).own / sft.own).toBeCloseTo(0.2, 12);
  });

  it("counts both gradients of a step that takes two", () => {
    expect(find("mofo").own).toBe(1);
    expect(find("sam").own).toBe(2);
    expect(find("agem").own).toBeCloseTo(2 / 0.9, 12);
  });
});
