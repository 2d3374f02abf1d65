import { existsSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRow } from "../../src/experiment/measurements.ts";
import { smokeRecipe } from "../../src/experiment/recipes/smoke.ts";
import { pretrainingName } from "../../src/experiment/row/pretrainingName.ts";
import { madeWith } from "../../src/lab/bases/bases.ts";
import { verdictOf } from "../../src/lab/opening/verdict.ts";
import { inWords, judged } from "../../src/lab/opening/words.ts";
import { recordedRun } from "../../src/lab/recorded/recordedRun.ts";
import { SEED, scenario } from "../../src/lab/recorded/scenario.ts";
import type { Run } from "../../src/lab/runs/run.ts";
import { sampleQuestions } from "../../src/lab/worker/samples.ts";
import { percent } from "../../src/report/format.ts";
import { suiteOf } from "../../src/tasks/study/suite.ts";

/** The recorded run with other scores. */
async function withScores(
  scores: Readonly<
    Record<string, { readonly target: number; readonly kept: number; readonly signOff?: number }>
  >,
): Promise<Run> {
  const run = await recordedRun();
  const measurements = run.measurements.map((m) => {
    const given = isRow(m) ? scores[m.row] : undefined;
    if (!isRow(m)) return m;
    const { target, kept, signOff = 0 } = given ?? { target: 0, kept: 1 };
    const prior = Object.fromEntries(Object.keys(m.prior).map((skill) => [skill, kept]));
    return { ...m, target, signOff, prior };
  });
  return { ...run, measurements };
}

const share = fc.double({ min: 0, max: 1, noNaN: true });

describe("the verdict", () => {
  test("is what the recorded run came to", async () => {
    expect(verdictOf(await recordedRun())).toMatchInlineSnapshot(
      `"Ordinary fine-tuning learned the new task (99 % right) and lost 79 % of the skills; Anchored Learning learned as much and lost 1 % of them. ASFT, which costs less, did as well here; WiSE-FT too, but 43 % of its answers end in stray letters."`,
    );
  });

  test("never says that the student kept more, or learned as much, where it did not", async () => {
    await fc.assert(
      fc.asyncProperty(share, share, share, share, async (a, b, c, d) => {
        const { reference, headline } = scenario;
        const text = verdictOf(
          await withScores({
            [reference]: { target: a, kept: b },
            [headline as string]: { target: c, kept: d },
          }),
        );
        expect(text.includes("learned as much")).toBe(Math.abs(c - a) <= 0.02);
        expect(text.includes("lost as much of them")).toBe(Math.abs(b - d) <= 0.02);
        expect(text).toContain(`lost ${percent(1 - b, 0)} % of the skills`);
      }),
    );
  });

  test("names who did as well for less, and nobody else", async () => {
    const { reference, headline } = scenario;
    const scores = {
      [reference]: { target: 1, kept: 0.2 },
      [headline as string]: { target: 1, kept: 0.97 },
    };
    const others = (asft: number, wise: number, signOff: number) => ({
      "asft-0.1": { target: 1, kept: asft },
      "merge-0.3": { target: 1, kept: wise, signOff },
    });
    const said = async (asft: number, wise: number, signOff = 0): Promise<string> =>
      verdictOf(await withScores({ ...scores, ...others(asft, wise, signOff) }));
    expect(await said(0.99, 0.99)).toMatch(
      /ASFT and WiSE-FT, which cost less, did as well here\.$/,
    );
    expect(await said(0.99, 0.5)).toMatch(/ASFT, which costs less, did as well here\.$/);
    expect(await said(0.5, 0.5)).toMatch(/lost 3 % of them\.$/);
    const stray = "43 % of its answers end in stray letters.";
    expect(await said(0.99, 0.99, 0.43)).toContain(
      `ASFT, which costs less, did as well here; WiSE-FT too, but ${stray}`,
    );
    expect(await said(0.5, 0.99, 0.43)).toContain(
      `WiSE-FT, which costs less, did as well here, but ${stray}`,
    );
  });

  test("says nothing of rows that have not ended", async () => {
    const run = await recordedRun();
    const until = (row: string): Run => ({
      ...run,
      measurements: run.measurements.slice(
        0,
        run.measurements.findIndex((m) => isRow(m) && m.row === row) + 1,
      ),
    });
    expect(verdictOf({ ...run, measurements: [] })).toContain("is being made");
    expect(verdictOf(until("base"))).toBe("Ordinary fine-tuning comes first.");
    expect(verdictOf(until("sft-3e-3"))).toMatch(/The other method is next\.$/);
  });
});

describe("an answer in words", () => {
  const symbol = fc.constantFrom("a", "4", "+", "=");
  test("is right where it is what was expected and nothing else", () => {
    fc.assert(
      fc.property(fc.array(symbol, { minLength: 1 }), fc.array(symbol), (expected, extra) => {
        const { until, words } = judged({ expected, said: [...expected, ...extra, "<eos>"] });
        expect(until).toBe(expected.length);
        expect(words === "right").toBe(extra.length === 0);
        expect(judged({ expected, said: expected }).words).not.toBe("right");
      }),
    );
  });

  test("is asked for by every question of the studies", () => {
    for (const recipe of [scenario, smokeRecipe]) {
      const { vocabulary } = suiteOf(recipe.suite);
      for (const { example } of sampleQuestions(recipe, SEED)) {
        const prompt = vocabulary.decode(example.prompt.slice(1));
        const words = inWords({ prompt });
        expect(words).not.toBe(prompt.join(" "));
        expect(words).not.toMatch(/undefined|\s{2}/);
      }
    }
  });
});

describe("the recording", () => {
  test("is of the study's recipe, from a base that comes with the page", async () => {
    const name = await pretrainingName(scenario, SEED, madeWith);
    expect(existsSync(new URL(`../../src/lab/bases/${name}.safetensors`, import.meta.url))).toBe(
      true,
    );
    const run = await recordedRun();
    expect(run.measurements.filter(isRow).map(({ row }) => row)).toEqual(
      scenario.rows.map(({ id }) => id),
    );
    const { decode } = suiteOf(scenario.suite).vocabulary;
    for (const samples of Object.values(run.samples))
      expect(samples.map(({ prompt }) => prompt)).toEqual(
        sampleQuestions(scenario, SEED).map(({ example }) => decode(example.prompt.slice(1))),
      );
  });
});
