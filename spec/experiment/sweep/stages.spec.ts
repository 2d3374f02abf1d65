import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Measurement, RowResult } from "../../../src/experiment/measurements.ts";
import type { Recipe, RowRecipe } from "../../../src/experiment/recipe.ts";
import { smokeRecipe } from "../../../src/experiment/recipes/smoke.ts";
import { chooseRows } from "../../../src/experiment/summary/choose.ts";
import { frontFamilies } from "../../../src/experiment/summary/front.ts";
import { summarize } from "../../../src/experiment/summary/summary.ts";
import { jobId } from "../../../src/experiment/sweep/plan.ts";
import { type StagedStudy, stagesOf } from "../../../src/experiment/sweep/stages.ts";
import { otherScores } from "../summary/scores.ts";

/** A base, its reference alone, and families of nine rows. */
function recipeOf(families: number): Recipe {
  const row = (family: string, id: string): RowRecipe => ({
    ...{ id, label: id, family, method: "sft", learningRate: 1e-3 },
  });
  const rows = Array.from({ length: families }, (_, f) =>
    Array.from({ length: 9 }, (_, i) => row(`family-${f}`, `row-${f}-${i}`)),
  );
  return {
    ...{ ...smokeRecipe, name: "staged", reference: "sft", headline: "row-0-0" },
    rows: [
      { id: "base", label: "base", family: "base", method: "base" },
      row("sft", "sft"),
      ...rows.flat(),
    ],
  };
}

/** What rows come to: by their own quality, and some chance a seed brings. */
const resultOf =
  (recipe: Recipe, noise: number) =>
  (seed: number, row: string): RowResult => {
    const place = recipe.rows.findIndex(({ id }) => id === row);
    const chance = (salt: number): number => ((place + 1) * (seed + salt) * 7919) % 97;
    const [target, lost] = [chance(noise) / 97, chance(noise + 1) / 194];
    return {
      kind: "row",
      ...otherScores,
      ...{ seed, row, signOff: 0, klFromBase: 0, klToBase: 0 },
      target: row === "base" ? 0 : row === "sft" ? 1 : target,
      prior: { rev: row === "base" ? 1 : 1 - lost },
    };
  };

/** Runs a study to its end; the ids of each stage's jobs, and what was measured. */
function runAll(
  study: StagedStudy,
  of: (seed: number, row: string) => RowResult,
): { readonly stages: readonly (readonly string[])[]; readonly measured: readonly Measurement[] } {
  const measured: Measurement[] = [];
  const done = new Set<string>();
  const stages = stagesOf(study).map(({ jobs }) => {
    const ids = jobs(measured);
    for (const seed of [...study.seeds, ...(study.tuningSeeds ?? [])])
      for (const { id } of study.recipe.rows) {
        const job = jobId(study.recipe.name, seed, id);
        if (!ids.has(job) || done.has(job)) continue;
        done.add(job);
        measured.push(of(seed, id));
      }
    return [...ids];
  });
  return { stages, measured };
}

const settings = fc.record({
  families: fc.integer({ min: 1, max: 4 }),
  noise: fc.nat(96),
  tuning: fc.integer({ min: 1, max: 9 }),
});

