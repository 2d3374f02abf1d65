import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fineTune } from "../../src/anchored/fineTune.ts";
import { interpolate } from "../../src/anchored/objectives/interpolations.ts";
import { interpolateWeights } from "../../src/anchored/objectives/weights.ts";
import type { FineTuneOptions } from "../../src/anchored/options.ts";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import type { Params } from "../../src/nn/config.ts";
import { generate } from "../../src/nn/generate/generate.ts";
import { logSoftmax, mul } from "../../src/tensor/ops.ts";
import * as random from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import type { PromptResponse } from "../../src/train/examples.ts";
import type { TrainingBatch } from "../../src/train/trainSteps.ts";
import {
  collect,
  endOf,
  expectClose,
  lossesOf,
  tinyAnchored,
  tinyModel,
  tinyStudy,
} from "./tiny.ts";

let engine: Engine;
let reference: Params;
beforeAll(async () => {
  engine = await createEngine({ backend: "reference" });
  reference = (await endOf(fineTune(engine, { ...common, method: "sft", epochs: 6 }))).params;
});
afterAll(() => engine.close());

const common = tinyStudy;
const { base, data } = tinyStudy;
const anchored = (options: Partial<FineTuneOptions> = {}): FineTuneOptions =>
  tinyAnchored(reference, options);

/** The engine, and every batch that a training step was given. */
function watched(): { engine: Engine; batches: TrainingBatch[] } {
  const batches: TrainingBatch[] = [];
  const compile: Engine["compile"] = (fn, options) => {
    const program = engine.compile(fn, options);
    if (program.name !== "trainStep") return program;
    const call = (...args: unknown[]) => {
      batches.push(args[2] as TrainingBatch);
      return program(...(args as never));
    };
    return Object.assign(call, { stats: program.stats }) as unknown as typeof program;
  };
  return { engine: { ...engine, compile }, batches };
}

/** The target's rows at the response tokens of each example, by the example's tokens. */
function targetsByExample(batches: readonly TrainingBatch[]): Map<string, number[][]> {
  const found = new Map<string, number[][]>();
  for (const { tokens, mask, target } of batches) {
    const [B, T] = tokens.shape as [number, number];
    const V = tinyModel.config.vocabSize;
    for (let row = 0; row < B; row++) {
      const name = [...tokens.data.slice(row * T, (row + 1) * T)].join(" ").replace(/( 0)+$/, "");
      const rows: number[] = [];
      for (let t = 0; t < T; t++)
        if (mask.data[row * T + t] === 1)
          rows.push(...(target as Tensor).data.slice((row * T + t) * V, (row * T + t + 1) * V));
      found.set(name, [...(found.get(name) ?? []), rows]);
    }
  }
  return found;
}

const different: readonly PromptResponse[] = Array.from({ length: 4 }, (_, i) => ({
  prompt: [0, 3 + i, 4, 1],
  response: [4, 3 + i, 2],
}));

describe("the anchor", () => {
  test("does not change during the inner epochs of an outer step, and then it does", async () => {
    const { engine: spy, batches } = watched();
    const options = anchored({ data: different, outer: 2, inner: 3, batchSize: 2 });
    await collect(fineTune(spy, options));
    expect(batches.length).toBe(2 * 3 * 2);
    const found = targetsByExample(batches);
    expect(found.size).toBe(4);
    for (const [first, ...others] of found.values()) {
      expect(others.length).toBe(5);
      expect(others.slice(0, 2)).toEqual([first, first]);
      expect(others[2]).not.toEqual(first);
      expect(others.slice(3)).toEqual([others[2], others[2]]);
    }
  });

  test("is the interpolation between the student at the outer start and the reference", async () => {
    const { engine: spy, batches } = watched();
    const options = anchored({
      data: different,
      outer: 1,
      alpha: 0.3,
      temperature: 2,
      batchSize: 4,
    });
    await collect(fineTune(spy, options));
    const [batch] = batches as [TrainingBatch];
    const { data: expected } = await engine.run(() => {
      const halved = (params: Params): Tensor => mul(tinyModel.apply(params, batch.tokens), 0.5);
      return interpolate("logit", 0.3)(halved(base), halved(reference));
    });
    const V = tinyModel.config.vocabSize;
    batch.mask.data.forEach((weight, i) => {
      const row = Array.from((batch.target as Tensor).data.slice(i * V, (i + 1) * V));
      if (weight === 1) expectClose(row, Array.from(expected.slice(i * V, (i + 1) * V)), 1e-12);
      else expect(row.every((x) => x === 0)).toBe(true);
    });
  });

  test("made anew before every step, it is the moving anchor", async () => {
    // One batch an epoch: T outer steps of one epoch make the anchor at every step, and optimizer
    // state and schedule go on over the outer steps as if there were none.
    const whole = { batchSize: data.length, alpha: 0.3, interpolation: "probability" } as const;
    const frozen = await collect(fineTune(engine, anchored({ ...whole, outer: 6, inner: 1 })));
    const moving = { ...anchored(whole), method: "moving", outer: 1, inner: 6 } as const;
    const perStep = await collect(fineTune(engine, moving));
    expectClose(lossesOf(frozen), lossesOf(perStep));
  });
});

