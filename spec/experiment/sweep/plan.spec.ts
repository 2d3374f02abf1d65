import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { smokeRecipe } from "../../../src/experiment/recipes/smoke.ts";
import {
  blockedJobs,
  planJobs,
  readyJobs,
  rowsBefore,
  type Standing,
} from "../../../src/experiment/sweep/plan.ts";
import { studies } from "./fakes.ts";

const nothing: Standing = { finished: new Set(), failed: new Set(), running: new Set() };

describe("planJobs(studies)", () => {
  it("has each row of each recipe with each seed once, after what it needs", () => {
    fc.assert(
      fc.property(studies, (list) => {
        const jobs = planJobs(list);
        const expected = list.flatMap(({ recipe, seeds }) =>
          seeds.flatMap((seed) => recipe.rows.map(({ id }) => `${recipe.name}/seed-${seed}/${id}`)),
        );
        expect(jobs.map(({ id }) => id)).toEqual(expected);
        expect(new Set(expected).size).toBe(expected.length);
        jobs.forEach(({ needs }, at) => {
          for (const need of needs) {
            const where = jobs.findIndex(({ id }) => id === need);
            expect(where).toBeGreaterThanOrEqual(0);
            expect(where).toBeLessThan(at);
          }
        });
      }),
      { numRuns: 1000 },
    );
  });

  it("lets rows wait for the base, and for the reference where they come after it", () => {
    const jobs = planJobs([{ recipe: smokeRecipe, seeds: [3] }]);
    const needs = Object.fromEntries(jobs.map((job) => [job.row, job.needs]));
    expect(needs["base"]).toEqual([]);
    expect(needs[smokeRecipe.reference]).toEqual(["smoke/seed-3/base"]);
    expect(needs["merge-0.5"]).toEqual([
      "smoke/seed-3/base",
      `smoke/seed-3/${smokeRecipe.reference}`,
    ]);
    const late = { ...smokeRecipe, reference: "merge-0.5" };
    expect(rowsBefore(late, "merge-0.3").map(({ id }) => id)).toEqual(["base"]);
  });

  it("pre-trains once for all recipes that share it", () => {
    const other = { ...smokeRecipe, name: "other", fineTuning: { ...smokeRecipe.fineTuning } };
    const apart = { ...smokeRecipe, name: "apart", model: { ...smokeRecipe.model, width: 16 } };
    const list = [smokeRecipe, other, apart].map((recipe) => ({ recipe, seeds: [0, 1] }));
    const bases = planJobs(list).filter(({ row }) => row === "base");
    expect(bases.map(({ id, needs }) => [id, ...needs])).toEqual([
      ["smoke/seed-0/base"],
      ["smoke/seed-1/base"],
      ["other/seed-0/base", "smoke/seed-0/base"],
      ["other/seed-1/base", "smoke/seed-1/base"],
      ["apart/seed-0/base"],
      ["apart/seed-1/base"],
    ]);
  });
});

describe("readyJobs and blockedJobs", () => {
  it("part all jobs: each is finished, failed, ready, blocked, or waits for one that is ready", () => {
    fc.assert(
      fc.property(studies, fc.infiniteStream(fc.nat(9)), (list, dice) => {
        const jobs = planJobs(list);
        const [finished, failed] = [new Set<string>(), new Set<string>()];
        for (;;) {
          const standing = { ...nothing, finished, failed };
          const ready = readyJobs(jobs, standing);
          if (ready.length === 0) break;
          const roll = dice.next().value;
          const job = ready[roll % ready.length] as (typeof ready)[number];
          expect(job.needs.every((need) => finished.has(need))).toBe(true);
          expect(finished.has(job.id) || failed.has(job.id)).toBe(false);
          (roll > 7 ? failed : finished).add(job.id);
        }
        const blocked = blockedJobs(jobs, { ...nothing, finished, failed });
        const ids = [...finished, ...failed, ...blocked.map(({ id }) => id)];
        expect(ids.sort()).toEqual(jobs.map(({ id }) => id).sort());
      }),
      { numRuns: 1000 },
    );
  });

  it("do not start what runs", () => {
    const jobs = planJobs([{ recipe: smokeRecipe, seeds: [0, 1] }]);
    const running = new Set(["smoke/seed-0/base"]);
    expect(readyJobs(jobs, { ...nothing, running }).map(({ id }) => id)).toEqual([
      "smoke/seed-1/base",
    ]);
  });
});
