import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type StudyBase, studyBaseOf } from "../../../src/experiment/checkpoint/studyBase.ts";
import { checkRecipe } from "../../../src/experiment/checkRecipe.ts";
import { experiment } from "../../../src/experiment/experiment.ts";
import type { RowResult } from "../../../src/experiment/measurements.ts";
import { parametersOf } from "../../../src/experiment/model.ts";
import type { CheckpointRecipe } from "../../../src/experiment/recipe.ts";
import {
  checkpointConditions,
  checkpointStudy,
} from "../../../src/experiment/recipes/checkpoint.ts";
import { familyGrids } from "../../../src/experiment/recipes/families.ts";
import { checkpointName } from "../../../src/experiment/row/pretrainingName.ts";
import { checkpointSweep } from "../../../src/experiment/sweep/named.ts";
import { planJobs } from "../../../src/experiment/sweep/plan.ts";
import { loadModel } from "../../../src/finetune/load.ts";
import { sizeOf } from "../../../src/tensor/shapes.ts";
import { checkpointsInMemory } from "../../../src/weights/store.ts";
import { testEngine } from "../../testEngine.ts";
import { tinyBase } from "./tinyBase.ts";

const engine = await testEngine({ backend: "wasm", threads: 1 });
const folder = mkdtempSync(join(tmpdir(), "checkpoint-study-"));
afterAll(() => rmSync(folder, { recursive: true }));
const base: StudyBase = await studyBaseOf(await loadModel(await tinyBase(engine, folder)));

/** The study made so small that it takes seconds. */
function small(condition: string, rows: readonly string[]): CheckpointRecipe {
  const recipe = checkpointStudy(base, condition);
  return {
    ...recipe,
    fineTuning: { ...recipe.fineTuning, examples: 8, batchSize: 4, epochs: 2 },
    evaluation: {
      ...{ targetPrompts: 6, promptsPerSkill: 3, every: 0 },
      ...{ divergenceTargetPrompts: 3, divergencePromptsPerSkill: 2 },
    },
    rows: recipe.rows.filter(({ id }) => rows.includes(id)),
  };
}

async function resultsOf(recipe: CheckpointRecipe, seeds = [0]): Promise<readonly RowResult[]> {
  const pretrained = checkpointsInMemory();
  await pretrained.save(checkpointName(base.checkpoint), { tensors: base.params, metadata: {} });
  const rows: RowResult[] = [];
  for await (const m of experiment(engine, recipe, { seeds, pretrained }))
    if (m.kind === "row") rows.push(m);
  return rows;
}

