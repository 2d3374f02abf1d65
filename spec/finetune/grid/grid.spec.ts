import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gridRuns, namesIn, readRecipeFile } from "../../../src/finetune/grid/grid.ts";
import { courseOfRun, gridFigures, gridTable } from "../../../src/finetune/grid/summary.ts";
import { completeRecipe, type RecipeOptions } from "../../../src/finetune/recipe.ts";
import type { Line, LookEvent } from "../../../src/finetune/train/events.ts";

const shared = { model: "m", data: "d.jsonl", retain: "r.jsonl", epochs: 2 };
const read = (file: object) => readRecipeFile(JSON.stringify(file), "grid.json");
const runs = (file: object, given: RecipeOptions = {}) =>
  gridRuns(read({ ...shared, ...file }), given, "grid.json");
const ids = (file: object, given: RecipeOptions = {}) => runs(file, given).map(({ id }) => id);

describe("a recipe's grid", () => {
  it("is absent where one run is asked for", () => {
    expect(read(shared)).toEqual({ settings: shared });
    expect(read({ ...shared, seeds: 2 }).grid).toEqual([{}]);
  });

  it("names runs as a sweep names rows, by method and settings, then the seed", () => {
    const grid = [
      { method: "anchored", alpha: [0.1, 0.25], outer: 1 },
      { method: ["sft", "replay"], learningRate: 1e-4, family: "plain" },
    ];
    expect(ids({ grid: grid[0] })).toEqual([
      "anchored-alpha-0.1-outer-1-seed-0",
      "anchored-alpha-0.25-outer-1-seed-0",
    ]);
    expect(ids({ grid: { method: ["sft", "replay"], learningRate: 1e-4 }, seeds: [3, 5] })).toEqual(
      [
        "sft-learningRate-0.0001-seed-3",
        "sft-learningRate-0.0001-seed-5",
        "replay-learningRate-0.0001-seed-3",
        "replay-learningRate-0.0001-seed-5",
      ],
    );
    expect(ids({ seeds: 2, method: "sft" })).toEqual(["sft-seed-0", "sft-seed-1"]);
    expect(ids({ seed: 7, grid: {} })).toEqual(["anchored-seed-7"]);
    expect(ids({ grid: { seed: [1, 2] } })).toEqual(["anchored-seed-1", "anchored-seed-2"]);
    expect(ids({ grid: { method: "sft", loraTargets: ".*(q|v)_proj" } })).toEqual([
      "sft-loraTargets-.-q-v-_proj-seed-0",
    ]);
  });

  it("holds every combination once, each the recipe that one run would have", () => {
    const lists = fc.record({
      alpha: fc.uniqueArray(fc.constantFrom(0, 0.1, 0.5, 1), { minLength: 1 }),
      outer: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
      seeds: fc.uniqueArray(fc.nat(99), { minLength: 1, maxLength: 3 }),
    });
    fc.assert(
      fc.property(lists, ({ alpha, outer, seeds }) => {
        const made = runs({ grid: { method: "anchored", alpha, outer }, seeds }, { batch: 4 });
        expect(made).toHaveLength(alpha.length * outer.length * seeds.length);
        expect(new Set(made.map(({ id }) => id)).size).toBe(made.length);
        const wanted = alpha.flatMap((a) =>
          outer.flatMap((o) => seeds.map((seed) => ({ alpha: a, outer: o, seed }))),
        );
        const recipes = wanted.map((set) =>
          completeRecipe({ ...shared, method: "anchored", batch: 4, ...set }),
        );
        expect(made.map(({ recipe }) => recipe)).toEqual(recipes);
      }),
    );
  });

  it("tells which settings no option may say", () => {
    const file = read({ ...shared, grid: [{ method: "sft" }, { alpha: [0, 1] }], seeds: 2 });
    expect([...namesIn(file)].sort()).toEqual(["alpha", "method", "seed"]);
    expect([...namesIn(read(shared))]).toEqual([]);
  });

  it.each<[object, string]>([
    [{ grid: [] }, "grid.json: grid: expected at least one grid, got none"],
    [{ grid: 3 }, "grid.json: grid[0]: expected an object, got 3"],
    [{ grid: [{}, { data: "e" }] }, "grid.json: grid[1].data: expected it beside the grid"],
    [{ grid: { alpha: [] } }, "grid.json: grid[0].alpha: expected at least one value"],
    [
      { grid: { alpha: [0.5, 2] } },
      "grid.json: grid[0].alpha: expected a number from 0 to 1, got 2",
    ],
    [{ grid: { method: "nosuch" } }, "grid.json: grid[0].method: expected one of"],
    [{ grid: { nosuch: 1 } }, "grid.json: grid[0]: expected settings among"],
    [
      { grid: { family: "f".repeat(300) } },
      "grid.json: expected names of runs up to 200 characters",
    ],
    [{ grid: { family: "a/b" } }, "grid.json: grid[0].family: expected a name"],
    [
      { grid: { method: "merge", mergeKind: "ties" } },
      "grid.json: grid[0]: expected full with ties, got an adapter",
    ],
    [
      { grid: [{ method: "sft" }, { method: "sft" }] },
      "expected different runs, got sft-seed-0 twice",
    ],
    [{ seeds: [] }, "grid.json: seeds: expected a count, or a list"],
    [{ seeds: [1, 1] }, "grid.json: seeds: expected different seeds"],
    [{ seeds: 1, seed: 1 }, "grid.json: expected either seed or seeds, got both"],
    [{ seeds: 1, grid: { seed: 1 } }, "grid.json: expected either seed or seeds, got both"],
    [{ nosuch: 1 }, "grid.json: expected settings among"],
  ])("refuses %j", (file, message) => {
    expect(() => runs(file)).toThrow(message);
  });
});

