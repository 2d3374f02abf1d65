/**
 * Anchored Learning in plain words: what `fineTune` does with everything else taken away, over the
 * public API alone. Slow and obvious: models are looked at anew in every step.
 */
import { expect, test } from "vitest";
import {
  adamw,
  anchored,
  anchoredLoss,
  applyUpdates,
  chain,
  clipByGlobalNorm,
  createEngine,
  type Engine,
  type Example,
  fineTune,
  type Params,
  random,
  schedules,
  valueAndGrad,
} from "../../src/index.ts";
import { at } from "../../src/tensor/shapes.ts";
import { endOf, numbersOf, tinyAnchored, tinyModel, tinyStudy } from "./tiny.ts";

/** What a run is made of: p_base, p_sft, and T outer steps of K inner epochs. */
interface Study {
  readonly base: Params;
  readonly sft: Params;
  readonly data: readonly Example[];
  readonly batchSize: number;
  /** T. */
  readonly outer: number;
  /** K. */
  readonly inner: number;
  readonly alpha: number;
  readonly learningRate: number;
  readonly key: random.Key;
}

/** The student after T outer steps: each freezes an anchor q_t and minimises KL(q_t ‖ p_θ). */
async function anchoredLearning(engine: Engine, study: Study): Promise<Params> {
  const { base, sft, data, batchSize, outer, inner, alpha, learningRate, key } = study;
  const steps = outer * inner * Math.floor(data.length / batchSize);
  const rate = schedules.warmupLinear({ learningRate, steps });
  const adam = adamw({ learningRate: rate, b2: 0.98, weightDecay: 0 });
  const descent = chain(clipByGlobalNorm(1), adam);
  const begin = descent.init(base);
  const step = engine.compile(
    (theta: Params, state: typeof begin, snapshot: Params, { tokens, mask }: anchored.Batch) => {
      const of = (params: Params) => tinyModel.apply(params, tokens); // [B, T, V]
      const fixed = { snapshotLogits: of(snapshot), referenceLogits: of(sft), alpha, mask };
      const loss = (params: Params) => anchoredLoss({ logits: of(params), ...fixed });
      const [, gradient] = valueAndGrad(loss)(theta);
      const [updates, next] = descent.update(gradient, state, theta);
      return [applyUpdates(theta, updates), next] as const;
    },
  );
  let [theta, state] = [base, begin];
  for (let t = 0; t < outer; t++) {
    const snapshot = theta; // tensors are immutable: freezing the snapshot is an assignment
    for (let epoch = t * inner; epoch < (t + 1) * inner; epoch++) {
      const order = random.fold(key, epoch);
      for (const rows of anchored.shuffledBatches(order, data.length, batchSize)) {
        const batch = anchored.collate(rows.map((i) => at(data, i)));
        [theta, state] = await step(theta, state, snapshot, batch);
      }
    }
  }
  return theta;
}

/** How far `fineTune` ends from the plain algorithm, and the plain algorithm from where it began. */
async function distances(engine: Engine): Promise<{ apart: number; gone: number }> {
  const sft = await endOf(fineTune(engine, { ...tinyStudy, method: "sft", epochs: 6 }));
  const study = { outer: 2, inner: 2, alpha: 0.3 };
  const end = await endOf(fineTune(engine, tinyAnchored(sft.params, study)));
  const plain = await anchoredLearning(engine, { ...tinyStudy, ...study, sft: sft.params });
  const [a, b, from] = await Promise.all(
    [end.params, plain, tinyStudy.base].map((params) => numbersOf(engine, params)),
  );
  return { apart: farthest(a, b), gone: farthest(b, from) };
}

function farthest(a: readonly number[] = [], b: readonly number[] = []): number {
  expect(a.length).toBe(b.length);
  return Math.max(...a.map((x, i) => Math.abs(x - at(b, i))));
}

test("fineTune is the plain algorithm", async () => {
  await using engine = await createEngine({ backend: "reference" });
  const { apart, gone } = await distances(engine);
  expect(gone).toBeGreaterThan(0.05);
  expect(apart).toBeLessThan(1e-12);
});

test("and within the rounding of float32 on wasm", async () => {
  await using engine = await createEngine({ backend: "wasm", threads: 1 });
  const { apart, gone } = await distances(engine);
  expect(gone).toBeGreaterThan(0.05);
  expect(apart).toBeLessThan(4e-6);
});
