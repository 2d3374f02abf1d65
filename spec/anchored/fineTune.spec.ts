import { beforeAll, describe, expect, test } from "vitest";
import type { SequenceCertificate } from "../../src/anchored/certificates/certifier.ts";
import { type FineTuneStep, fineTune, type OuterMeasurement } from "../../src/anchored/fineTune.ts";
import { type Method, objectives } from "../../src/anchored/objectives/methods.ts";
import type { FineTuneOptions } from "../../src/anchored/options.ts";
import type { Params } from "../../src/nn/config.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import { adamw } from "../../src/optim/adamw.ts";
import { chain } from "../../src/optim/chain.ts";
import { clipByGlobalNorm } from "../../src/optim/clip.ts";
import { applyUpdates, mapTensors, type Optimizer } from "../../src/optim/optimizer.ts";
import { warmupLinear } from "../../src/optim/schedules.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { valueAndGrad } from "../../src/tensor/grad.ts";
import { mul } from "../../src/tensor/ops.ts";
import * as random from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { collate, shuffledBatches } from "../../src/train/batches.ts";
import type { Example } from "../../src/train/examples.ts";
import { testEngine } from "../testEngine.ts";
import {
  collect,
  endOf,
  expectClose,
  lossesOf,
  numbersOf,
  stepsOf,
  tinyAnchored,
  tinyModel,
  tinyStudy,
} from "./tiny.ts";

const engine = await testEngine();
let reference: Params;
beforeAll(async () => {
  reference = (await endOf(fineTune(engine, { ...common, method: "sft", epochs: 6 }))).params;
});

const methods = Object.keys(objectives) as Method[];
const common = tinyStudy;
const { base, data } = tinyStudy;
const anchored = (options: Partial<FineTuneOptions> = {}): FineTuneOptions =>
  tinyAnchored(reference, options);

describe("methods", () => {
  test("sft is gradient descent on the response's cross-entropy", async () => {
    const rate = warmupLinear({ learningRate: 2e-2, steps: 6 });
    const optimizer = chain(
      clipByGlobalNorm(1),
      adamw({ learningRate: rate, b2: 0.98, weightDecay: 0 }) as never,
    );
    const batches = [0, 1].flatMap((epoch) =>
      shuffledBatches(random.fold(common.key, epoch), data.length, 4).map((indices) =>
        collate(indices.map((i) => data[i] as Example)),
      ),
    );
    let [params, state] = [base, optimizer.init(base)];
    const expected: number[] = [];
    for (const { tokens, labels, mask } of batches) {
      const result = await engine.run((): unknown => {
        const loss = (p: Params): Tensor => crossEntropy(tinyModel.apply(p, tokens), labels, mask);
        const [value, grads] = valueAndGrad(loss)(params);
        const [updates, next] = optimizer.update(grads, state, params);
        return [value, applyUpdates(params, updates), next];
      });
      const [value, nextParams, nextState] = result as unknown as [Tensor, Params, typeof state];
      expected.push(value.data[0] as number);
      [params, state] = [nextParams, nextState];
    }
    const all = await collect(fineTune(engine, { ...common, method: "sft", epochs: 2 }));
    expectClose(lossesOf(all), expected);
    const end = all.at(-1) as { params: Params };
    expectClose(await numbersOf(engine, end.params), await numbersOf(engine, params));
  });

  test("distillation is Anchored Learning with alpha 1", async () => {
    const a = await collect(fineTune(engine, anchored({ alpha: 1 })));
    const b = await collect(fineTune(engine, anchored({ method: "distillation" })));
    expect(lossesOf(b)).toEqual(lossesOf(a));
  });

  test("alpha 0 leaves the student where it is", async () => {
    // Adam blows rounding errors up to whole steps where they exceed epsilon.
    const all = await collect(fineTune(engine, anchored({ alpha: 0, epsilon: 1 })));
    for (const loss of lossesOf(all)) expect(Math.abs(loss)).toBeLessThan(1e-9);
    expectClose(
      await numbersOf(engine, (all.at(-1) as { params: Params }).params),
      await numbersOf(engine, base),
      1e-6,
    );
  });

  test.each(methods.filter((method) => !method.startsWith("onPolicy")))(
    "%s learns the responses",
    async (method) => {
      const surprise = async (params: Params): Promise<number> => {
        const { tokens, labels, mask } = collate(data);
        const { data: nats } = await engine.run(() =>
          crossEntropy(tinyModel.apply(params, tokens), labels, mask),
        );
        return nats[0] as number;
      };
      const replayShare = objectives[method].needs.includes("replayShare") ? 0.2 : 0;
      // A fresh model finds no token likely.
      const setting = { ...(/^(threshold|stm)$/.test(method) && { threshold: 0.05 }), method };
      const length = { outer: 1, inner: 8, batchSize: 12, stopToken: 2 };
      const options = anchored({ ...setting, replay: data, replayShare, ...length });
      const { params } = await endOf(fineTune(engine, options));
      expect(await surprise(params)).toBeLessThan(0.9 * (await surprise(base)));
    },
  );

  test("the same key gives the same bits, another key others", async () => {
    const run = async (key: random.Key) =>
      numbersOf(engine, (await endOf(fineTune(engine, anchored({ key })))).params);
    const first = await run(random.key(3));
    expect(await run(random.key(3))).toEqual(first);
    expect(await run(random.key(4))).not.toEqual(first);
  });
});

