import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fineTune, type Measurement } from "../../src/anchored/fineTune.ts";
import type { FineTuneOptions } from "../../src/anchored/options.ts";
import type { FineTuneCheckpoint } from "../../src/anchored/resume.ts";
import * as random from "../../src/tensor/random.ts";
import { testEngine } from "../testEngine.ts";
import { collect, endOf, numbersOf, tinyAnchored, tinyModel, tinyStudy } from "./tiny.ts";

const engine = await testEngine({ backend: "wasm", threads: 1 });

const reference = tinyModel.init(random.key(9));
const { data } = tinyStudy;

/** What is measured, without what only the device knows. */
const measured = (all: readonly Measurement[]): unknown[] =>
  all.flatMap((m): unknown[] => {
    if (m.kind === "step") return [m];
    if (m.kind !== "outer") return [];
    const { params: _, ...rest } = m;
    return [rest];
  });

/** Prompts of one letter, three to plan by and two to audit. */
const asked = [3, 4, 5, 6, 7].map((letter) => ({ prompt: [0, letter, 1], response: [letter, 2] }));
const retain = { plan: asked.slice(0, 3), audit: asked.slice(3), stopTokens: [2] };

/** 18 steps each, or as many as the method makes of them. */
const runs: readonly (readonly [string, Partial<FineTuneOptions>])[] = [
  ["sft", { method: "sft", outer: 1, inner: 6 }],
  ["l2sp", { method: "l2sp", beta: 0.3, outer: 1, inner: 6 }],
  ["replay", { method: "replay", replay: data.slice(0, 5), replayShare: 0.5, outer: 2, inner: 3 }],
  ["anchored, rows", { targets: "rows", outer: 3 }],
  ["anchored, recomputed", { targets: "recompute", outer: 3 }],
  ["anchored, in micro-batches", { microBatchSize: 3, outer: 3, kdRatio: 0.7 }],
  ["anchored with a budget", { alpha: { budget: 0.02 }, outer: 3 }],
  ["anchored with answers to keep", { alpha: { risk: 0.5, confidence: 0.5 }, retain, outer: 3 }],
  ["anchored over whole sequences", { sequences: 3, stopToken: 2, outer: 3 }],
  ["anchored in weight space", { method: "anchoredWeights", outer: 3 }],
  ["anchored, within an epoch", { outer: 3, maxSteps: 4 }],
  ["on its own answers", { method: "onPolicy", stopToken: 2, outer: 3 }],
];

describe("a run that was interrupted", () => {
  test.each(runs)("goes on to the same bits: %s", async (_, options) => {
    const inEpochs = tinyAnchored(reference, options);
    const { inner: _inner, ...counted } = inEpochs;
    const setting = options.maxSteps === undefined ? inEpochs : counted;
    const checkpoints: FineTuneCheckpoint[] = [];
    const whole: Measurement[] = [];
    for await (const m of fineTune(engine, { ...setting, checkpointEvery: 1 }))
      if (m.kind === "checkpoint") checkpoints.push(m);
      else whole.push(m);
    const end = whole.at(-1);
    if (end?.kind !== "end") throw new Error("expected the end last");
    const numbers = await numbersOf(engine, end.params);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...checkpoints), async (resume) => {
        const rest = await collect(fineTune(engine, { ...setting, resume }));
        expect(await numbersOf(engine, (await endOf(list(rest))).params)).toEqual(numbers);
        const isLater = (m: Measurement) =>
          m.step > resume.step || (m.kind === "outer" && m.outer === resume.outer);
        expect(measured(rest)).toEqual(measured(whole.filter(isLater)));
      }),
      { numRuns: 6 },
    );
  });

  test("goes on from a checkpoint of a run that was gone on with", async () => {
    const setting = tinyAnchored(reference, { outer: 3 });
    const numbers = await numbersOf(engine, (await endOf(fineTune(engine, setting))).params);
    let resume: FineTuneCheckpoint | undefined;
    for (let end: Measurement | undefined; end === undefined; ) {
      const left = { ...setting, checkpointEvery: 1, ...(resume && { resume }) };
      for await (const m of fineTune(engine, left)) {
        if (m.kind === "end") end = m;
        if (m.kind !== "checkpoint") continue;
        resume = m;
        break;
      }
      if (end?.kind === "end") expect(await numbersOf(engine, end.params)).toEqual(numbers);
    }
  });

  test("asks a function when", async () => {
    const asked: number[] = [];
    const checkpointEvery = (step: number) => asked.push(step) % 5 === 0;
    const all = await collect(fineTune(engine, tinyAnchored(reference, { checkpointEvery })));
    const steps = all.flatMap((m) => (m.kind === "checkpoint" ? m.step : []));
    expect(asked).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(steps).toEqual([5, 10]);
  });

  test("is refused where the checkpoint is of another one", async () => {
    const setting = tinyAnchored(reference, {});
    const checkpoint = (await collect(fineTune(engine, { ...setting, checkpointEvery: 4 }))).find(
      (m) => m.kind === "checkpoint",
    ) as FineTuneCheckpoint;
    const from = (resume: Partial<FineTuneCheckpoint>) =>
      collect(fineTune(engine, { ...setting, resume: { ...checkpoint, ...resume } }));
    await expect(from({ outer: 2 })).rejects.toThrow("expected an outer step below 2, got 2");
    await expect(from({ outer: 1 })).rejects.toThrow("expected a step from 6 to 12");
    const [name = "", ...others] = Object.keys(checkpoint.params);
    const fewer = Object.fromEntries(others.map((n) => [n, checkpoint.params[n] as never]));
    await expect(from({ params: fewer })).rejects.toThrow(`expected ${name} of`);
    await expect(collect(fineTune(engine, { ...setting, checkpointEvery: 0 }))).rejects.toThrow(
      "expected checkpointEvery to be an integer ≥ 1, got 0",
    );
  });
});

async function* list<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}
