import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { effectiveWeight } from "../../../src/anchored/objectives/interpolations.ts";
import type { CheckpointDiagnosis } from "../../../src/finetune/diagnose.ts";
import { featuresOf } from "../../../src/finetune/diagnosis/features.ts";
import { advisedFamilies, recommend } from "../../../src/finetune/diagnosis/recommend.ts";
import type { TokenSet } from "../../../src/finetune/diagnosis/tokenSet.ts";
import { completeRecipe } from "../../../src/finetune/recipe.ts";

const ANSWERS = 200;

/** Thresholds `most` of which are below one, as many as there are answers. */
const set = (options: Partial<TokenSet>): TokenSet => ({
  ...{ examples: ANSWERS, tokens: 1000, kinds: { known: 900, latent: 50, rare: 50, alien: 0 } },
  ...{ baseLoss: 2, sftLoss: 1, adopted: { latent: [], rare: [] }, strayed: [] },
  ...{ flipped: [], firstFlipped: [], divergence: Array.from({ length: 41 }, () => 0) },
  ...options,
});
const times = (count: number, threshold: number): number[] => Array(count).fill(threshold);

interface Case {
  readonly latent?: readonly number[];
  readonly rare?: readonly number[];
  /** Least thresholds of the retained answers that change at all. */
  readonly lost?: readonly number[];
}
const found = ({ latent = [], rare = [], lost = [] }: Case): CheckpointDiagnosis => ({
  data: set({ adopted: { latent, rare } }),
  retain: set({ flipped: lost, firstFlipped: lost }),
});
const hurt = times(100, 0.8);

