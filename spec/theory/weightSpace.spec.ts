/**
 * Models that are linear in the weights that were trained, such as a head on frozen features:
 * z = W·φ. The logit anchor ((1−α)·W_t + α·W_s)·φ is then one of the models, so T exact steps in
 * logit space are weight interpolation (WiSE-FT) with weight a_T. The probability anchor is in
 * general none of them.
 */
import { describe, expect, test } from "vitest";
import { fineTune } from "../../src/anchored/fineTune.ts";
import { kl, totalVariation } from "../../src/anchored/objectives/divergences.ts";
import { interpolate } from "../../src/anchored/objectives/interpolations.ts";
import { klToStudent } from "../../src/anchored/objectives/losses.ts";
import { interpolateWeights, squaredDistance } from "../../src/anchored/objectives/weights.ts";
import { createEngine } from "../../src/engines/create.ts";
import type { Params } from "../../src/nn/config.ts";
import { tokenCrossEntropy } from "../../src/nn/losses.ts";
import { transformer } from "../../src/nn/transformer.ts";
import { adamw } from "../../src/optim/adamw.ts";
import { mapTensors, type Optimizer, type TensorTree } from "../../src/optim/optimizer.ts";
import { constant, full, ids, tensor } from "../../src/tensor/apply.ts";
import { grad } from "../../src/tensor/grad.ts";
import {
  abs,
  add,
  broadcastTo,
  concat,
  logSoftmax,
  matmul,
  max,
  mean,
  mul,
  reshape,
  slice,
  sub,
  sum,
  tanh,
} from "../../src/tensor/ops.ts";
import * as random from "../../src/tensor/random.ts";
import { at } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { endOf, tinyModel, tinyStudy } from "../anchored/tiny.ts";
import { testEngine } from "../testEngine.ts";
import { testLaws } from "./laws/laws.ts";
import { linearLaws } from "./laws/linear.ts";

const engine = await testEngine();

const largest = async (f: () => Tensor): Promise<number> =>
  (await engine.run(() => max(f()))).data[0] as number;

