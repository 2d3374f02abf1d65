import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createDisplay } from "../../../src/cli/study/display.ts";
import { progressLines } from "../../../src/cli/study/progress.ts";
import {
  type Attempt,
  type Progress,
  type RowResult,
  stageNamed,
} from "../../../src/experiment/measurements.ts";
import { smokeRecipe } from "../../../src/experiment/recipes/smoke.ts";
import { rowTokens } from "../../../src/experiment/row/work.ts";
import { otherScores } from "../../experiment/summary/scores.ts";

const progress = (step: number, stage = "sft-5e-3"): Progress => ({
  kind: "progress",
  stage: stageNamed(stage),
  ...{ seed: 0, step, steps: 100, loss: 0.5, tokens: step * 1000 },
});

const row: RowResult = {
  kind: "row",
  ...otherScores,
  ...{ seed: 0, row: "base", target: 0.25, prior: { rev: 0.5 }, signOff: 0 },
  ...{ klFromBase: 0, klToBase: 0 },
};

const attempt: Attempt = {
  ...{ kind: "attempt", seed: 0, row: "base", seconds: 75, backend: "wasm", device: "1 thread" },
  numerics: { class: "wasm-fma", version: 1 },
};

describe("progressLines", () => {
  const standing = {
    recipe: smokeRecipe,
    seeds: [0],
    progress: progress(25),
    ...{ stageSeconds: 10, rowsDone: 1, rows: 11, secondsLeft: 100 },
  };

  it("says stage, step, loss, tokens a second and what is left", () => {
    const [first, second] = progressLines(standing, 120);
    expect(first).toMatch(/^smoke · row 2 of 11 · SFT 5e-3 ━{10}─{30} {2}25 %$/);
    expect(second).toBe(
      "  step 25/100 · 30.0 s left in this row · about 1:40 left in all · loss 0.500 · 2,500 tokens/s",
    );
  });

  it("names the seed where there are several", () => {
    expect(progressLines({ ...standing, seeds: [0, 1] }, 120)[0]).toContain("seed 0 of 0, 1");
  });

  it("stays within the terminal", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 0, max: 100 }),
        (columns, step) => {
          for (const line of progressLines({ ...standing, progress: progress(step) }, columns))
            expect(line.length).toBeLessThan(Math.max(columns, 1));
        },
      ),
    );
  });
});

/** A stream that keeps what it is given. */
function listen(isTTY: boolean): { out: NodeJS.WriteStream; written: string[] } {
  const written: string[] = [];
  const write = (text: string): boolean => written.push(text) > 0;
  return { out: { isTTY, columns: 100, write } as unknown as NodeJS.WriteStream, written };
}

describe("createDisplay", () => {
  const options = { recipe: smokeRecipe, seeds: [0], finished: [] };

  it("redraws two lines on a terminal, and takes them away", () => {
    const { out, written } = listen(true);
    let time = 0;
    const display = createDisplay({ ...options, out, now: () => time });
    for (let step = 1; step <= 30; step++) {
      display.show(progress(step));
      time += 10;
    }
    display.close();
    const drawn = written.filter((text) => text.includes("tokens/s"));
    expect(drawn).toHaveLength(3);
    expect(drawn.every((text) => text.match(/\n/g)?.length === 2)).toBe(true);
    expect(written.filter((text) => text === "\x1b[2F\x1b[0J")).toHaveLength(3);
    expect(written.at(-1)).toBe("\x1b[2F\x1b[0J");
  });

  it("tells how long the rest takes from how fast it has been, and skips what is finished", () => {
    const secondsLeft = (finished: readonly RowResult[]): number => {
      const { out, written } = listen(true);
      let time = 0;
      const recipe = { ...smokeRecipe, rows: smokeRecipe.rows.slice(0, 3) };
      const display = createDisplay({ ...options, recipe, finished, out, now: () => time });
      time = 10_000;
      const [, sft] = recipe.rows as [unknown, (typeof recipe.rows)[number]];
      const tokens = rowTokens(recipe, sft) / 2;
      display.show({ ...progress(50), tokens });
      return Number(written.join("").match(/about ([\d.]+) s left in all/)?.[1]);
    };
    // Half of the first of two equal rows took ten seconds.
    expect(secondsLeft([row])).toBeCloseTo(30, 5);
  });

  it("writes plain lines now and then elsewhere", () => {
    const { out, written } = listen(false);
    let time = 0;
    const display = createDisplay({ ...options, out, now: () => time });
    for (let step = 1; step <= 50; step++) {
      display.show(progress(step));
      time += 500;
    }
    display.show(attempt);
    display.show(row);
    display.close();
    expect(written).toHaveLength(3);
    expect(written.join("")).not.toContain("\x1b");
    expect(written[0]).toMatch(
      /^smoke · row 1 of 12 · SFT 5e-3 · 21 % · about [\d:]+ left · loss 0\.500\n$/,
    );
    expect(written[2]).toBe(
      `✓ seed 0 ${"Base".padEnd(24)} target  25.0 %  drop   0.0 %  KL 0.000  1:15\n`,
    );
  });
});