describe("recommend", () => {
  test.each([
    ["nothing to teach", {}, "sft", "nothing learnt"],
    ["SFT does no harm", { latent: times(50, 0.2), lost: [0.9] }, "sft", "harmless"],
    [
      "wanted is rare",
      { latent: times(50, 0.2), rare: times(5, 0.7), lost: hurt },
      "replay",
      "rare",
    ],
    [
      "wanted is likely",
      { latent: times(50, 0.2), rare: times(2, 0.7), lost: hurt },
      "asft",
      "likely",
    ],
    ["wanted is latent", { latent: times(50, 0.45), lost: hurt }, "anchored", "within reach"],
    [
      "and comes with losses",
      { latent: times(50, 0.45), lost: times(100, 0.4) },
      "replay",
      "costly",
    ],
  ])("where %s", (_, diagnosis: Case, family, reason) => {
    expect(recommend(featuresOf(found(diagnosis)))).toMatchObject({ family, reason });
  });

  test("pulls the weights back where there are no rows to replay", () => {
    const features = featuresOf(found({ rare: times(50, 0.7), lost: hurt }), { retained: "texts" });
    expect(recommend(features)).toMatchObject({
      family: "l2sp",
      settings: { method: "l2sp" },
    });
  });

  test("takes the word of who knows that the rare is not wanted", () => {
    const diagnosis = found({ latent: times(50, 0.2), rare: times(50, 0.7), lost: hurt });
    expect(recommend(featuresOf(diagnosis)).family).toBe("replay");
    expect(recommend(featuresOf(diagnosis, { unwanted: 0.9 })).family).toBe("replay");
    expect(recommend(featuresOf(diagnosis, { unwanted: 1 })).family).toBe("asft");
    expect(recommend(featuresOf(diagnosis, { adopt: 0.5 })).family).toBe("asft");
  });

  test("prefers the largest harmless rate of plain SFT", () => {
    const diagnosis = found({ latent: times(50, 0.2), lost: hurt });
    const third = { rate: 1 / 3, diagnosis: found({ latent: times(50, 0.3), lost: [0.9] }) };
    const ninth = { rate: 1 / 9, diagnosis: found({ latent: times(50, 0.4) }) };
    const advised = (gentler: readonly (typeof third)[]) =>
      recommend(featuresOf(diagnosis, { gentler }));
    expect(advised([ninth, third])).toMatchObject({ family: "sft", rate: 1 / 3, cost: 1 });
    expect(advised([ninth])).toMatchObject({ family: "sft", rate: 1 / 9 });
    // One that learns nine tenths is not harmless, and leaves the others at the whole rate.
    const lazy = { rate: 1 / 3, diagnosis: found({ latent: times(45, 0.4) }) };
    expect(advised([lazy])).toMatchObject({ family: "asft", rate: 1 });
    expect(advised([])).toMatchObject({ family: "asft", rate: 1 / 3 });
  });

  test("cannot see on few answers that SFT does no harm", () => {
    const retain = { ...set({}), examples: 98 };
    const of = (examples: number) =>
      recommend(
        featuresOf({ ...found({ latent: times(50, 0.2) }), retain: { ...retain, examples } }),
      ).family;
    expect([of(98), of(99)]).toEqual(["asft", "sft"]);
  });

  test("counts tokens where answers are long, and certifies nothing then", () => {
    const data = set({ adopted: { latent: times(50, 0.45), rare: [] } });
    // More than one token in twenty changes early, and so does every answer.
    const retain = set({
      ...{ examples: 50, flipped: times(51, 0.1), firstFlipped: times(50, 0.1) },
    });
    const long = featuresOf({ data, retain });
    expect(long).toMatchObject({ unit: "tokens", units: 1000 });
    expect(long.limit).toEqual({ weight: 0.1, isCertified: false });
    expect(recommend(long).family).toBe("replay");
    const fewer = featuresOf({ data, retain: { ...retain, flipped: times(50, 0.1) } });
    expect(fewer.limit).toEqual({ weight: 1, isCertified: false });
    expect(recommend(fewer).family).toBe("anchored");
  });

  test("tells a rate that is too large from one that is too small", () => {
    const at = (sftLoss: number) =>
      recommend(featuresOf({ data: set({ sftLoss }), retain: set({}) })).rate;
    expect(at(1.9)).toBeGreaterThan(1);
    expect(at(2.1)).toBeLessThan(1);
  });

  const thresholds = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 });
  const ascending = thresholds.map((xs) => xs.toSorted((a, b) => a - b));
  const epochs = fc.integer({ min: 1, max: 20 });

  test("is a family of the study, in settings that finetune takes", () => {
    fc.assert(
      fc.property(ascending, ascending, ascending, epochs, (latent, rare, lost, epochs) => {
        const features = featuresOf(found({ latent, rare, lost }));
        const advice = recommend(features, { epochs });
        expect(advisedFamilies).toContain(advice.family);
        expect(advice.cost).toBeGreaterThanOrEqual(1);
        const given = { model: "m", data: "d", retain: "r", learningRate: 1e-4 };
        const recipe = completeRecipe({ ...given, ...advice.settings });
        expect(recipe).toMatchObject(advice.settings);
        const { weight = 0, limit } = features;
        if (advice.family !== "anchored") return;
        // Enough to adopt what is wanted, and no more than is certified, but for two decimals of α.
        const total = effectiveWeight(recipe.alpha, recipe.outer);
        expect(total).toBeGreaterThanOrEqual(weight);
        expect(total).toBeLessThanOrEqual(Math.max(weight, limit.weight) + 0.02);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    [() => featuresOf(found({}), { adopt: 0 }), "expected a share in (0, 1], got 0"],
    [() => featuresOf(found({}), { unwanted: 2 }), "expected unwanted in [0, 1], got 2"],
    [() => featuresOf(found({}), { risk: { risk: 0 } }), "expected risk in (0, 1), got 0"],
    [() => recommend(featuresOf(found({})), { epochs: 0 }), "positive integer of epochs, got 0"],
    [() => recommend({ ...featuresOf(found({})), sft: [] }), "expected an index below 0"],
  ])("refuses what cannot be %#", (ask, message) => {
    expect(ask).toThrow(RangeError);
    expect(ask).toThrow(message);
  });
});
