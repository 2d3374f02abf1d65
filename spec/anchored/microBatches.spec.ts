import { describe, expect, test } from "vitest";
import { fineTune } from "../../src/anchored/fineTune.ts";
import type { Method } from "../../src/anchored/objectives/methods.ts";
import type { FineTuneOptions } from "../../src/anchored/options.ts";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { transformer } from "../../src/nn/transformer.ts";
import * as random from "../../src/tensor/random.ts";
import type { Example } from "../../src/train/examples.ts";
import { testEngine } from "../testEngine.ts";
import {
  collect,
  endOf,
  expectClose,
  lossesOf,
  numbersOf,
  tinyAnchored,
  tinyModel,
  tinyStudy,
} from "./tiny.ts";

const engine = await testEngine();

const reference = tinyModel.init(random.key(9));
const { data } = tinyStudy;

describe("micro-batches", () => {
  test.each<[Method, Partial<FineTuneOptions>]>([
    ["sft", {}],
    ["replay", { replay: data.slice(0, 3), replayShare: 0.4 }],
    ["klRegularized", { direction: "reverse" }],
    ["l2sp", { beta: 0.3 }],
    ["anchored", { kdRatio: 0.7 }],
    ["moving", { alpha: 0.2 }],
  ])("change no number of %s but in its last digits", async (method, settings) => {
    const run = (microBatchSize: number) =>
      collect(
        fineTune(
          engine,
          tinyAnchored(reference, { ...settings, method, outer: 1, microBatchSize }),
        ),
      );
    const whole = await run(Infinity);
    for (const size of [1, 3]) {
      const parts = await run(size);
      expectClose(lossesOf(parts), lossesOf(whole), 1e-9);
      const ends = [whole, parts].map((all) => all.at(-1) as { params: typeof reference });
      const [a, b] = await Promise.all(ends.map(({ params }) => numbersOf(engine, params)));
      expectClose(b as number[], a as number[], 1e-6);
    }
  });

  test("take the memory of one of them", async () => {
    await using wasm = await createEngine({ backend: "wasm", threads: 1 });
    const model = transformer({ vocabSize: 8, contextLength: 32, layers: 2, heads: 2, width: 16 });
    const long: Example[] = Array.from({ length: 16 }, () => ({
      prompt: Array(16).fill(3),
      response: Array(16).fill(4),
    }));
    const base = model.init(random.key(1));
    /** The largest peak of any program that fine-tuning compiles. */
    const peak = async (microBatchSize: number): Promise<number> => {
      const programs: { stats(): { peakBytes: number } }[] = [];
      const compile: Engine["compile"] = (fn, options) => {
        const program = wasm.compile(fn, options);
        // Reading the rows that methods compare with is no part of a step.
        if (fn.name !== "forward") programs.push(program);
        return program;
      };
      const options = { ...tinyStudy, model, base, data: long, batchSize: 16 };
      const all = { ...options, method: "sft", epochs: 1, microBatchSize } as const;
      await endOf(fineTune({ ...wasm, compile }, all));
      return Math.max(...programs.map((program) => program.stats().peakBytes));
    };
    expect(await peak(2)).toBeLessThan((await peak(Infinity)) / 3);
  });

  test("must be whole examples", async () => {
    const options = { ...tinyStudy, method: "sft", microBatchSize: 1.5 } as const;
    await expect(endOf(fineTune(engine, options))).rejects.toThrow(
      new RangeError("fineTune: expected microBatchSize to be an integer ≥ 1, got 1.5"),
    );
  });
});