describe("a grid's summary", () => {
  const look = (stage: string, set: "eval" | "retain", more: Partial<LookEvent>): LookEvent => ({
    ...{ kind: "look", stage, step: 1, set, kl: 0, logLoss: 1, perplexity: 1, ...more },
  });
  const lines = (loss: number): Line[] => [
    look("base", "eval", { logLoss: 9 }),
    look("base", "retain", { logLoss: 2 }),
    look("sft", "eval", { logLoss: 8, exact: 0 }),
    look("sft", "retain", { logLoss: 7, kl: 5 }),
    look("anchored", "eval", { logLoss: loss, exact: 0.5 }),
    look("anchored", "retain", { logLoss: 2.5, kl: 0.125, changed: 0.25 }),
  ];
  const courses = [1, 3].map((loss, i) =>
    courseOfRun({ id: `anchored-seed-${i}`, setting: "anchored" }, lines(loss)),
  );

  it("has a run's last looks, what it forgets of the base's, and means over seeds", () => {
    expect(courses[0]?.figures).toEqual({
      loss: 1,
      exact: 0.5,
      kl: 0.125,
      forgets: 0.5,
      changed: 0.25,
    });
    expect(gridTable(courses).split("\n").slice(0, 5)).toEqual([
      "                      eval loss      exact  retain KL    forgets    changed",
      "anchored-seed-0           1.000       50 %      0.125      0.500       25 %",
      "anchored-seed-1           3.000       50 %      0.125      0.500       25 %",
      "means",
      "anchored (2 seeds)        2.000       50 %      0.125      0.500       25 %",
    ]);
    expect(gridFigures(courses).rows[1]).toEqual([
      "anchored-seed-1",
      "anchored",
      3,
      0.5,
      0.125,
      0.5,
      0.25,
    ]);
  });

  it("leaves out what was not looked at", () => {
    const [course] = [courseOfRun({ id: "a", setting: "a" }, [look("sft", "eval", { kl: 0.25 })])];
    expect(course.figures).toEqual({ loss: 1, kl: 0.25 });
    expect(course.text).toBe("eval loss 1.000 · exact – · retain KL 0.250 · forgets – · changed –");
    expect(gridTable([course])).not.toContain("means");
  });
});