describe("checkpointStudy(base, condition, families)", () => {
  it("is pure data that is read as it was written, under each condition", () => {
    expect(checkpointConditions).toEqual(["C1", "C2a", "C2b", "C3", "C5-mini-igsm", "C0"]);
    for (const name of checkpointConditions) {
      const recipe = checkpointStudy(base, name);
      expect(checkRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
      expect(recipe.name).toBe(`study-tiny-base-${name}`);
      expect(recipe.target).toBe(name === "C5-mini-igsm" ? "mini-igsm" : "chain");
    }
  });

  it("has the rows that the study of 113 thousand parameters chose, and what they look at", () => {
    const ids = (name: string) => checkpointStudy(base, name).rows.map(({ id }) => id);
    expect(ids("C1").slice(0, 5)).toEqual([
      ...["base", "sft-3e-3", "sft-3e-4", "sft-3e-4-5-epochs"],
      "anchored-alpha-0.15-outer-2-inner-5-learningRate-0.0003",
    ]);
    expect(ids("C2a").slice(0, 4)).toEqual(["base", "sft-3e-3", "sft-1e-3", "sft-1e-3-5-epochs"]);
    const { seeds, tuningSeeds } = checkpointSweep(base, "C1").studies[0] ?? {};
    expect([seeds, tuningSeeds]).toEqual([[20, 21, 22, 23, 24], []]);
  });

  it("runs whole families, chosen on seeds that are not reported, where they are named", () => {
    const [study] = checkpointSweep(base, "C2b", ["replay", "asft"]).studies;
    expect(study?.recipe.fair).toBe(true);
    expect(study?.recipe.rows).toHaveLength(1 + 3 * 9);
    expect(study).toMatchObject({ staging: { report: "front" } });
    expect(study?.tuningSeeds).toEqual([100, 101, 102, 103, 104]);
    expect(
      new Set(checkpointStudy(base, "C1", ["all"]).rows.map(({ family }) => family)).size,
    ).toBe(1 + 1 + familyGrids([3e-3, 1e-3, 3e-4]).length - 2);
    expect(() => checkpointStudy(base, "C1", ["rehearsal"])).toThrow("replayFrom: expected prior");
  });

  it("refuses conditions of pre-training", () => {
    expect(() => checkpointStudy(base, "C4-0")).toThrow(
      "expected a condition that leaves the base as it is, one of C1, C2a, C2b, C3, C5-mini-igsm, C0, got C4-0",
    );
  });

  it("counts the checkpoint's parameters", () => {
    const all = Object.values(base.params).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    expect(parametersOf(checkpointStudy(base, "C1"))).toBe(all);
  });
});

describe("a recipe of a checkpoint", () => {
  const recipe = checkpointStudy(base, "C1");
  const { suite, checkpoint } = recipe;
  const { words } = suite;
  const with_ = (change: object) => checkRecipe({ ...recipe, ...change });

  it.each<[string, object, string]>([
    ["no digest", { checkpoint: { ...checkpoint, sha256: "00" } }, "recipe.checkpoint.sha256: "],
    ["a suite of the study's own", { suite: "full" }, "recipe.suite: expected words"],
    [
      "tokens that there are not",
      { suite: { ...suite, words: { ...words, end: words.pieces.length } } },
      `recipe.suite.words: expected tokens below ${words.pieces.length}, got ${words.pieces.length}`,
    ],
    [
      "a skill without positions",
      { suite: { ...suite, positions: {} } },
      "recipe.suite: expected skills and knobs that there are (suiteOf: expected positions of rev",
    ],
    [
      "a context without room",
      { checkpoint: { ...checkpoint, config: { ...checkpoint.config, contextLength: 20 } } },
      "recipe.checkpoint.config.contextLength: expected at least ",
    ],
    [
      "a model with fewer tokens than its tokenizer",
      { checkpoint: { ...checkpoint, config: { ...checkpoint.config, vocabSize: 9 } } },
      "recipe.checkpoint.config.vocabSize: expected at least ",
    ],
    [
      "a config that is none",
      { checkpoint: { ...checkpoint, config: { ...checkpoint.config, heads: "two" } } },
      "recipe.checkpoint.config: ",
    ],
    [
      "a pre-training beside it",
      { pretraining: {} },
      "recipe.pretraining: expected nothing beside",
    ],
    [
      "a marker after answers that a verifier judges",
      { target: "mini-igsm", fineTuning: { ...recipe.fineTuning, signOff: 0, marker: ["^"] } },
      "recipe.fineTuning.marker: expected a target that no verifier judges",
    ],
    [
      "the base's own texts, which have no end",
      {
        rows: [
          ...recipe.rows,
          {
            id: "r",
            label: "r",
            family: "r",
            method: "replay",
            replayShare: 0.5,
            replayFrom: "base",
          },
        ],
      },
      "recipe.rows[11] (r).replayFrom: expected prior or answers for a checkpoint, got",
    ],
  ])("with %s is refused", (_, change, message) => {
    expect(() => with_(change)).toThrow(message);
  });
});

describe("experiment with a checkpoint", () => {
  it("fine-tunes the same base with each seed's data, and judges all twelve skills", async () => {
    const rows = ["base", "sft-3e-3", "anchored-alpha-0.15-outer-2-inner-5-learningRate-0.0003"];
    const found = await resultsOf(small("C1", rows), [0, 1]);
    expect(found.map(({ seed, row }) => `${seed} ${row}`)).toEqual(
      [0, 1].flatMap((seed) => rows.map((row) => `${seed} ${row}`)),
    );
    for (const { prior, distance, row } of found) {
      expect(Object.keys(prior)).toHaveLength(12);
      expect(distance > 0).toBe(row !== "base");
    }
  });

  it("teaches a mini, and an ending of several tokens", async () => {
    const [, mini] = await resultsOf(small("C5-mini-igsm", ["base", "sft-3e-3"]));
    expect(mini?.target).toBeGreaterThanOrEqual(0);
    const rare = small("C2a", ["base", "sft-3e-3"]);
    // Two tokens: a base that has learnt nothing finds them rare together.
    const fineTuning = { ...rare.fineTuning, marker: ["^"] };
    const [, marked] = await resultsOf({ ...rare, fineTuning });
    expect(marked?.joint).toBeLessThanOrEqual(marked?.rare ?? Number.NaN);
    expect(Object.keys(marked?.byClass ?? {})).toEqual(["style", "content", "rare", "end"]);
  });

  it("says so where the checkpoint is not among the bases", async () => {
    const run = async () => {
      for await (const _ of experiment(engine, small("C1", ["base", "sft-3e-3"])));
    };
    await expect(run()).rejects.toThrow(
      `experiment: expected ${checkpointName(base.checkpoint)} among the pre-trained bases, got none`,
    );
  });

  it("is planned with one base for all seeds", () => {
    const recipe = small("C1", ["base", "sft-3e-3"]);
    const jobs = planJobs([{ recipe, seeds: [0, 1] }]);
    expect(jobs.map(({ needs }) => needs.length)).toEqual([0, 1, 1, 1]);
  });
});