describe("stagesOf(study)", () => {
  const seeds = [20, 21];
  const tuningOf = (count: number): number[] => Array.from({ length: count }, (_, i) => 100 + i);

  it("is one stage of all rows where nothing is left behind", () => {
    const recipe = recipeOf(1);
    for (const staging of [undefined, {}, { halving: false, report: "all" as const }]) {
      const study = { recipe, seeds, tuningSeeds: [100], ...(staging && { staging }) };
      const { stages } = runAll(study, resultOf(recipe, 3));
      expect(stages.map(({ length }) => length)).toEqual([3 * recipe.rows.length]);
    }
    const [only] = stagesOf({ recipe, seeds, staging: { halving: true } });
    expect(only?.jobs([]).size).toBe(2 * recipe.rows.length);
  });

  it("halves each family's rows as the seeds so far double, and takes each seed once", () => {
    fc.assert(
      fc.property(settings, ({ families, noise, tuning }) => {
        const recipe = recipeOf(families);
        const tuningSeeds = tuningOf(tuning);
        const study: StagedStudy = { recipe, seeds: [], tuningSeeds, staging: { halving: true } };
        const rounds = stagesOf(study);
        expect(rounds.flatMap((round) => round.seeds)).toEqual(tuningSeeds);
        let before = 0;
        for (const [i, round] of rounds.entries()) {
          const isLast = i === rounds.length - 1;
          if (!isLast) expect(before + round.seeds.length).toBe(2 ** i);
          before += round.seeds.length;
        }
        const { stages } = runAll(study, resultOf(recipe, noise));
        for (const [i, ids] of stages.entries()) {
          const perSeed = ids.length / (rounds[i]?.seeds.length ?? NaN);
          expect(perSeed).toBe(2 + families * Math.floor(9 / 2 ** i || 1));
        }
      }),
      { numRuns: 100 },
    );
  });

  it("costs less than half of the runs of nine rows on five seeds", () => {
    const recipe = recipeOf(36);
    const study: StagedStudy = {
      ...{ recipe, seeds: [], tuningSeeds: tuningOf(5), staging: { halving: true } },
    };
    const runs = runAll(study, resultOf(recipe, 5)).stages.flat().length;
    expect(runs - 2 * 5).toBe(36 * 19);
    expect(runs).toBeLessThan(0.5 * 5 * recipe.rows.length);
  });

  it("finds the row that all seeds would choose, where seeds bring no chance", () => {
    fc.assert(
      fc.property(settings, ({ families, noise, tuning }) => {
        const recipe = recipeOf(families);
        const of = (seed: number, row: string) => ({ ...resultOf(recipe, noise)(100, row), seed });
        const tuningSeeds = tuningOf(tuning);
        const chosen = (halving: boolean) => {
          const study = { recipe, seeds: [], tuningSeeds, staging: { halving } };
          return chooseRows(summarize(recipe, runAll(study, of).measured, tuningSeeds));
        };
        expect(chosen(true)).toEqual(chosen(false));
      }),
      { numRuns: 100 },
    );
  });

  it("reports each family's chosen row, those of the front or not, and what they begin with", () => {
    const reports = fc.constantFrom("front" as const, "chosen" as const);
    fc.assert(
      fc.property(
        settings,
        fc.boolean(),
        reports,
        ({ families, noise, tuning }, halving, report) => {
          const recipe = recipeOf(families);
          const tuningSeeds = tuningOf(tuning);
          const study: StagedStudy = {
            ...{ recipe, seeds, tuningSeeds, staging: { halving, report } },
          };
          const { stages, measured } = runAll(study, resultOf(recipe, noise));
          const summaries = summarize(recipe, measured, tuningSeeds);
          const most = new Map<string, number>();
          for (const { row, seeds: found } of summaries)
            most.set(row.family, Math.max(found.length, most.get(row.family) ?? 0));
          const last = summaries.filter(({ row, seeds: s }) => s.length === most.get(row.family));
          const front = frontFamilies(last);
          const chosen = chooseRows(summaries).map(({ row }) => row.id);
          const expected = recipe.rows.filter(
            ({ id, family }) =>
              ["base", "sft", ...chosen].includes(id) || (report === "front" && front.has(family)),
          );
          expect(stages.at(-1)).toEqual(
            seeds.flatMap((seed) => expected.map(({ id }) => jobId("staged", seed, id))),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it("does without a row that failed on a seed, as long as others of its family did not", () => {
    const recipe = recipeOf(1);
    const all = runAll({ recipe, seeds: [], tuningSeeds: [100, 101] }, resultOf(recipe, 3));
    const best = chooseRows(summarize(recipe, all.measured))[1]?.row.id;
    const left = all.measured.filter(
      (m) => !(m.kind === "row" && m.row === best && m.seed === 101),
    );
    const choice = chooseRows(summarize(recipe, left))[1]?.row.id;
    expect(best).toMatch(/^row-/);
    expect(choice).toMatch(/^row-/);
    expect(choice).not.toBe(best);
  });
});
