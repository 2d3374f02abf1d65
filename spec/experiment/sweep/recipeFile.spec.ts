import { describe, expect, it } from "vitest";
import { namedRecipes } from "../../../src/experiment/sweep/named.ts";
import { readSweep, recipeFileHelp } from "../../../src/experiment/sweep/recipeFile.ts";
import { DataError } from "../../../src/tensor/errors.ts";

const read = (json: unknown) => readSweep(json, "a.json", "a", namedRecipes);
const small = { extends: "smoke", seeds: 2 };
const { smoke } = namedRecipes;

describe("readSweep(json, file, fallback, recipes)", () => {
  it("takes a built-in recipe, with its parts given anew", () => {
    const { name, studies } = read({
      ...small,
      pretraining: { steps: 60 },
      fineTuning: { signOff: 0 },
      tuningSeeds: [100, 7],
    });
    expect(name).toBe("a");
    expect(studies).toHaveLength(1);
    expect(studies[0]).toMatchObject({ seeds: [0, 1], tuningSeeds: [100, 7] });
    expect(studies[0]?.recipe).toEqual({
      ...smoke,
      name: "a",
      pretraining: { ...smoke?.pretraining, steps: 60 },
      fineTuning: { ...smoke?.fineTuning, signOff: 0 },
    });
  });

  it("makes a row of every combination in a grid, after the base and the reference", () => {
    const grid = [
      { method: "anchored", alpha: [0.1, { budget: 0.02 }], outer: [1, 2], inner: 5 },
      { method: "sft", label: "Slow", learningRate: [1e-3], family: "tuned" },
    ];
    const { rows, headline } = read({ ...small, grid }).studies[0]?.recipe ?? {};
    expect(rows?.slice(0, 2)).toEqual(smoke?.rows.slice(0, 2));
    expect(rows?.slice(2).map(({ id, label, family }) => [id, label, family])).toEqual([
      ["anchored-alpha-0.1-outer-1-inner-5", "Anchored α=0.1 T=1 K=5", "anchored"],
      ["anchored-alpha-0.1-outer-2-inner-5", "Anchored α=0.1 T=2 K=5", "anchored"],
      ["anchored-alpha-budget-0.02-outer-1-inner-5", "Anchored δ=0.02 T=1 K=5", "anchored"],
      ["anchored-alpha-budget-0.02-outer-2-inner-5", "Anchored δ=0.02 T=2 K=5", "anchored"],
      ["tuned-learningRate-0.001", "Slow η=0.001", "tuned"],
    ]);
    expect(rows?.[4]).toMatchObject({ alpha: { budget: 0.02 }, outer: 1, inner: 5 });
    // Nobody named one of them: the sweep is about none.
    expect(headline).toBeUndefined();
  });

  it("takes rows by id and rows of one's own", () => {
    const own = { id: "x", label: "X", family: "x", method: "merge", weight: 0.9 };
    const { rows } = read({ ...small, rows: ["base", "sft-5e-3", own] }).studies[0]?.recipe ?? {};
    expect(rows?.map(({ id }) => id)).toEqual(["base", "sft-5e-3", "x"]);
  });

  it("takes how rows become fewer, and leaves out what changes nothing", () => {
    const stagingOf = (fields: object) =>
      read({ ...small, tuningSeeds: [100], ...fields }).studies[0]?.staging;
    expect(stagingOf({ halving: true })).toEqual({ halving: true });
    expect(stagingOf({ halving: false, report: "front" })).toEqual({ report: "front" });
    expect(stagingOf({ report: "chosen" })).toEqual({ report: "chosen" });
    expect(stagingOf({ halving: false, report: "all" })).toBeUndefined();
  });

  it("takes several studies as one sweep", () => {
    const studies = ["b", "c"].map((name) => ({ ...small, name }));
    const sweep = read({ name: "all", studies });
    expect(sweep.name).toBe("all");
    expect(sweep.studies.map(({ recipe }) => recipe.name)).toEqual(["b", "c"]);
  });

  it.each([
    [[], "a.json: expected an object, got []"],
    [{}, "a.json: extends: expected one of full, smoke"],
    [{ ...small, halving: 1 }, "a.json: halving: expected true or false, got 1"],
    [{ ...small, report: "some" }, "a.json: report: expected one of all, front, chosen"],
    [{ ...small, halving: true }, "a.json: tuningSeeds: expected seeds on which rows are chosen"],
    [{ ...small, extends: "huge" }, "a.json: extends: expected one of full, smoke"],
    [{ ...small, extends: "toString" }, "a.json: extends: expected one of"],
    [
      { ...small, name: "../a" },
      'a.json: name: expected letters, digits, dots, - and _, got "../a"',
    ],
    [{ ...small, sedes: 3 }, "a.json: sedes: expected one of name, extends"],
    [{ ...small, seeds: 0 }, "a.json: seeds: expected a count, or a list of whole numbers from 0"],
    [{ ...small, seeds: [1, 1] }, "a.json: seeds: expected different seeds, got [1,1]"],
    [{ ...small, seeds: [-1] }, "a.json: seeds: expected a count, or a list"],
    [
      { ...small, tuningSeeds: [1] },
      "a.json: tuningSeeds: expected no seed that is reported, got 1",
    ],
    [{ ...small, seeds: [], tuningSeeds: [] }, "a.json: seeds: expected at least one seed"],
    [{ ...small, rows: "base" }, "a.json: rows: expected a list of rows or of their ids"],
    [{ ...small, rows: ["base", "sft"] }, "a.json: rows[1]: expected one of base, sft-5e-3"],
    [{ ...small, rows: ["base"] }, "a.json: recipe.reference: expected the id of a row"],
    [{ ...small, grid: 3 }, "a.json: grid[0]: expected an object, got 3"],
    [{ ...small, grid: { alpha: 1 } }, "a.json: grid[0].method: expected the name of a method"],
    [
      { ...small, grid: { method: "sft", label: Object.create(null) } },
      "a.json: grid[0].label: expected a name",
    ],
    [
      { ...small, grid: { method: "sft", family: { a: 1 } } },
      "a.json: grid[0].family: expected a name",
    ],
    [{ ...small, grid: { method: "sft", epochs: { a: Object.create(null) } } }, "epochs: expected"],
    [
      { ...small, grid: { method: "anchored", alpha: [] } },
      "a.json: grid[0].alpha: expected at least one value, got an empty list",
    ],
    [
      { ...small, grid: { method: "anchored", alpha: [2] } },
      "a.json: recipe.rows[2] (anchored-alpha-2).alpha: expected a number in [0, 1]",
    ],
    [
      { ...small, grid: { method: "guess" } },
      "a.json: recipe.rows[2] (guess).method: expected one",
    ],
    [
      { ...small, pretraining: { steps: 1.5 } },
      "a.json: recipe.pretraining.steps: expected a posi",
    ],
    [{ ...small, model: 3 }, "a.json: model: expected an object, got 3"],
    [{ name: "x", studies: [] }, "a.json: studies: expected a list of studies, got []"],
    [{ studies: [small] }, "a.json: studies[0].name: expected letters"],
    [
      { studies: [{ ...small, name: "b", seeds: 0 }] },
      "a.json: studies[0].seeds: expected a count, or a list",
    ],
    [{ studies: [small], seeds: 3 }, "a.json: seeds: expected nothing beside name and studies"],
    [
      {
        studies: [
          { ...small, name: "b" },
          { ...small, name: "b" },
        ],
      },
      'a.json: studies[1].name: expected a name of its own, got "b"',
    ],
  ])("refuses %j", (json, message) => {
    expect(() => read(json)).toThrow(DataError);
    expect(() => read(json)).toThrow(message);
  });

  it("reads what its help shows", () => {
    const text = recipeFileHelp.slice(
      recipeFileHelp.indexOf("{"),
      recipeFileHelp.indexOf("\n  }") + 4,
    );
    const json = text
      .split("\n")
      .map((line) => line.replace(/ {4,}(?=\S)(?! *["{}\]]).*$/, "").slice(0, 100))
      .map((line) => line.replace(/(.*[,[{]) {2,}[a-z].*$/, "$1").replace(/^ {20,}left.*$/, ""))
      .join("\n");
    expect(read(JSON.parse(json)).studies[0]?.recipe.rows).toHaveLength(8);
  });
});