describe("measurements", () => {
  test("count steps, epochs and outer steps on one schedule", async () => {
    const all = await collect(fineTune(engine, anchored({ readEvery: 4 })));
    expect(all.map((m) => m.kind)).toEqual([
      ...Array(6).fill("step"),
      "outer",
      ...Array(6).fill("step"),
      "outer",
      "end",
    ]);
    expect(stepsOf(all).map((m) => m.step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(stepsOf(all).map((m) => m.epoch)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    expect(stepsOf(all).map((m) => m.outer)).toEqual([...Array(6).fill(0), ...Array(6).fill(1)]);
    const rates = stepsOf(all).map((m) => m.learningRate ?? NaN);
    expectClose(
      rates,
      [1, ...Array.from({ length: 11 }, (_, i) => 1 - i / 11)].map((x) => x * 2e-2),
    );
    const [first] = stepsOf(all) as [FineTuneStep];
    expect(first.steps).toBe(12);
    expect(first.tokens % 4).toBe(0);
    expect(first.responseTokens).toBeGreaterThan(0);
  });

  test("reading losses together changes no number", async () => {
    const one = await collect(fineTune(engine, anchored()));
    expect(lossesOf(await collect(fineTune(engine, anchored({ readEvery: 5 }))))).toEqual(
      lossesOf(one),
    );
  });

  test.each(["logit", "probability", { power: 0.5 }] as const)(
    "every outer step is certified on every response token: %j",
    async (interpolation) => {
      const all = await collect(fineTune(engine, anchored({ interpolation })));
      const certificates = all.flatMap((m) => (m.kind === "outer" ? [m.certificate] : []));
      expect(certificates.length).toBe(2);
      const responseTokens = data.reduce((n, { response }) => n + response.length, 0);
      for (const { tokens, held, mean } of certificates) {
        expect(tokens).toBe(responseTokens);
        expect(held).toBe(tokens);
        expect(mean.stepKl).toBeGreaterThan(0);
        expect(mean.stepKl).toBeLessThanOrEqual(mean.bound + mean.delta + 1e-9);
      }
    },
  );

  test("certificates can be asked for fewer examples, or none", async () => {
    const certificates = async (certified: number) =>
      (await collect(fineTune(engine, anchored({ certified })))).filter((m) => m.kind === "outer");
    const [first] = await certificates(1);
    expect(first?.certificate.tokens).toBe(data[0]?.response.length);
    expect(await certificates(0)).toEqual([]);
  });

  const stepsWith = async (options: Partial<FineTuneOptions>) =>
    (await collect(fineTune(engine, anchored(options)))).filter((m) => m.kind === "outer");

  test.each(["logit", "probability", { power: -0.5 }] as const)(
    "a budget is used up and not exceeded: %j",
    async (interpolation) => {
      const steps = await stepsWith({ alpha: { budget: 0.05 }, interpolation, outer: 3 });
      expect(steps[0]?.alpha).toBeLessThan(0.9);
      for (const { alpha, certificate } of steps) {
        const { anchorKl } = certificate.mean;
        expect(anchorKl).toBeLessThanOrEqual(0.05);
        if (alpha < 1) expect(anchorKl).toBeCloseTo(0.05, 6);
      }
    },
  );

  test("a run with a budget ends after the step that aims at the reference", async () => {
    const steps = await stepsWith({ alpha: { budget: 99 }, outer: 4 });
    expect(steps.map(({ alpha }) => alpha)).toEqual([1]);
    const fixed = await stepsWith({ alpha: 1, outer: 2 });
    expect(fixed.length).toBe(2);
  });

  test("the student's way from the base is bounded too, whatever alpha does", async () => {
    const runs = [
      { alpha: 0.3, outer: 3 },
      { alpha: { budget: 0.05 }, outer: 3 },
      { alpha: 0.3, outer: 3, interpolation: { power: 0.5 } },
    ] as const;
    for (const options of runs) {
      const steps = await stepsWith(options);
      let left = 1;
      for (const { alpha, certificate } of steps) {
        left *= 1 - alpha;
        expect(certificate.cumulative?.weight).toBeCloseTo(1 - left, 12);
        const { measured, bound } = certificate.cumulative as { measured: number; bound: number };
        expect(measured).toBeLessThanOrEqual(bound + 1e-9);
      }
      // The first step is the whole way.
      const { mean, cumulative } = (steps[0] as (typeof steps)[number]).certificate;
      expect(cumulative?.measured).toBeCloseTo(mean.stepKl, 12);
      expect(cumulative?.bound).toBeCloseTo(mean.bound + mean.delta, 12);
    }
    const [merged] = await stepsWith({ method: "anchoredWeights", outer: 1 });
    expect(merged?.certificate.linear).toBe(false);
    expect(merged?.certificate.cumulative).toBeUndefined();
  });

  test("steps are certified over sampled sequences", async () => {
    const steps = await stepsWith({ sequences: 5, stopToken: 2 });
    for (const { certificate } of steps) {
      const { responses, measured, bound, delta } = certificate.sequence as SequenceCertificate;
      expect(responses).toBe(5);
      expect(measured).toBeGreaterThan(0);
      expect(measured).toBeLessThanOrEqual(bound + delta + 1e-9);
    }
    const [onPolicy] = await stepsWith({ method: "onPolicy", stopToken: 2 });
    const { certificate } = onPolicy as OuterMeasurement;
    const { responses, measured } = certificate.sequence as SequenceCertificate;
    expect(responses).toBe(data.length);
    expect(measured * responses).toBeCloseTo(certificate.mean.stepKl * certificate.tokens, 9);
  });
});

test("neither base nor reference is consumed, resident or not", async () => {
  const resident = engine.put(base);
  await collect(fineTune(engine, anchored({ base: resident })));
  await collect(fineTune(engine, anchored({ base: resident, method: "asft" })));
  // Read at last: what has been read lives on the host and could not be consumed.
  expect(await numbersOf(engine, resident)).toEqual(await numbersOf(engine, base));
});

describe("errors", () => {
  const fails = async (
    options: Partial<FineTuneOptions>,
    error: Error | string | typeof DataError,
  ) => expect(collect(fineTune(engine, anchored(options)))).rejects.toThrow(error);

  test("of data", async () => {
    await fails({ data: [] }, new DataError("fineTune: expected examples, got none"));
    await fails(
      { batchSize: 13 },
      new DataError("fineTune: expected at least one batch of 13, got 12 examples"),
    );
    await fails(
      { data: [...data, { prompt: [0], response: [8] }] },
      new DataError("fineTune: expected ids in [0, 8), got 8 in example 12"),
    );
    await fails({ data: [...data, { prompt: [0], response: [] }] }, DataError);
  });

  test("of options", async () => {
    await fails({ alpha: 1.2 }, new RangeError("fineTune: expected 0 ≤ alpha ≤ 1, got 1.2"));
    await fails({ method: "magic" as Method }, "fineTune: expected a method of sft, dft");
    await fails({ outer: 0 }, "fineTune: expected outer to be an integer ≥ 1, got 0");
    await fails({ epochs: 3 }, "fineTune: expected either epochs or outer and inner, got both");
    await fails({ method: "moving", alpha: { budget: 1 } }, "got a budget");
    await fails({ kdRatio: 2 }, new RangeError("fineTune: expected 0 ≤ kdRatio ≤ 1, got 2"));
    await fails({ replayShare: 1 }, "fineTune: expected 0 ≤ replayShare < 1, got 1");
    await fails({ method: "replay" }, "fineTune replay: expected examples, got none");
    const { prefill: _, ...silent } = tinyModel;
    await fails(
      { method: "onPolicy", model: silent },
      "fineTune: expected a model with prefill and decode to sample from",
    );
    const { reference: __, ...without } = anchored();
    await expect(collect(fineTune(engine, without))).rejects.toThrow(
      new TypeError("fineTune: expected a reference for the method anchored, got none"),
    );
  });

  test("updates beyond float32 name the step", async () => {
    // As no learning rate of float32 could be.
    const uphill: Optimizer = {
      init: () => [],
      update: (grads) => [mapTensors((g) => mul(g, 1e200), grads), []],
    };
    const { learningRate: _, ...rest } = tinyStudy;
    const run = fineTune(engine, { ...rest, method: "sft", clip: Infinity, optimizer: uphill });
    await expect(collect(run)).rejects.toThrow(/updates that float32 holds, got .* at step 1/);
  });
});
