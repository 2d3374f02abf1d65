import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { alphaFor, effectiveWeight } from "../../../src/anchored/objectives/interpolations.ts";
import { renderAdvice } from "../../../src/cli/diagnose/adviceText.ts";
import { renderAgreement } from "../../../src/cli/diagnose/agreementText.ts";
import { renderDiagnosis } from "../../../src/cli/diagnose/text.ts";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { experiment } from "../../../src/experiment/experiment.ts";
import { adviseSeed } from "../../../src/experiment/look/advice.ts";
import {
  type AdvisedCase,
  adviceAgainst,
  adviceHits,
  chanceOf,
  familyHits,
} from "../../../src/experiment/look/agreement.ts";
import { diagnose } from "../../../src/experiment/look/diagnose.ts";
import {
  type Diagnosis,
  flippedAt,
  separation,
  suggest,
  tokenKinds,
} from "../../../src/experiment/look/diagnosis.ts";
import type { Measurement } from "../../../src/experiment/measurements.ts";
import type { RunDirectory } from "../../../src/experiment/runs/run.ts";
import { agreementOf } from "../../../src/experiment/summary/volumes.ts";
import { recommend } from "../../../src/finetune/diagnosis/recommend.ts";
import { checkpointsInMemory } from "../../../src/weights/store.ts";
import { tinyRecipe } from "../tiny.ts";

const engine: Engine = await createEngine({ backend: "wasm", threads: 1 });
afterAll(() => engine.close());

const thresholds = fc
  .array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 })
  .map((list) => ({ tokens: 40, thresholds: list.sort((a, b) => a - b) }));
const diagnoses: fc.Arbitrary<Diagnosis> = fc.record({
  target: thresholds,
  "sign-off": thresholds,
  prior: thresholds,
});

test("flippedAt counts the thresholds below a weight", () => {
  fc.assert(
    fc.property(thresholds, fc.double({ min: 0, max: 1, noNaN: true }), (flips, weight) => {
      const { thresholds: all } = flips;
      const below = all.filter((a) => a < weight).length;
      expect(flippedAt(flips, weight)).toBe(all.length === 0 ? undefined : below / all.length);
    }),
    { numRuns: 1000 },
  );
});

describe("suggest", () => {
  test("is as good as any weight above 0, up to a hundredth, and lies in its gap", () => {
    // A token that the base cannot decide goes over at any weight, but not at 0.
    const weights = fc.double({ min: 0, minExcluded: true, max: 1, noNaN: true });
    fc.assert(
      fc.property(diagnoses, weights, (diagnosis, other) => {
        const { weight, gap, separation: found, flipped } = suggest(diagnosis);
        expect(found).toBeGreaterThanOrEqual(separation(diagnosis, other) - 0.01 - 1e-12);
        expect(gap[0]).toBeLessThanOrEqual(weight);
        expect(weight).toBeLessThanOrEqual(gap[1]);
        for (const kind of tokenKinds)
          expect(flipped[kind]).toBe(flippedAt(diagnosis[kind], weight));
      }),
      { numRuns: 1000 },
    );
  });

  test("finds the gap between what is latent and what is alien", () => {
    const flips = (...list: number[]) => ({ tokens: 10, thresholds: list });
    const {
      weight,
      gap,
      separation: found,
    } = suggest({
      target: flips(0.1, 0.15, 0.2),
      "sign-off": flips(0.6, 0.7),
      prior: flips(0.8, 0.9),
    });
    expect(gap).toEqual([0.2, 0.6]);
    expect(weight).toBeCloseTo(0.4, 12);
    expect(found).toBe(1);
  });

  test("needs nothing alien", () => {
    const none = { tokens: 10, thresholds: [] };
    const { gap } = suggest({
      target: { tokens: 10, thresholds: [0.3] },
      "sign-off": none,
      prior: none,
    });
    expect(gap).toEqual([0.3, 1]);
  });
});

test("alphaFor is the inverse of effectiveWeight", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }),
      fc.integer({ min: 1, max: 20 }),
      (weight, steps) => {
        expect(effectiveWeight(alphaFor(weight, steps), steps)).toBeCloseTo(weight, 9);
      },
    ),
    { numRuns: 1000 },
  );
});

