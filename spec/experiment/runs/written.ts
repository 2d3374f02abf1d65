import { type Result, type RowResult, stageNamed } from "../../../src/experiment/measurements.ts";
import type { RunConfig } from "../../../src/experiment/runs/run.ts";
import { otherScores } from "../summary/scores.ts";
import { tinyRecipe } from "../tiny.ts";

/** What a run that is written was made with. */
export const config: RunConfig = {
  recipe: tinyRecipe,
  seeds: [0, 1],
  backend: "reference",
  device: "plain loops",
  numerics: { class: "reference", version: 1 },
  versions: { anchorgrad: "0.1.0" },
  started: "2026-01-02T03:04:05.000Z",
};

/** Progress of a stage, with a loss that decimals do not end. */
export const step = (seed: number, stage: string): Result => ({
  kind: "progress",
  stage: stageNamed(stage),
  ...{ seed, step: 8, steps: 16, loss: 1 / 3, tokens: 100 },
});

/** A row's result, with numbers that decimals do not end. */
export const row = (seed: number, id: string): RowResult => ({
  kind: "row",
  ...otherScores,
  ...{ seed, row: id, target: 0.1 + 0.2, prior: { rev: 1 / 3 }, signOff: 0 },
  ...{ klFromBase: 1e-9, klToBase: 2 / 7 },
});
