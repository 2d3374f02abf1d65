import { describe, expect, it } from "vitest";
import { objectives } from "../../../src/anchored/objectives/methods.ts";
import { ablations, studyRecipe } from "../../../src/experiment/recipes/study.ts";

describe("the study's grid", () => {
  it("has every method, and no more than twice as many settings for one as for another", () => {
    const { rows } = studyRecipe;
    const missing = Object.keys(objectives).filter((m) => !rows.some(({ method }) => method === m));
    expect(missing).toEqual([]);
    expect(rows.length).toBeLessThanOrEqual(62);
    const tuned = rows.filter(({ family }) => !["base", "paper", "sft"].includes(family));
    const families = [...new Set(tuned.map(({ family }) => family))];
    const sizes = families.map((name) => tuned.filter(({ family }) => family === name).length);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4);
  });

  it("gives every row ten epochs, but those that stop early and the paper's", () => {
    for (const { family, id, ...row } of studyRecipe.rows) {
      if (row.method === "base" || row.method === "merge" || family === "paper") continue;
      const { epochs = 10, outer = 1, inner = epochs } = row;
      expect(outer * inner, id).toBeLessThanOrEqual(10);
      if (family !== "sft") expect(outer * inner, id).toBe(10);
    }
  });
});

describe("the ablations", () => {
  it("differ from the study in their condition and in the number of their rows", () => {
    expect(ablations.map(({ name }) => name)).toEqual([
      "study-no-sign-off",
      "study-unseen",
      "study-label-noise",
    ]);
    for (const { rows, reference, headline } of ablations) {
      expect(rows.length).toBe(19);
      expect(rows.map(({ id }) => id)).toContain(reference);
      expect(rows.map(({ id }) => id)).toContain(headline);
    }
    const [signOff, unseen, noise] = ablations;
    expect(signOff?.fineTuning.signOff).toBe(0);
    expect(unseen?.pretraining.latent).toBe(0);
    expect(noise?.fineTuning.labelNoise).toBe(0.3);
  });
});
