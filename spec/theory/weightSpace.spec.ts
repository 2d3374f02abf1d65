/**
 * Models that are linear in the weights that were trained, such as a head on frozen features:
 * z = W·φ. The logit anchor ((1−α)·W_t + α·W_s)·φ is then one of the models, so T exact steps in
 * logit space are weight interpolation (WiSE-FT) with weight a_T. The probability anchor is in
 * general none of them.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { totalVariation } from "../../src/anchored/objectives/divergences.ts";
import { effectiveWeight, interpolate } from "../../src/anchored/objectives/interpolations.ts";
import { interpolateWeights } from "../../src/anchored/objectives/weights.ts";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { linear } from "../../src/nn/functions.ts";
import { transformer } from "../../src/nn/transformer.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { logSoftmax, max, tanh } from "../../src/tensor/ops.ts";
import * as random from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { type Choice, choices } from "./laws/arbitraries.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: "reference" });
});
afterAll(() => engine.close());

const largest = async (f: () => Tensor): Promise<number> =>
  (await engine.run(() => max(f()))).data[0] as number;

test("T exact steps in logit space are weight interpolation with weight a_T", async () => {
  await fc.assert(
    fc.asyncProperty(choices, async ({ vocabulary, seed, alpha, steps }: Choice) => {
      const [a, b, c] = random.split(random.key(seed), 3) as [random.Key, random.Key, random.Key];
      const features = random.normal(a, [6, 4]);
      const base = { head: random.normal(b, [vocabulary, 4], { std: 3 }) };
      const tuned = { head: random.normal(c, [vocabulary, 4], { std: 3 }) };
      const logits = (params: { head: Tensor }): Tensor => linear(features, params.head);
      const distance = await largest(() => {
        let student = logits(base);
        for (let t = 0; t < steps; t++)
          student = interpolate("logit", alpha)(student, logits(tuned));
        const merged = interpolateWeights(base, tuned, effectiveWeight(alpha, steps));
        return totalVariation(student, logSoftmax(logits(merged)));
      });
      expect(distance).toBeLessThan(1e-9);
    }),
    { numRuns: 1000 },
  );
});

test("so they are for a transformer of which only the head was trained", async () => {
  const model = transformer({
    vocabSize: 7,
    contextLength: 5,
    layers: 1,
    heads: 2,
    width: 8,
    hidden: 8,
  });
  const base = model.init(random.key(1));
  const head = "lm_head.weight";
  const tuned = { ...base, [head]: model.init(random.key(2))[head] as Tensor };
  const tokens = random.integers(random.key(3), [3, 5], 0, 7);
  for (const alpha of [0, 0.1, 0.5, 1]) {
    const distance = await largest(() =>
      totalVariation(
        interpolate("logit", alpha)(model.apply(base, tokens), model.apply(tuned, tokens)),
        logSoftmax(model.apply(interpolateWeights(base, tuned, alpha), tokens)),
      ),
    );
    expect(distance).toBeLessThan(1e-12);
  }
});

test("not in probability space: its anchor is none of the models", async () => {
  // One feature φ, two tokens, log-odds w·φ: at φ = 2 they are twice those at φ = 1.
  const odds = (w: number, feature: number): Tensor => tensor([w * feature, 0]);
  const anchorOdds = async (feature: number): Promise<number> => {
    const { data } = await engine.run(() =>
      interpolate("probability", 0.5)(odds(0, feature), odds(4, feature)),
    );
    return (data[0] as number) - (data[1] as number);
  };
  const [one, two] = [await anchorOdds(1), await anchorOdds(2)];
  expect(one).toBeCloseTo(1.051, 3);
  expect(two).toBeCloseTo(1.098, 3);
});

test("not for models that are curved in their weights", async () => {
  const curved = (w: number): Tensor => tanh(tensor([2 * w, -w]));
  const distance = await largest(() =>
    totalVariation(interpolate("logit", 0.5)(curved(0.1), curved(3)), logSoftmax(curved(1.55))),
  );
  expect(distance).toBeGreaterThan(1e-3);
});