describe("between two models' weights", () => {
  testLaws(() => engine, linearLaws);
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

test("of a transformer that was fine-tuned the bound of curved models says nothing", async () => {
  const { base } = tinyStudy;
  const { params: tuned } = await endOf(
    fineTune(engine, { ...tinyStudy, method: "sft", epochs: 8 }),
  );
  const tokens = ids([[0, 4, 5, 1]]);
  const { vocabSize: V } = tinyModel.config;
  const lastLogits = (params: Params): Tensor =>
    reshape(slice(tinyModel.apply(params, tokens), [0, 3, 0], [1, 1, V]), [V]);
  const slopes = [0, 0.5, 1].flatMap((weight) =>
    Array.from({ length: V }, (_, v) => {
      const gradient = grad((params: Params) => sum(slice(lastLogits(params), [v], [1])));
      const between = interpolateWeights(base, tuned, weight);
      return squaredDistance(
        gradient(between),
        mapTensors((x) => full(x.shape, 0), base),
      );
    }),
  );
  const [reached, moved, ...squares] = await engine.run(() => [
    kl(logSoftmax(lastLogits(base)), logSoftmax(lastLogits(tuned))),
    squaredDistance(tuned, base),
    ...slopes,
  ]);
  const number = (x: Tensor | undefined): number => at(x?.data ?? [], 0);
  const bound = (Math.max(...squares.map(number)) * number(moved)) / 2;
  expect(number(reached)).toBeGreaterThan(0.1);
  expect(number(reached)).toBeLessThan(bound);
  expect(bound).toBeGreaterThan(10 * Math.log(V));
});

test("not law 1 of anchors of weights: between two models that say the same lies one that does not", async () => {
  const logits = (w: number): Tensor => tensor([10 * Math.sin(w), 0]);
  const params = (w: number) => ({ w: tensor([w]) });
  const [between, divergences] = await engine.run(() => {
    const middle = interpolateWeights(params(0), params(Math.PI), 0.5).w;
    const [p, s] = [logits(0), logits(Math.PI)].map(logSoftmax) as [Tensor, Tensor];
    const q = logSoftmax(logits(Math.PI / 2));
    return [
      middle,
      concat(
        [kl(p, q), kl(p, s)].map((x) => reshape(x, [1])),
        0,
      ),
    ] as const;
  });
  expect(between.data[0]).toBeCloseTo(Math.PI / 2, 12);
  expect(at(divergences.data, 0)).toBeCloseTo(4.307, 3);
  expect(at(divergences.data, 1)).toBeLessThan(1e-12);
});

/** Features of training tokens, fewer than their dimensions, and of other prompts, in B problems side by side. */
const SIZES = { B: 1000, n: 3, m: 4, d: 8, V: 4 } as const;
const T = 2;

/** Models W·φ that are linear in what is trained: SFT for a while, then T outer steps with frozen anchors. */
function problems(seed: number) {
  const { B, n, m, d, V } = SIZES;
  const keys = random.split(random.key(seed), 5);
  const draw = random.stream(at(keys, 4));
  const weights = Float64Array.from({ length: B }, () => 0.1 + 0.8 * draw());
  return {
    // Far enough from each other that descent ends in good time.
    features: add(
      broadcastTo(
        constant(
          Float64Array.from({ length: n * d }, (_, i) => (i % (d + 1) ? 0 : 1)),
          [1, n, d],
        ),
        [B, n, d],
      ),
      random.normal(at(keys, 0), [B, n, d], { std: 0.2 }),
    ),
    others: random.normal(at(keys, 1), [B, m, d], { std: 1 / Math.sqrt(d) }),
    base: random.normal(at(keys, 2), [B, d, V], { std: 0.5 }),
    labels: random.integers(at(keys, 3), [B, n], 0, V),
    alpha: constant(weights, [B, 1, 1]),
  };
}

/**
 * @returns of each problem the largest |z_T − z_0 − a_T·(z_s − z_0) − const| at training tokens and at other
 *   prompts, and the largest |z_s − z_0 − const| at those: what there is to be off by
 */
async function offBy(seed: number, optimizer: Optimizer, steps: number): Promise<number[][]> {
  // Float32 is a thousand times closer than what is claimed.
  await using engine = await createEngine({ backend: "wasm", threads: 1 });
  const { features, others, base, labels, alpha } = problems(seed);
  const logits = (W: Tensor, at: Tensor = features): Tensor => matmul(at, W);
  // A sum over problems: each is trained as it would be alone.
  const stepOf = (loss: (W: Tensor, target: Tensor) => Tensor) =>
    engine.compile((W: Tensor, state: TensorTree, target: Tensor) => {
      const gradient = grad((x: Tensor) => loss(x, target))(W);
      const [update, next] = optimizer.update(gradient, state, W);
      return [add(W, update), next] as const;
    });
  const learn = stepOf((W) => sum(tokenCrossEntropy(logits(W), labels)));
  const follow = stepOf((W, target) => sum(klToStudent(target, logits(W))));
  const run = async (from: Tensor, step: typeof learn, target: Tensor, count: number) => {
    let now: readonly [Tensor, TensorTree] = [from, optimizer.init(from)];
    for (let t = 0; t < count; t++) now = await step(now[0], now[1], target);
    return now[0];
  };
  const tuned = await run(base, learn, tensor([0]), 3);
  let student: Tensor = base;
  for (let t = 0; t < T; t++) {
    const from = student;
    const target = await engine.run(() => {
      const [p, s] = [logits(from), logits(tuned)];
      return logSoftmax(add(p, mul(broadcastTo(alpha, p.shape), sub(s, p))));
    });
    student = await run(student, follow, target, steps);
  }
  const end = student;
  const found = await engine.run(() => {
    const left = sub(1, alpha);
    const weight = sub(1, mul(left, left)); // a_T of two steps
    const largestIn = (x: Tensor): Tensor => {
      const centred = sub(x, broadcastTo(mean(x, { axis: -1, keepAxes: true }), x.shape));
      return max(reshape(abs(centred), [SIZES.B, -1]), { axis: 1 });
    };
    const off = (at: Tensor): Tensor => {
      const [from, to] = [logits(base, at), logits(tuned, at)];
      return largestIn(
        sub(sub(logits(end, at), from), mul(broadcastTo(weight, from.shape), sub(to, from))),
      );
    };
    return [
      off(features),
      off(others),
      largestIn(sub(logits(tuned, others), logits(base, others))),
    ];
  });
  return found.map(({ data }) => [...data]);
}

/** Gradient descent with momentum, whose way lies in the span of the gradients. */
const descent: Optimizer = {
  init: (params) => params && (mapTensors((x) => full(x.shape, 0), params) as TensorTree),
  update: (grads, state, params) => {
    type Params = typeof params;
    const speed = mapTensors((v, g) => sub(mul(v, 0.9), mul(g, 0.5)), state as Params, grads);
    return [speed, speed as TensorTree];
  },
};

const worst = (off: readonly number[] = [], whole: readonly number[] = []): number =>
  Math.max(...off.map((x, i) => x / Math.max(1e-3, at(whole, i))));

test("so are outer steps that gradient descent has ended, at every prompt, for models linear in what is trained", async () => {
  const [near, far, whole] = await offBy(1, descent, 1000);
  expect(worst(near, whole)).toBeLessThan(1e-3);
  expect(worst(far, whole)).toBeLessThan(1e-3);
  expect(Math.min(...(whole ?? []))).toBeGreaterThan(0.01);
});

test("not with AdamW: it fits the anchor as well, and leaves the line at other prompts", async () => {
  const adam = adamw({ learningRate: 0.02, weightDecay: 0 });
  const [near, far, whole] = await offBy(1, adam as Optimizer, 400);
  const median = (xs: readonly number[]): number =>
    at(
      [...xs].sort((a, b) => a - b),
      xs.length >> 1,
    );
  expect(median((near ?? []).map((x, i) => x / at(whole ?? [], i)))).toBeLessThan(1e-2);
  expect(median((far ?? []).map((x, i) => x / at(whole ?? [], i)))).toBeGreaterThan(0.1);
});
