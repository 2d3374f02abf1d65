import { describe, expect, test } from "vitest";
import { fineTune, type Measurement } from "../../src/anchored/fineTune.ts";
import { interpolateWeights, squaredDistance } from "../../src/anchored/objectives/weights.ts";
import type { FineTuneOptions } from "../../src/anchored/options.ts";
import type { FineTuneCheckpoint } from "../../src/anchored/resume.ts";
import { createEngine } from "../../src/engines/create.ts";
import type { Params } from "../../src/nn/config.ts";
import { adapterLayout } from "../../src/nn/lora/layout.ts";
import { mergeAdapter } from "../../src/nn/lora/merge.ts";
import { type Lora, lora } from "../../src/nn/lora.ts";
import { type Transformer, transformer } from "../../src/nn/transformer.ts";
import { mul } from "../../src/tensor/ops.ts";
import * as random from "../../src/tensor/random.ts";
import { testEngine } from "../testEngine.ts";
import {
  collect,
  endOf,
  expectClose,
  lossesOf,
  numbersOf,
  tinyAnchored,
  tinyModel,
} from "./tiny.ts";

const engine = await testEngine();

/** A base, and an adapter of it that has learnt something. */
async function adapted(options: Partial<Parameters<typeof lora>[0]> = {}): Promise<{
  readonly adapter: Lora;
  readonly base: Params;
  readonly model: Transformer;
  readonly start: Params;
  readonly reference: Params;
}> {
  const base = await engine.run(() => tinyModel.init(random.key(1)));
  const adapter = lora({ rank: 2, alpha: 3, targets: ["q_proj", "down_proj"], ...options });
  const model = adapter.over(tinyModel, base);
  const start = await engine.run(() => adapter.init(random.key(5), tinyModel, base));
  const sft = tinyAnchored({}, { method: "sft", outer: 1, inner: 8, model, base: start });
  const { params } = await endOf(fineTune(engine, sft));
  return { adapter, base, model, start, reference: await engine.run(() => params) };
}

const certificates = (all: readonly Measurement[]) =>
  all.flatMap((m) => (m.kind === "outer" ? [m] : []));

