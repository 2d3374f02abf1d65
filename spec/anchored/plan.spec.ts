import { describe, expect, test } from "vitest";
import { fineTune } from "../../src/anchored/fineTune.ts";
import { heeds, type MethodsOwn } from "../../src/anchored/objectives/kinds.ts";
import { type Method, objectives } from "../../src/anchored/objectives/methods.ts";
import { defaults, type FineTuneOptions } from "../../src/anchored/options.ts";
import { planFineTune } from "../../src/anchored/plan.ts";
import { maskedMean, tokenCrossEntropy } from "../../src/nn/losses.ts";
import { adamw, decaysMatrices } from "../../src/optim/adamw.ts";
import type { Optimizer } from "../../src/optim/optimizer.ts";
import { mapTensors } from "../../src/optim/optimizer.ts";
import { constant, warmupLinear } from "../../src/optim/schedules.ts";
import { add, logSoftmax, mean, mul, neg } from "../../src/tensor/ops.ts";
import { at } from "../../src/tensor/shapes.ts";
import { collate } from "../../src/train/batches.ts";
import { testEngine } from "../testEngine.ts";
import {
  collect,
  endOf,
  lossesOf,
  numbersOf,
  stepsOf,
  tinyAnchored,
  tinyModel,
  tinyStudy,
} from "./tiny.ts";

const engine = await testEngine();

const { learningRate, ...study } = tinyStudy;
const sft = (options: Partial<FineTuneOptions>): FineTuneOptions => ({
  ...{ ...study, method: "sft", epochs: 2 },
  ...options,
});
const run = async (options: Partial<FineTuneOptions>) => collect(fineTune(engine, sft(options)));

/** Plain gradient descent. */
const descent = (rate: number): Optimizer => ({
  init: () => [],
  update: (grads) => [mapTensors((g) => mul(g, -rate), grads), []],
});

describe("the optimizer of fineTune", () => {
  test("is AdamW, as one that is given", async () => {
    const rate = warmupLinear({ learningRate, steps: 6 });
    const own = adamw({ learningRate: rate, b2: 0.98, weightDecay: 0 });
    const given = await run({ optimizer: own as unknown as Optimizer });
    expect(lossesOf(given)).toEqual(lossesOf(await run({ learningRate })));
  });

  test("may be any; the rate is then its own", async () => {
    const all = await run({ optimizer: descent(0.5) });
    const losses = lossesOf(all);
    expect(losses.at(-1)).toBeLessThan(0.9 * (losses[0] ?? NaN));
    expect(stepsOf(all).map((m) => m.learningRate)).toEqual(Array(6).fill(undefined));
  });

  test("follows a schedule that is given", async () => {
    const all = await run({ schedule: constant(1e-3) });
    expect(stepsOf(all).map((m) => m.learningRate)).toEqual(Array(6).fill(1e-3));
    const named = await run({ learningRate: 1e-3, decay: "constant", warmup: 0 });
    expect(lossesOf(all)).toEqual(lossesOf(named));
  });

  test("decays what it is told to, and nothing else", async () => {
    const still = { schedule: constant(0.1), epsilon: 1e30, weightDecay: 0.5, epochs: 1 };
    const end = await endOf(fineTune(engine, sft({ ...still, decays: decaysMatrices })));
    for (const [name, param] of Object.entries(study.base)) {
      const [before, after] = await Promise.all(
        [param, end.params[name] ?? param].map((x) => numbersOf(engine, { x })),
      );
      // Three steps, each of which takes 5 % away.
      const left = param.shape.length === 1 ? 1 : 0.95 ** 3;
      before?.forEach((x, i) => {
        expect(Math.abs((after?.[i] ?? NaN) - left * x)).toBeLessThan(1e-12);
      });
    }
  });
});

describe("planFineTune refuses", () => {
  const refuses = (options: object, message: string) =>
    expect(() => planFineTune(sft({ learningRate, ...options }))).toThrow(message);

  test("options that it does not know", () => {
    refuses({ alhpa: 0.5 }, "fineTune: expected options of model, base");
    refuses({ alhpa: 0.5 }, "got alhpa");
    const anchored = { method: "anchored", reference: study.base };
    refuses(
      { ...anchored, alpha: { budgte: 1 } },
      "fineTune alpha: expected options of budget, got budgte",
    );
    expect(() => adamw({ learningRate, weightdecay: 0 } as never)).toThrow(
      "adamw: expected options of learningRate, b1, b2, epsilon, weightDecay, decays, got weightdecay",
    );
    expect(() => warmupLinear({ learningRate, steps: 3, warm: 1 } as never)).toThrow("got warm");
  });

  test("two that say the same", () => {
    const optimizer = descent(1);
    refuses({ optimizer }, "fineTune: expected either optimizer or learningRate, got both");
    refuses({ schedule: constant(1) }, "expected either schedule or learningRate, got both");
    refuses(
      { learningRate: undefined, optimizer, b1: 0.8 },
      "expected either optimizer or b1, got both",
    );
    refuses({ learningRate: undefined }, "a learningRate, a schedule or an optimizer, got none");
  });
});