describe("diagnose", () => {
  const checkpoints = checkpointsInMemory();
  const measured = (async () => {
    const all: Measurement[] = [];
    for await (const m of experiment(engine, tinyRecipe, { seeds: [100], checkpoints }))
      all.push(m);
    return all;
  })();
  const run = async (): Promise<RunDirectory> =>
    ({
      config: { recipe: tinyRecipe, seeds: [100] },
      checkpoints,
      measurements: await measured,
    }) as never;

  test("looks at every response token once, and at every anchored row", async () => {
    const { diagnosis, rows } = await diagnose(engine, await run(), 100);
    const { fineTuning } = tinyRecipe;
    // Three letters and `!`; the sign-off and the stop token.
    expect(diagnosis.target.tokens).toBe(4 * fineTuning.examples);
    expect(diagnosis["sign-off"].tokens).toBe((fineTuning.signOff + 1) * fineTuning.examples);
    for (const kind of tokenKinds) {
      const { thresholds: list, tokens } = diagnosis[kind];
      expect(list.length).toBeLessThanOrEqual(tokens);
      expect(list).toEqual(list.toSorted((a, b) => a - b));
      for (const a of list) {
        expect(a).toBeGreaterThanOrEqual(0);
        expect(a).toBeLessThanOrEqual(1);
      }
    }
    const anchored = tinyRecipe.rows.filter(({ method }) => method === "anchored");
    expect(rows.map(({ row }) => row.id)).toEqual(anchored.map(({ id }) => id));
  });

  test("predicts for a logit row what its thresholds say", async () => {
    const { diagnosis, rows } = await diagnose(engine, await run(), 100);
    for (const { row, weight, kinds } of rows) {
      if (!("alpha" in row) || typeof row.alpha !== "number") throw new Error("expected an alpha");
      expect(weight).toBeCloseTo(effectiveWeight(row.alpha, row.outer ?? 1), 12);
      if ("interpolation" in row && row.interpolation === "probability") continue;
      for (const kind of tokenKinds)
        expect(kinds[kind].predicted).toBe(flippedAt(diagnosis[kind], weight));
    }
  });

  test("finds p_sft in perfect agreement with the anchor of weight 1", async () => {
    const loaded = { load: async () => checkpoints.load(`seed-100/${tinyRecipe.reference}`) };
    const base = checkpoints.load("seed-100/base");
    const own = {
      load: async (name: string) => (name.endsWith("/base") ? base : loaded.load()),
    } as never;
    const { rows } = await diagnose(engine, { ...(await run()), checkpoints: own }, 100);
    const whole = rows.find(({ weight }) => weight === 1);
    for (const kind of tokenKinds) expect(whole?.kinds[kind].agreement).toBe(1);
  });

  test("says it in 80 columns", async () => {
    const text = renderDiagnosis(await diagnose(engine, await run(), 100));
    for (const line of text.split("\n")) expect([...line].length).toBeLessThanOrEqual(80);
    expect(text).toContain("suggested: a_T = ");
    expect(text.split("\n").filter((line) => /^\d\.\d\d–\d\.\d\d/.test(line))).toHaveLength(20);
  });

  test("says whose weights it lacks", async () => {
    const nothing = { ...(await run()), checkpoints: checkpointsInMemory() };
    await expect(diagnose(engine, nothing, 100)).rejects.toThrow(
      "diagnose: expected the weights of base of seed 100, got none",
    );
  });
});

describe("advice", () => {
  /** The tiny model's tasks have few questions. */
  const recipe = { ...tinyRecipe, retain: { plan: 60, audit: 0 } };
  const weights = checkpointsInMemory();
  const run = (async (): Promise<RunDirectory> => {
    const measurements: Measurement[] = [];
    const options = { seeds: [100], checkpoints: weights };
    for await (const m of experiment(engine, recipe, options)) measurements.push(m);
    return { config: { recipe, seeds: [100] }, checkpoints: weights, measurements } as never;
  })();

  test("knows a seed's base, its p_sft and gentler ones, and prints in 80 columns", async () => {
    const found = await adviseSeed(engine, await run, 100);
    const { features, advice } = found;
    expect(features.sft.map(({ rate }) => rate)).toEqual([1, expect.closeTo(0.1, 9)]);
    expect(features).toMatchObject({ unit: "answers", units: 60, retained: "rows" });
    expect(advice).toEqual(recommend(features, { epochs: 2 }));
    const own = await adviseSeed(engine, await run, 100, { retained: "texts" });
    expect(own.features).toEqual({ ...features, retained: "texts" });
    const text = renderAdvice(found);
    for (const line of text.split("\n")) expect([...line].length).toBeLessThanOrEqual(80);
    expect(text).toContain(`Recommended: method ${advice.settings["method"]}`);
  });

  test("is compared with what the families came to", async () => {
    const found = await adviceAgainst(engine, await run, 100);
    if (!found) throw new Error("expected finished families");
    const { rows, texts } = found.cases;
    expect(rows.volumes.map(({ family }) => family)).toEqual(texts.volumes.map((v) => v.family));
    expect(rows.volumes).toContainEqual({ family: "asft", volume: expect.any(Number) });
    const text = renderAgreement([found]);
    for (const line of text.split("\n")) expect([...line].length).toBeLessThanOrEqual(80);
    expect(text).toContain("a family by chance");
    const part = found.cases.rows.volumes.length - 1;
    const without = (await run).measurements.filter(
      (m) => m.kind !== "row" || m.row !== "asft-0.1",
    );
    const fewer = await adviceAgainst(engine, { ...(await run), measurements: without }, 100);
    expect(fewer?.cases.rows).toMatchObject({ isWhole: false, agreement: undefined });
    expect(renderAgreement(fewer ? [fewer] : [])).toMatch(/a family by chance +–\n/);
    expect(fewer?.cases.rows.volumes).toHaveLength(part);
    const empty = { ...(await run), measurements: [] };
    expect(await adviceAgainst(engine, empty, 100)).toBeUndefined();
  });

  test("counts hits of what was recommended, of one family, and of chance", () => {
    const volumes = [
      { family: "asft", volume: 1 },
      { family: "sft", volume: 0.5 },
    ];
    const of = (family: "asft" | "sft" | "replay"): AdvisedCase => ({
      ...{ advice: { family } as never, volumes, isWhole: true },
      agreement: agreementOf(family, volumes),
    });
    const part: AdvisedCase = { ...of("asft"), isWhole: false, agreement: undefined };
    const cases = [of("asft"), of("sft"), of("replay"), part];
    expect(adviceHits(cases)).toEqual({ cases: 2, near: 1 });
    expect(familyHits("asft", cases)).toEqual({ cases: 3, near: 3 });
    expect(chanceOf(cases)).toBe(0.5);
  });

  test("says whose weights it lacks", async () => {
    const nothing = { ...(await run), checkpoints: checkpointsInMemory() };
    await expect(adviseSeed(engine, nothing, 100)).rejects.toThrow(
      "advice: expected the weights of base of seed 100, got none",
    );
  });
});