describe("fineTune over adapters", () => {
  test("anchors hidden states under the frozen head, as rows and recomputation do", async () => {
    const { model, start, reference } = await adapted();
    const run = (options: Partial<FineTuneOptions>) =>
      collect(fineTune(engine, tinyAnchored(reference, { model, base: start, ...options })));
    const own = await run({});
    expect(certificates(own).map(({ targets }) => targets)).toEqual(["hidden", "hidden"]);
    const numbers = await numbersOf(engine, (await endOf(list(own))).params);
    for (const targets of ["rows", "recompute"] as const) {
      const others = await run({ targets });
      expectClose(await numbersOf(engine, (await endOf(list(others))).params), numbers, 1e-9);
      certificates(others).forEach(({ certificate }, i) => {
        const { mean, cumulative } = certificates(own)[i]?.certificate ?? {};
        expect(certificate.mean.stepKl).toBeCloseTo(mean?.stepKl ?? NaN, 9);
        expect(certificate.cumulative?.bound).toBeCloseTo(cumulative?.bound ?? NaN, 9);
      });
    }
  });

  test("starts at the base, which the adapter leaves as it is", async () => {
    const { model, base, start } = await adapted();
    const tokens = random.integers(random.key(3), [2, 6], 0, 8);
    const logits = await engine.run(() => [
      model.apply(start, tokens),
      tinyModel.apply(base, tokens),
    ]);
    expect(logits[0]?.data).toEqual(logits[1]?.data);
  });

  test("anchors in the space of weights, not of factors", async () => {
    const { adapter, base, model, start, reference } = await adapted();
    const alpha = 0.9;
    // Distillation aims at the model between, whose weights are merged and then interpolated.
    const merged = (params: Params) =>
      mergeAdapter(adapterLayout(adapter.config, tinyModel), base, params);
    const between = await engine.run(() =>
      interpolateWeights(merged(start), merged(reference), alpha),
    );
    const either: Transformer["apply"] = (params, ...rest) =>
      ("lm_head.weight" in params ? tinyModel : model).apply(params, ...rest);
    const wanted = await lossOf(
      tinyAnchored(between, {
        ...{ method: "distillation", targets: "recompute", outer: 1 },
        ...{ base: start, model: { config: model.config, apply: either } },
      }),
    );
    for (const targets of ["rows", "hidden", "recompute"] as const) {
      const options = { model, base: start, targets, alpha, outer: 1 } as const;
      const loss = await lossOf(tinyAnchored(reference, { ...options, method: "anchoredWeights" }));
      expect(loss).toBeCloseTo(wanted, 6);
    }
    expect(wanted).toBeGreaterThan(1e-4);
  });

  test("finds the same model between one adapter and itself", async () => {
    const { model, reference } = await adapted();
    const options = { model, base: reference, method: "anchoredWeights", outer: 1 } as const;
    expect(await lossOf(tinyAnchored(reference, options))).toBeCloseTo(0, 9);
  });

  test("decays towards the base in the space of weights", async () => {
    const { adapter, base, model, start, reference } = await adapted();
    const space = model.weightSpace?.();
    // (B·G⁻¹)(G·A) are the same weights.
    const turned = Object.fromEntries(
      Object.entries(reference).map(([name, x]) => [name, mul(x, name.includes("_A") ? 2 : 0.5)]),
    );
    const distance = (params: Params) =>
      engine.run(() => space?.squaredDistance(start, params) as never).then(dataOf);
    expect(await distance(turned)).toBeCloseTo(await distance(reference), 12);
    const whole = (params: Params) =>
      mergeAdapter(adapterLayout(adapter.config, tinyModel), base, params);
    const gap = await engine.run(() => squaredDistance(whole(start), whole(reference)));
    expect(await distance(reference)).toBeCloseTo(dataOf(gap), 6);

    const run = async (own: Partial<FineTuneOptions>) => {
      const options = { model, base: start, ...own, outer: 1, inner: 8 };
      return distance((await endOf(fineTune(engine, tinyAnchored(reference, options)))).params);
    };
    const [free, tied] = [await run({ method: "sft" }), await run({ method: "l2sp", beta: 10 })];
    expect(tied).toBeLessThan(free / 4);
  });

  test("refuses weight space where it has no exact form", async () => {
    const { model, start, reference } = await adapted({ dora: true });
    for (const method of ["l2sp", "anchoredWeights"] as const)
      await expect(
        collect(fineTune(engine, tinyAnchored(reference, { model, base: start, method }))),
      ).rejects.toThrow("expected adapters without dora");
    const both = lora({ rank: 2 }).apply(tinyModel);
    expect(() => both.weightSpace?.()).toThrow("expected an adapter over a frozen base");
  });

  test("goes on to the same bits, with hidden states", async () => {
    await using wasm = await createEngine({ backend: "wasm", threads: 1 });
    const { model, start, reference } = await adapted();
    const host = (params: Params) => wasm.run(() => params);
    const setting = tinyAnchored(await host(reference), {
      ...{ model, base: await host(start), outer: 3, checkpointEvery: 5 },
    });
    const all = await collect(fineTune(wasm, setting));
    const numbers = await numbersOf(wasm, (await endOf(list(all))).params);
    const checkpoints = all.filter((m): m is FineTuneCheckpoint => m.kind === "checkpoint");
    expect(checkpoints.map(({ outer }) => outer)).toEqual([0, 1, 2]);
    for (const resume of checkpoints) {
      const rest = await collect(fineTune(wasm, { ...setting, resume }));
      expect(await numbersOf(wasm, (await endOf(list(rest))).params)).toEqual(numbers);
    }
  });
});

test("a model of another family trains the same way", async () => {
  const gelu = transformer({ ...tinyModel.config, activation: "gelu" });
  const base = await engine.run(() => gelu.init(random.key(1)));
  const adapter = lora({ rank: 1 });
  const model = adapter.over(gelu, base);
  const start = await engine.run(() => adapter.init(random.key(5), gelu, base));
  const end = await endOf(
    fineTune(engine, tinyAnchored({}, { method: "sft", model, base: start, outer: 1 })),
  );
  expect(end.step).toBe(6);
});

/** The loss of the first step. */
async function lossOf(options: FineTuneOptions): Promise<number> {
  const all = await collect(fineTune(engine, options));
  return lossesOf(all)[0] ?? NaN;
}

const dataOf = (x: { readonly data: ArrayLike<number> }): number => x.data[0] as number;

async function* list<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}