describe("fineTune", () => {
  const ten = { ...sft({ learningRate }), data: tinyStudy.data.slice(0, 10), epochs: 1 };

  test("keeps the rest of an epoch where it is told to", async () => {
    const steps = async (dropLast: boolean) =>
      stepsOf(await collect(fineTune(engine, { ...ten, dropLast })));
    expect((await steps(true)).length).toBe(2);
    const all = await steps(false);
    const tokens = ten.data.reduce((n, { response }) => n + response.length, 0);
    expect(all.length).toBe(3);
    expect(all.reduce((n, m) => n + m.responseTokens, 0)).toBe(tokens);
  });

  const first = async (options: Partial<FineTuneOptions>) => {
    const still = { ...ten, batchSize: 10, schedule: constant(0) };
    const { learningRate: _, ...rest } = still;
    return at(lossesOf(await collect(fineTune(engine, { ...rest, ...options }))), 0);
  };

  test("counts tokens as their weights say, in parts of batches too", async () => {
    const data = ten.data.map(({ prompt, response }, i) => {
      const weights = response.map((_, t) => ((i + t) % 3) / 2);
      return { prompt, response, weights };
    });
    const whole = await first({ data });
    expect(await first({ data, microBatchSize: 3 })).toBeCloseTo(whole, 12);
    // A weight of 0 leaves a token out.
    const halves = ten.data.map(({ response, prompt }, i) => ({
      ...{ prompt, response },
      weights: response.map(() => (i < 5 ? 1 : 0)),
    }));
    const five = await first({ data: ten.data.slice(0, 5), batchSize: 5 });
    expect(await first({ data: halves })).toBeCloseTo(five, 12);
    expect(whole).not.toBeCloseTo(five, 3);
  });

  test("smooths labels", async () => {
    const { tokens, labels, mask } = collate(ten.data);
    const { data: expected } = await engine.run(() => {
      const logits = tinyModel.apply(study.base, tokens);
      const all = neg(mean(logSoftmax(logits), { axis: -1 }));
      const hard = tokenCrossEntropy(logits, labels);
      return maskedMean("spec", add(mul(hard, 0.9), mul(all, 0.1)), mask);
    });
    expect(await first({ labelSmoothing: 0.1 })).toBeCloseTo(at(expected, 0), 12);
    expect(await first({})).not.toBeCloseTo(at(expected, 0), 6);
    expect(() => planFineTune({ ...ten, labelSmoothing: 2 })).toThrow("0 ≤ labelSmoothing ≤ 1");
  });
});

