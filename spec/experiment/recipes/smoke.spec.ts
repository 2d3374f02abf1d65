import { afterAll, describe, expect, it } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { experiment } from "../../../src/experiment/experiment.ts";
import type { Measurement } from "../../../src/experiment/measurements.ts";
import { smokeRecipe } from "../../../src/experiment/recipes/smoke.ts";
import { type RowSummary, summarize } from "../../../src/experiment/summary/summary.ts";

const engine: Engine = await createEngine({ backend: "wasm", threads: 1 });
afterAll(() => engine.close());

const { reference, headline } = smokeRecipe;
const recipe = {
  ...smokeRecipe,
  rows: smokeRecipe.rows.filter(({ id }) => ["base", reference, headline].includes(id)),
};

const seeds = [0, 1, 2];
const measurements: Measurement[] = [];
for await (const m of experiment(engine, recipe, { seeds })) measurements.push(m);

const rowsOf = (
  seed?: number,
): readonly [base: RowSummary, sft: RowSummary, anchored: RowSummary] => {
  const chosen = measurements.filter((m) => seed === undefined || m.seed === seed);
  return summarize(recipe, chosen) as unknown as [RowSummary, RowSummary, RowSummary];
};

// The study's claim in small: bounds with a margin below what was measured on many seeds.
describe.each(seeds)("the smoke study, seed %i", (seed) => {
  const [base, sft, anchored] = rowsOf(seed);

  it("starts from a base that has the skills and does not show the target", () => {
    for (const skill of Object.values(base.prior)) expect(skill.mean).toBeGreaterThan(0.95);
    expect(base.target.mean).toBeLessThan(0.05);
  });

  it("learns the target both ways", () => {
    expect(sft.target.mean).toBeGreaterThanOrEqual(0.95);
    expect(anchored.target.mean).toBeGreaterThanOrEqual(0.95);
  });

  it("forgets by fine-tuning what Anchored Learning keeps", () => {
    expect(sft.drop.mean).toBeGreaterThanOrEqual(0.3);
    expect(anchored.drop.mean).toBeLessThanOrEqual(0.15);
    expect(sft.drop.mean - anchored.drop.mean).toBeGreaterThanOrEqual(0.3);
  });

  it("takes the sign-off over by fine-tuning only", () => {
    expect(sft.signOff.mean).toBeGreaterThan(0.9);
    expect(anchored.signOff.mean).toBeLessThan(0.1);
  });

  it("holds every certificate", () => {
    expect(anchored.steps).toMatchObject({ steps: 5, broken: 0 });
    expect(anchored.steps?.exactOfBound).toBeLessThan(1);
  });
});

describe("the smoke study over three seeds", () => {
  it("keeps the means apart", () => {
    const [, sft, anchored] = rowsOf();
    expect(sft.drop.mean).toBeGreaterThanOrEqual(0.45);
    expect(anchored.drop.mean).toBeLessThanOrEqual(0.08);
  });
});
