import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { checkRecipe } from "../../src/experiment/checkRecipe.ts";
import { experiment } from "../../src/experiment/experiment.ts";
import { measurementText, type Result } from "../../src/experiment/measurements.ts";
import type { Recipe, RowRecipe } from "../../src/experiment/recipe.ts";
import { expandGrid } from "../../src/experiment/recipes/grid.ts";
import { reportPage } from "../../src/experiment/report/page.ts";
import { retainedPrompts } from "../../src/experiment/retained.ts";
import { measurementCheck } from "../../src/experiment/runs/checkRun.ts";
import type { RunConfig } from "../../src/experiment/runs/run.ts";
import { summarize } from "../../src/experiment/summary/summary.ts";
import { at } from "../../src/tensor/shapes.ts";
import { promptOf } from "../../src/train/examples.ts";
import { testEngine } from "../testEngine.ts";
import { tinyRecipe } from "./tiny.ts";

const [base, sft] = tinyRecipe.rows;
const [certified, plain] = [{ risk: 0.2, confidence: 0.9 }, 0.1].map((alpha) =>
  at(expandGrid({ method: "anchored", alpha, outer: 2, inner: 1 }, "grid"), 0),
) as unknown as [RowRecipe, RowRecipe];
const recipe = {
  ...tinyRecipe,
  ...{ rows: [base, sft, certified], headline: certified.id, retain: { plan: 30, audit: 20 } },
} as Recipe;

const engine = await testEngine({ backend: "wasm", threads: 1 });

const measure = async (of: Recipe): Promise<Result[]> => {
  const all: Result[] = [];
  for await (const m of experiment(engine, of)) if (m.kind !== "attempt") all.push(m);
  return all;
};

describe("retained prompts", () => {
  test("are two halves without a prompt in common, for rows with a risk alone", () => {
    const { plan = [], audit = [] } = retainedPrompts(recipe, certified, 3) ?? {};
    expect([plan.length, audit.length]).toEqual([30, 20]);
    const prompts = [...plan, ...audit].map((example) => `${promptOf(example)}`);
    expect(new Set(prompts).size).toBe(50);
    expect(retainedPrompts(recipe, certified, 3)).toEqual({ plan, audit });
    expect(retainedPrompts(recipe, certified, 4)).not.toEqual({ plan, audit });
    expect(retainedPrompts(recipe, plain, 3)).toBeUndefined();
    const { retain: _, ...without } = recipe;
    expect(retainedPrompts(without as Recipe, certified, 3)?.plan).toHaveLength(200);
  });
});

describe("a row with a risk", () => {
  test("is named after it, and refused with too few prompts or between weights", () => {
    expect([certified.id, certified.label]).toEqual([
      "anchored-alpha-risk-0.2-confidence-0.9-outer-2-inner-1",
      "Anchored risk=0.2 confidence=0.9 T=2 K=1",
    ]);
    expect(checkRecipe(recipe)).toBe(recipe);
    const of = (more: object) => () => checkRecipe({ ...recipe, ...more });
    const few = "recipe.retain.audit: expected at least 11 prompts for recipe.rows[2]";
    expect(of({ retain: { plan: 30, audit: 10 } })).toThrow(few);
    const row = (more: object) => ({ rows: [base, sft, { ...certified, ...more }] });
    expect(of(row({ alpha: { risk: 0 } }))).toThrow("expected a number between 0 and 1, got 0");
    expect(of(row({ alpha: { risk: 0.1, budget: 1 } }))).toThrow("expected nothing beside");
    const { interpolation: _, ...weights } = { ...certified, interpolation: undefined };
    expect(of({ rows: [base, sft, { ...weights, method: "anchoredWeights" }] })).toThrow(
      "expected a number for anchors between weights",
    );
  });

  test("plans, is audited after each outer step, and says so in file, table and report", async () => {
    const all = await measure(recipe);
    const planned = all.find((m) => m.kind === "retention");
    expect(planned).toMatchObject({ row: certified.id, risk: 0.2, confidence: 0.9, audited: 20 });
    const audits = all.flatMap((m) => (m.kind === "certificate" ? (m.retention ?? []) : []));
    expect(audits.map(({ prompts }) => prompts)).toEqual([20, 20]);
    expect(at(audits, 1).planned?.prompts).toBe(30);

    const config: RunConfig = {
      ...{ recipe, seeds: [0], backend: "wasm", device: "1 thread", versions: {} },
      numerics: { class: "wasm-fma", version: 1 },
      started: "2026-01-02T03:04:05.000Z",
    };
    const check = measurementCheck(config);
    for (const m of all) check(JSON.parse(measurementText(m)));
    expect(summarize(recipe, all).find(({ row }) => row === certified)?.steps?.audit).toEqual({
      ...{ runs: 1, passed: at(audits, 1).passed ? 1 : 0, lost: at(audits, 1).lost / 20 },
    });
    const { document } = parseHTML(reportPage([{ config, measurements: all }]));
    expect(document.body.textContent).toContain("Certified weights, and their audits");
    expect(document.body.textContent).toContain("The student is audited on 20 other prompts");
    // Once more, to the bit.
    expect((await measure(recipe)).map(measurementText)).toEqual(all.map(measurementText));
  });

  test("changes nothing of the other rows", async () => {
    const [one, both] = [
      { ...recipe, rows: [base, sft, plain], headline: plain.id } as Recipe,
      { ...recipe, rows: [base, sft, certified, plain], headline: plain.id } as Recipe,
    ];
    const others = (await measure(both)).filter((m) => !measurementText(m).includes(certified.id));
    expect(others.map(measurementText)).toEqual((await measure(one)).map(measurementText));
  });
});
