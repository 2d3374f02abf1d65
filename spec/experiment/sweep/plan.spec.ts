import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { smokeRecipe } from "../../../src/experiment/recipes/smoke.ts";
import {
  blockedJobs,
  inputsOf,
  type Job,
  planJobs,
  priorityOf,
  rowsBefore,
} from "../../../src/experiment/sweep/plan.ts";
import { readyQueue } from "../../../src/experiment/sweep/readyQueue.ts";
import { studies } from "./fakes.ts";

/** What can begin, by its definition: looked for among all. */
const startable = (jobs: readonly Job[], finished: Set<string>, begun: Set<string>): Job[] =>
  jobs.filter(
    ({ id, needs }) =>
      !finished.has(id) && !begun.has(id) && needs.every((need) => finished.has(need)),
  );

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
    const gentle = { ...smokeRecipe.rows.at(-1), id: "gentle", reference: "sft-5e-4" };
    const rows = [...smokeRecipe.rows, gentle] as typeof smokeRecipe.rows;
    const own = planJobs([{ recipe: { ...smokeRecipe, rows }, seeds: [3] }]);
    expect(own.find(({ row }) => row === "gentle")?.needs).toEqual([
      "smoke/seed-3/base",
      "smoke/seed-3/sft-5e-4",
    ]);
    const late = { ...smokeRecipe, reference: "merge-0.5" };
    expect(rowsBefore(late, "merge-0.3").map(({ id }) => id)).toEqual(["base"]);
    expect(inputsOf(late, "merge-0.3")).toEqual({ base: "base" });
    const { reference } = smokeRecipe;
    expect(inputsOf(smokeRecipe, "base")).toEqual({});
    expect(inputsOf(smokeRecipe, "merge-0.5")).toEqual({ base: "base", reference });
  });

  it("lets those go first that others need", () => {
    const recipe = smokeRecipe;
    const priorities = ["base", recipe.reference, "merge-0.5"].map((row) =>
      priorityOf({ recipe, row }),
    );
    expect(priorities).toEqual([1, 2, 3]);
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

describe("readyQueue and blockedJobs", () => {
  it("begin what can begin, in the order of the plan, and part all jobs", () => {
    fc.assert(
      fc.property(studies, fc.infiniteStream(fc.nat(9)), fc.nat(99), (list, dice, before) => {
        const jobs = planJobs(list);
        // What a former sweep has finished: with all that it needs.
        const finished = new Set(jobs.slice(0, before % jobs.length).map(({ id }) => id));
        const [failed, begun] = [new Set<string>(), new Set<string>()];
        const running: Job[] = [];
        const ready = readyQueue(jobs, new Set(finished));
        for (;;) {
          const roll = dice.next().value as number;
          if (running.length === 0 || roll < 5) {
            const job = ready.take();
            expect(job).toBe(startable(jobs, finished, begun)[0]);
            if (job) {
              begun.add(job.id);
              running.push(job);
              continue;
            }
          }
          const [job] = running.splice(roll % Math.max(1, running.length), 1);
          if (!job) break;
          if (roll === 9) {
            begun.delete(job.id);
            ready.putBack(job);
          } else if (roll === 8) failed.add(job.id);
          else {
            finished.add(job.id);
            ready.finish(job.id);
          }
        }
        const blocked = blockedJobs(jobs, { finished, failed });
        const ids = [...finished, ...failed, ...blocked.map(({ id }) => id)];
        expect(ids.sort()).toEqual(jobs.map(({ id }) => id).sort());
      }),
      { numRuns: 1000 },
    );
  });
});
