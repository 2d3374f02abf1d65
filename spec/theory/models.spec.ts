/**
 * The certificate at the level of models: whatever transformers a step starts from, refers to and
 * ends at, it holds on every token; and so it does during a real training run, for the logits of
 * float32 engines too, when it is evaluated in float64.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { certificate } from "../../src/anchored/certificates/certificate.ts";
import { checkCertificate, type Verdict } from "../../src/anchored/certificates/verdict.ts";
import { fineTune } from "../../src/anchored/fineTune.ts";
import type { Interpolation } from "../../src/anchored/objectives/interpolations.ts";
import { tinyConfigs, weights } from "../../src/arbitraries/index.ts";
import { type Backend, createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { transformer } from "../../src/nn/transformer.ts";
import { mul } from "../../src/tensor/ops.ts";
import * as random from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { targetsOf } from "../../src/train/examples.ts";
import { collect, endOf, reversals, tinyModel } from "../anchored/tiny.ts";

describe.each<readonly [Backend, number]>([
  ["reference", 1000],
  // Whose logits float64 judges as it does any others.
  ["wasm", 200],
])("%s", (backend, numRuns) => {
  let engine: Engine;
  let float64: Engine;
  beforeAll(async () => {
    engine = await createEngine({ backend, threads: 1 });
    float64 = await createEngine({ backend: "reference" });
  });
  afterAll(async () => {
    await engine.close();
    await float64.close();
  });

  test("between any three transformers, on every token of any batch", async () => {
    await fc.assert(
      fc.asyncProperty(
        tinyConfigs,
        weights,
        fc.constantFrom<Interpolation>("logit", "probability", { power: 0.5 }),
        fc.nat(2 ** 31 - 1),
        fc.double({ min: 0.1, max: 20, noNaN: true }),
        async (config, alpha, interpolation, seed, sharpness) => {
          const model = transformer(config);
          const key = (n: number): random.Key => random.fold(random.key(seed), n);
          const tokens = random.integers(key(0), [2, 6], 0, config.vocabSize);
          // Fresh models are nearly uniform; a sharper head makes them sure of themselves.
          const logits = (n: number): Tensor =>
            mul(model.apply(model.init(key(n)), tokens), sharpness);
          const read = await engine.run(() => ({
            snapshotLogits: logits(1),
            referenceLogits: logits(2),
            nextLogits: logits(3),
          }));
          const values = await float64.run(() => certificate({ ...read, alpha, interpolation }));
          const { tokens: count, held } = checkCertificate(values);
          expect(count).toBe(12);
          expect(held).toBe(count);
        },
      ),
      { numRuns },
    );
  });

  test.each(["logit", "probability"] as const)(
    "at every outer step of a training run (%s)",
    async (interpolation) => {
      const base = tinyModel.init(random.key(1));
      const data = reversals(24, random.key(2));
      const common = { model: tinyModel, base, data, batchSize: 8, learningRate: 2e-2 };
      const sft = await endOf(
        fineTune(engine, { ...common, method: "sft", epochs: 8, key: random.key(3) }),
      );
      const run = await collect(
        fineTune(engine, {
          ...common,
          method: "anchored",
          reference: sft.params,
          interpolation,
          alpha: 0.3,
          outer: 4,
          inner: 3,
          key: random.key(4),
        }),
      );
      const certificates = run.flatMap((m) => (m.kind === "outer" ? [m.certificate] : []));
      expect(certificates.length).toBe(4);
      const responseTokens = data.reduce((n, example) => n + targetsOf(example), 0);
      for (const { tokens, held } of certificates) {
        expect(tokens).toBe(responseTokens);
        expect(held).toBe(tokens);
      }
      // The next step starts where the last ended: its distance to the reference has shrunk.
      const distances = certificates.map(({ mean }: Verdict) => mean.referenceKl);
      expect(distances).toEqual(distances.toSorted((a, b) => b - a));
    },
  );
});
