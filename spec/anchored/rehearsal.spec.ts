/** What may come on top of any method, and how outer steps may begin. */
import { describe, expect, test } from "vitest";
import { fineTune } from "../../src/anchored/fineTune.ts";
import type { Method } from "../../src/anchored/objectives/methods.ts";
import type { FineTuneOptions } from "../../src/anchored/options.ts";
import { planFineTune } from "../../src/anchored/plan.ts";
import type { FineTuneCheckpoint } from "../../src/anchored/resume.ts";
import { key } from "../../src/tensor/random.ts";
import { at } from "../../src/tensor/shapes.ts";
import { testEngine } from "../testEngine.ts";
import {
  collect,
  endOf,
  expectClose,
  lossesOf,
  numbersOf,
  reversals,
  stepsOf,
  tinyAnchored,
  tinyModel,
  tinyStudy,
} from "./tiny.ts";

const engine = await testEngine();

const reference = tinyModel.init(key(5));
const replay = reversals(8, key(9));
const run = (options: Partial<FineTuneOptions>): FineTuneOptions =>
  tinyAnchored(reference, { outer: 1, inner: 1, ...options });
const all = (options: Partial<FineTuneOptions>) => collect(fineTune(engine, run(options)));
const ended = async (options: Partial<FineTuneOptions>) =>
  numbersOf(engine, (await endOf(fineTune(engine, run(options)))).params);

describe("replay on top of a method", () => {
  const on = { replay, replayShare: 0.5 };

  test("of SFT is the method replay", async () => {
    const sft = { method: "sft", outer: 1, inner: 2 } as const;
    expectClose(await ended({ ...sft, ...on }), await ended({ ...sft, method: "replay", ...on }));
  });

  const methods: readonly Method[] = ["anchored", "onPolicyFresh", "stm", "flow"];
  test.each(methods)("of %s learns the prior examples' cross-entropy", async (method) => {
    const plain = await ended({ method, stopToken: 2 });
    const rehearsed = await ended({ method, stopToken: 2, ...on });
    expect(rehearsed).not.toEqual(plain);
    // Packed and in parts at once, but where frozen models run beside the step.
    if (method !== "onPolicyFresh") {
      const parts = { method, stopToken: 2, ...on, packing: true, microBatchSize: 3 };
      expectClose(await ended(parts), rehearsed, 1e-8);
    }
  });

  test("weighs the two losses by their tokens", async () => {
    const still = { learningRate: 1e-12, batchSize: 12, packing: true };
    const one = await all({ ...still, ...on });
    const [anchor] = lossesOf(await all(still));
    const prior = lossesOf(await all({ ...still, method: "sft", data: replay, batchSize: 8 }));
    const [step, without] = [at(stepsOf(one), 0), at(stepsOf(await all(still)), 0)];
    const priorTokens = step.responseTokens - without.responseTokens;
    // Twelve of the eight: the same ones come again, so that the mean is close but not the same.
    const mixed =
      ((anchor ?? NaN) * without.responseTokens + at(prior, 0) * priorTokens) / step.responseTokens;
    expect(Math.abs(step.loss - mixed)).toBeLessThan(0.05 * mixed);
  });
});

describe("restart: outer", () => {
  const two = { outer: 2, inner: 2, restart: "outer", warmup: 0.5 } as const;

  test("begins the schedule and the optimizer anew", async () => {
    const steps = stepsOf(await all(two));
    const rates = steps.map((m) => m.learningRate);
    expect(rates.slice(0, 6)).toEqual(rates.slice(6));
    const [end] = (await all({ ...two, outer: 1 })).filter((m) => m.kind === "end");
    // The second outer step is a run of its own from where the first ended, but for the data's order.
    expect(end?.step).toBe(6);
    const never = stepsOf(await all({ ...two, restart: "never" }));
    expect(never.map((m) => m.learningRate)).not.toEqual(rates);
    expect(await ended(two)).not.toEqual(await ended({ ...two, restart: "never" }));
  });

  test("goes on from any checkpoint to the same bits", async () => {
    const whole = await all({ ...two, checkpointEvery: 4 });
    const end = await ended(two);
    for (const m of whole)
      if (m.kind === "checkpoint")
        expect(await ended({ ...two, resume: m as FineTuneCheckpoint }), `${m.step}`).toEqual(end);
  });

  test("is one of two words", () => {
    expect(() => planFineTune(run({ restart: "inner" as never }))).toThrow(
      "expected restart to be never or outer, got inner",
    );
  });
});

describe("weights in bf16", () => {
  test("start from a base that is rounded too, and stay so", async () => {
    const isRounded = (x: number): boolean => {
      const bits = new Uint32Array(new Float32Array([x]).buffer);
      return ((bits[0] ?? 1) & 0xffff) === 0 && Math.fround(x) === x;
    };
    const end = await ended({ weights: "bf16", learningRate: 1e-3 });
    expect(end.every(isRounded)).toBe(true);
    // Updates far below half a unit in the last place change nothing at all.
    const still = await ended({ weights: "bf16", learningRate: 1e-9 });
    const base = await numbersOf(engine, tinyStudy.base);
    still.forEach((x, i) => {
      expect(Math.abs(x - at(base, i))).toBeLessThanOrEqual(2 ** -8 * Math.abs(at(base, i)));
      expect(isRounded(x)).toBe(true);
    });
  });
});

describe("fresh samples", () => {
  const fresh = { method: "onPolicyFresh", stopToken: 2, outer: 2, inner: 1 } as const;

  test("without a share of them are the anchor at the data", async () => {
    const anchored = await ended({ ...fresh, method: "anchored" });
    expectClose(await ended({ ...fresh, lambda: 0 }), anchored, 1e-9);
    expect(await ended({ ...fresh, lambda: 0.5 })).not.toEqual(await ended(fresh));
  });

  test("are certified at the data, and go on from a checkpoint to the same bits", async () => {
    const whole = await all({ ...fresh, checkpointEvery: 4 });
    const outer = whole.filter((m) => m.kind === "outer");
    expect(outer).toHaveLength(2);
    for (const { certificate, targets } of outer) {
      expect(certificate.held).toBe(certificate.tokens);
      expect(targets).toBe("recompute");
    }
    const end = await ended(fresh);
    for (const m of whole)
      if (m.kind === "checkpoint")
        expect(await ended({ ...fresh, resume: m as FineTuneCheckpoint }), `${m.step}`).toEqual(
          end,
        );
  });

  test("have a temperature of their own, apart from the loss's", async () => {
    const hot = { ...fresh, samplingTemperature: 0 };
    expect(await ended(hot)).not.toEqual(await ended(fresh));
    const outerStep = { ...fresh, method: "onPolicy", temperature: 2 } as const;
    const apart = await ended({ ...outerStep, samplingTemperature: 0 });
    expect(apart).not.toEqual(await ended(outerStep));
    expect(await ended({ ...outerStep, samplingTemperature: 2 })).toEqual(await ended(outerStep));
  });

  test("are compared beside the step alone", () => {
    expect(() => planFineTune(run({ ...fresh, targets: "rows" }))).toThrow(
      "expected targets to be recompute for fresh samples, got rows",
    );
    expect(() => planFineTune(run({ ...fresh, lambda: 2 }))).toThrow("0 ≤ lambda ≤ 1, got 2");
  });
});