describe("steps that are counted", () => {
  const { epochs: _, ...uncounted } = sft({ learningRate });
  const counted = async (options: Partial<FineTuneOptions>) =>
    collect(fineTune(engine, { ...uncounted, ...options }));

  test("are, where they fill epochs, those of as many epochs", async () => {
    const [steps, epochs] = [await counted({ maxSteps: 6 }), await run({ learningRate })];
    expect(stepsOf(steps)).toEqual(stepsOf(epochs));
    const last = async (all: typeof steps) =>
      numbersOf(
        engine,
        (
          await endOf(
            (async function* () {
              yield* all;
            })(),
          )
        ).params,
      );
    expect(await last(steps)).toEqual(await last(epochs));
  });

  test("end within an epoch, or go through the data once more", async () => {
    const still = { decay: "constant", warmup: 0 } as const;
    const all = lossesOf(await run({ learningRate, ...still, epochs: 3 }));
    for (const maxSteps of [1, 2, 4, 7]) {
      const some = await counted({ ...still, maxSteps });
      expect(lossesOf(some)).toEqual(all.slice(0, maxSteps));
      expect(some.at(-1)).toMatchObject({ kind: "end", step: maxSteps });
    }
  });

  test("are what the learning rate falls over", async () => {
    const rates = stepsOf(await counted({ maxSteps: 5 })).map((m) => m.learningRate);
    // Up to the peak in one step, as warm-ups have at least, and down over the others.
    const expected = [1, 1, 0.75, 0.5, 0.25].map((x) => x * learningRate);
    rates.forEach((rate, i) => {
      expect(rate).toBeCloseTo(at(expected, i), 8);
    });
    expect(rates.length).toBe(5);
  });

  test.each(["never", "outer"] as const)(
    "are those of each outer step, restarted %s",
    async (restart) => {
      const { inner: _, ...given } = tinyAnchored(tinyModel.init(study.key), { restart });
      const all = await collect(fineTune(engine, { ...given, maxSteps: 4 }));
      const steps = stepsOf(all);
      expect(steps.map(({ step, steps }) => [step, steps])).toEqual(
        Array.from({ length: 8 }, (_, i) => [i + 1, 8]),
      );
      expect(steps.map(({ outer }) => outer)).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
      // Each outer step begins an epoch: the one before was left.
      expect(steps.map(({ epoch }) => epoch)).toEqual([0, 0, 0, 1, 2, 2, 2, 3]);
      expect(all.flatMap((m) => (m.kind === "outer" ? m.step : []))).toEqual([4, 8]);
    },
  );

  test("are said in one way", () => {
    const refused = (options: FineTuneOptions, message: string) =>
      expect(() => planFineTune(options)).toThrow(new RangeError(`fineTune: expected ${message}`));
    refused(sft({ learningRate, maxSteps: 3 }), "either maxSteps or epochs, got both");
    refused(
      tinyAnchored(tinyModel.init(study.key), { maxSteps: 3 }),
      "either maxSteps or inner, got both",
    );
    for (const maxSteps of [0, -1, 1.5])
      refused({ ...uncounted, maxSteps }, `maxSteps to be an integer ≥ 1, got ${maxSteps}`);
  });
});

describe("what is given to fineTune", () => {
  const wrong = (options: object): (() => unknown) => {
    const all = { ...sft({ learningRate }), ...options };
    return () => planFineTune(all as FineTuneOptions);
  };

  test.each(["model", "base", "data"])("has to hold %s", (name) => {
    expect(wrong({ [name]: undefined })).toThrow(TypeError);
    expect(wrong({ [name]: undefined })).toThrow(
      new RegExp(`fineTune: .*${name}.*, got undefined`),
    );
  });

  test.each<readonly [options: object, message: string]>([
    [{ decay: "nosuch" }, "expected a decay of linear, cosine, constant, got nosuch"],
    [{ temperature: 1e-40 }, "expected a positive temperature, got 1e-40"],
    [{ method: "klRegularized", beta: Number.NaN }, "expected beta ≥ 0, got NaN"],
    [{ method: "klRegularized", beta: -1 }, "expected beta ≥ 0, got -1"],
    [{ method: "klRegularized", beta: 1e39 }, "got 1e+39, which is Infinity in float32"],
    [{ method: "l2sp", beta: 1e-50 }, "got 1e-50, which is 0 in float32"],
    [{ sam: 1e300 }, "expected sam ≥ 0, got 1e+300, which is Infinity in float32"],
    [{ method: "power", power: 1e39 }, "expected power ≥ 0, got 1e+39, which is Infinity"],
    [{ method: "flow", tau: 1e-300 }, "expected tau > 0, got 1e-300, which is 0 in float32"],
    [{ epochs: 1e9 }, "expected at most 16777216 steps, which float32 counts one by one"],
  ])("is refused: %j", (options, message) => {
    expect(wrong(options)).toThrow(RangeError);
    expect(wrong(options)).toThrow(message);
  });

  test("as a setting is heeded by the method, or refused: it is not said in vain", () => {
    const reference = study.base;
    const said: { readonly [Name in MethodsOwn]: FineTuneOptions[Name] } = {
      ...{ alpha: 0.25, interpolation: "probability", temperature: 2, temperatureSquared: true },
      ...{ beta: 0.2, direction: "reverse", kdRatio: 0.5, power: 2, threshold: 0.3, topK: 3 },
      ...{ clipRatio: 0.5, period: 2, tau: 3, lambda: 0.5, samplingTemperature: 0.5 },
    };
    for (const method of Object.keys(objectives) as Method[])
      for (const [name, value] of Object.entries(said)) {
        const plan = wrong({ method, reference, [name]: value });
        const message = `fineTune: expected no ${name} with the method ${method}, which does not`;
        if (heeds(method, name as keyof typeof said)) expect(plan).not.toThrow(message);
        else {
          expect(plan).toThrow(message);
          const usual = defaults[name as keyof typeof defaults];
          expect(wrong({ method, reference, [name]: usual })).not.toThrow(message);
        }
      }
  });
});
