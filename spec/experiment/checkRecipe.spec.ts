import { describe, expect, it } from "vitest";
import { checkRecipe } from "../../src/experiment/checkRecipe.ts";
import { fullRecipe } from "../../src/experiment/recipes/full.ts";
import { smokeRecipe } from "../../src/experiment/recipes/smoke.ts";
import { DataError } from "../../src/tensor/errors.ts";

type Json = { [name: string]: Json } & Json[] & string & number;

/** The smoke study as JSON, after `change`. */
function changed(change: (recipe: Json) => void): unknown {
  const json = JSON.parse(JSON.stringify(smokeRecipe)) as Json;
  change(json);
  return json;
}

const rowOf = (recipe: Json, method: string): Json =>
  (recipe["rows"] as unknown as Json[]).find((row) => `${row["method"]}` === method) as Json;

describe("checkRecipe", () => {
  it.each([fullRecipe, smokeRecipe])("takes the $name study as it was written", (recipe) => {
    const json: unknown = JSON.parse(JSON.stringify(recipe));
    expect(checkRecipe(json)).toEqual(recipe);
  });

  it.each<[string, (recipe: Json) => void, string]>([
    [
      "a number that is none",
      (r) => Object.assign(r["pretraining"] as Json, { steps: "many" }),
      'recipe.pretraining.steps: expected a positive integer, got "many"',
    ],
    [
      "a part that is missing",
      (r) => delete (r as Partial<Json>)["model"],
      "recipe.model: expected an object, got nothing",
    ],
    [
      "a part that nobody knows",
      (r) => Object.assign(r, { sead: 1 }),
      "recipe.sead: expected nothing beside name, suite,",
    ],
    [
      "an unknown method",
      (r) => Object.assign(rowOf(r, "moving"), { method: "magic" }),
      "recipe.rows[7] (moving-0.1).method: expected one of base, merge, sft,",
    ],
    [
      "a setting that the method does not know",
      (r) => Object.assign(rowOf(r, "sft"), { alpha: 0.5 }),
      "recipe.rows[1] (sft-5e-3).alpha: expected nothing beside id, label, family, method, learningRate, epochs, replayShare, restart, weights, sam, updateShare, lora, selfAnswers, replayFrom, got 0.5",
    ],
    [
      "a setting that the method needs",
      (r) => delete (rowOf(r, "asft") as Partial<Json>)["beta"],
      "recipe.rows[9] (asft-0.1).beta: expected a number ≥ 0, got nothing",
    ],
    [
      "a setting out of range",
      (r) => Object.assign(rowOf(r, "anchored"), { alpha: 2 }),
      "recipe.rows[3] (anchored-0.1-T5-K2).alpha: expected a number in [0, 1], { budget } or { risk }, got 2",
    ],
    [
      "a merge of one kind with another one's share",
      (r) => Object.assign(rowOf(r, "merge"), { kind: "dare", keep: 0.2 }),
      ".keep: expected nothing beside id, label, family, method, weight, kind, drop, reference, got 0.2",
    ],
    [
      "a second gradient with a method that has one",
      (r) => {
        const row = rowOf(r, "asft");
        delete row["beta"];
        Object.assign(row, { method: "agem", replayShare: 0.5, sam: 0.05 });
      },
      ".sam: expected nothing with agem, which has a gradient of its own, got 0.05",
    ],
    [
      "outer steps without epochs",
      (r) => delete (rowOf(r, "anchored") as Partial<Json>)["inner"],
      "recipe.rows[3] (anchored-0.1-T5-K2).outer: expected outer and inner together, got 5",
    ],
    [
      "the same row twice",
      (r) => Object.assign(rowOf(r, "moving"), { id: "base" }),
      'recipe.rows[7].id: expected an id of its own, got "base"',
    ],
    [
      "a row that is called as what makes the base",
      (r) => Object.assign(rowOf(r, "moving"), { id: "pre-training" }),
      'recipe.rows[7] (pre-training).id: expected an id other than pre-training, got "pre-training"',
    ],
    [
      "a base that is not the first",
      (r) => (r["rows"] as unknown as Json[]).shift(),
      'recipe.rows[0].method: expected the base first, got "sft"',
    ],
    [
      "heads that do not divide the width",
      (r) => Object.assign(r["model"] as Json, { heads: 3 }),
      "recipe.model.heads: expected a divisor of width 32, got 3",
    ],
    [
      "a context of 2",
      (r) => Object.assign(r["model"] as Json, { contextLength: 2 }),
      "recipe.model.contextLength: expected at least 13, the longest question and answer",
    ],
    [
      "a batch larger than the data",
      (r) => Object.assign(r["fineTuning"] as Json, { batchSize: 1000, examples: 10 }),
      "recipe.fineTuning.batchSize: expected at most its 10 examples, got 1000",
    ],
    [
      "a model of 10¹³ parameters",
      (r) => Object.assign(r["model"] as Json, { width: 2 ** 20, layers: 2 }),
      "recipe.model: expected at most 1000000000 parameters, got 8796856385536",
    ],
    [
      "a row whose id is a path",
      (r) => Object.assign(rowOf(r, "moving"), { id: "../../up" }),
      'recipe.rows[7] (../../up).id: expected letters, digits, dots, - and _, got "../../up"',
    ],
    [
      "a name that no folder could have",
      (r) => Object.assign(r, { name: "a".repeat(101) }),
      "recipe.name: expected a name of at most 100 characters",
    ],
    [
      "a label that a terminal would obey",
      (r) => Object.assign(rowOf(r, "moving"), { label: "a\u001b[2J" }),
      "expected a text without control characters",
    ],
    [
      "a knob that nobody knows",
      (r) =>
        Object.assign(r, {
          suite: { priors: ["rev"], targets: ["mini-igsm"], knobs: { "mini-igsm": { moduls: 5 } } },
        }),
      'recipe.suite.knobs.mini-igsm: expected knobs of modulus, op, depth, width, maxEdge, maxOperands, worlds, split, direct, got "moduls"',
    ],
    [
      "a headline that is no row",
      (r) => Object.assign(r, { headline: "best" }),
      "recipe.headline: expected the id of a row: base, sft-5e-3,",
    ],
  ])("refuses %s", (_, change, message) => {
    const json = changed(change);
    expect(() => checkRecipe(json)).toThrow(DataError);
    expect(() => checkRecipe(json)).toThrow(message);
  });

  it.each([null, [], "full", 3])("refuses %j", (json) => {
    expect(() => checkRecipe(json)).toThrow("recipe: expected an object, got ");
  });
});