describe("the anchor of weights", () => {
  test("is the model between the student and the reference", async () => {
    const { engine: spy, batches } = watched();
    const setting = { method: "anchoredWeights", alpha: 0.3, temperature: 2 } as const;
    await collect(fineTune(spy, anchored({ ...setting, data: different, outer: 1, batchSize: 4 })));
    const [{ tokens, mask, target }] = batches as [TrainingBatch];
    const { data: expected } = await engine.run(() => {
      const between = interpolateWeights(base, reference, 0.3);
      return logSoftmax(mul(tinyModel.apply(between, tokens), 0.5));
    });
    const V = tinyModel.config.vocabSize;
    mask.data.forEach((weight, i) => {
      if (weight === 0) return;
      const row = (target as Tensor).data.slice(i * V, (i + 1) * V);
      expectClose(row, expected.slice(i * V, (i + 1) * V), 1e-12);
    });
  });
});

describe("on-policy anchors", () => {
  /** Prompt and response of each row of each batch. */
  const rowsOf = (batches: readonly TrainingBatch[]): string[][] =>
    batches.map(({ tokens, labels, mask }) => {
      const [B, T] = tokens.shape as [number, number];
      return Array.from({ length: B }, (_, row) => {
        const at = row * T;
        const first = mask.data.indexOf(1, at) - at;
        const response = [...labels.data.slice(at, at + T)].filter(
          (_, t) => mask.data[at + t] === 1,
        );
        return `${[...tokens.data.slice(at, at + first + 1)].join(" ")} → ${response.join(" ")}`;
      });
    });

  test("stand at what the student of the outer step answers", async () => {
    const { engine: spy, batches } = watched();
    const options = anchored({
      ...{ method: "onPolicy", data: different, outer: 2, inner: 2, batchSize: 4, stopToken: 2 },
      certified: 0,
    });
    await collect(fineTune(spy, options));
    const [first, again, second] = rowsOf(batches).map((rows) => rows.toSorted());
    expect(batches.length).toBe(4);
    expect(again).toEqual(first);
    expect(second).not.toEqual(first);
    const prompts = different.map(({ prompt }) => prompt);
    const answers = await generate(engine, {
      ...{ model: tinyModel, params: base, prompts, maxNewTokens: 3, temperature: 1, stopToken: 2 },
      // The keys of sampling, of the first outer step, and of the first prompts side by side.
      key: random.fold(random.fold(random.fold(options.key, 2 ** 31), 0), 0),
    });
    const expected = prompts.map((prompt, i) => `${prompt.join(" ")} → ${answers[i]?.join(" ")}`);
    expect(first).toEqual(expected.toSorted());
  });
});

describe("replay", () => {
  test("adds its share of prior examples to every batch, each in its turn", async () => {
    const { engine: spy, batches } = watched();
    const replay = Array.from({ length: 5 }, (_, i) => ({ prompt: [0, 7], response: [3 + i] }));
    const options = { ...common, method: "replay", replay, replayShare: 1 / 3, epochs: 5 } as const;
    await collect(fineTune(spy, options));
    expect(batches.length).toBe(5 * 3);
    const seen: number[] = [];
    for (const { tokens, labels, mask } of batches) {
      const [B, T] = tokens.shape as [number, number];
      expect(B).toBe(4 + 2);
      for (let row = 4; row < B; row++) {
        const at = mask.data.indexOf(1, row * T);
        seen.push(Number(labels.data[at]) - 3);
      }
    }
    // Of a key that no epoch has, of however many: in whole epochs of their own.
    const own = random.fold(options.key, 2 ** 30);
    const orders = Array.from({ length: 6 }, (_, epoch) =>
      random.permutation(random.fold(own, epoch), replay.length),
    );
    expect(seen).toEqual(orders.flat());
  });
});
