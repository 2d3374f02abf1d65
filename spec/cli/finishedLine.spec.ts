import * as fc from "fast-check";
import { expect, it } from "vitest";
import { finishedLine, progressLines } from "../../src/cli/study/progress.ts";
import { smokeRecipe } from "../../src/experiment/recipes/smoke.ts";
import { otherScores } from "../experiment/summary/scores.ts";

const result = {
  kind: "row" as const,
  ...otherScores,
  ...{ seed: 3, row: "sft-5e-3", target: 1, prior: { rev: 0.5 }, signOff: 0 },
  ...{ klFromBase: 1.5, klToBase: 2 },
};
const attempt = {
  ...{ kind: "attempt" as const, seed: 3, row: "sft-5e-3", seconds: 3700, backend: "wasm" },
  ...{ device: "1 thread", numerics: { class: "wasm-fma", version: 1 } },
};
const finished = { result, attempt };

it("finishedLine(recipe, finished, drop, columns) leaves out what has no room, from the end", () => {
  const whole = finishedLine(smokeRecipe, finished, 0.5);
  expect(whole).toMatch(
    /^✓ seed 3 SFT 5e-3 {17}target 100\.0 % {2}drop {2}50\.0 % {2}KL 1\.500 {2}1:01:40$/,
  );
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 120 }), (columns) => {
      const line = finishedLine(smokeRecipe, finished, 0.5, columns);
      expect(line.length).toBeLessThan(columns);
      expect(whole.startsWith(line)).toBe(true);
    }),
  );
});

it("no time is negative, and no row takes longer than all", () => {
  const numbers = fc.double({ min: -100, max: 3000, noNaN: true });
  fc.assert(
    fc.property(numbers, numbers, fc.integer({ min: 1, max: 99 }), (stageSeconds, left, step) => {
      const [, line] = progressLines(
        {
          ...{ recipe: smokeRecipe, seeds: [0], stageSeconds, secondsLeft: left },
          ...{ rowsDone: 0, rows: 3 },
          progress: {
            ...{ kind: "progress", seed: 0, step, steps: 100, loss: 1, tokens: 5 },
            stage: { kind: "row", id: "sft-5e-3" },
          },
        },
        200,
      );
      const [row = NaN, all = NaN] = [...line.matchAll(/([\d.:]+)(?: s)? left in/g)].map(
        ([, text = ""]) => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0),
      );
      expect(row).toBeGreaterThanOrEqual(0);
      expect(all).toBeGreaterThanOrEqual(row);
    }),
  );
});
