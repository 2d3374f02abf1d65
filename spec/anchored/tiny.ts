import { expect } from "vitest";
import type { FineTuneEnd, FineTuneStep, Measurement } from "../../src/anchored/fineTune.ts";
import type { FineTuneOptions } from "../../src/anchored/options.ts";
import type { Engine } from "../../src/engines/engine.ts";
import type { Params } from "../../src/nn/config.ts";
import { type Transformer, transformer } from "../../src/nn/transformer.ts";
import { type Key, key, stream } from "../../src/tensor/random.ts";
import type { PromptResponse } from "../../src/train/examples.ts";

/** A model small enough for the float64 engine. */
export const tinyModel: Transformer = transformer({
  vocabSize: 8,
  contextLength: 12,
  layers: 1,
  heads: 2,
  width: 8,
  hidden: 12,
});

/** Prompts `0 a b 1` with the response `b a 2`, of two lengths. */
export function reversals(count: number, key: Key): PromptResponse[] {
  const next = stream(key);
  const letter = (): number => 3 + Math.floor(next() * 5);
  return Array.from({ length: count }, (_, i) => {
    const letters = i % 3 === 0 ? [letter()] : [letter(), letter()];
    return { prompt: [0, ...letters, 1], response: [...letters.toReversed(), 2] };
  });
}

/** What the fine-tuning specs share. */
export const tinyStudy: Pick<FineTuneOptions, "model" | "base" | "batchSize" | "key"> & {
  readonly learningRate: number;
  readonly data: readonly PromptResponse[];
} = {
  model: tinyModel,
  base: tinyModel.init(key(1)),
  data: reversals(12, key(2)),
  batchSize: 4,
  learningRate: 2e-2,
  key: key(3),
};

/** Anchored Learning of the tiny study. */
export const tinyAnchored = (
  reference: Params,
  options: Partial<FineTuneOptions> = {},
): FineTuneOptions => ({
  ...tinyStudy,
  method: "anchored",
  reference,
  outer: 2,
  inner: 2,
  alpha: 0.5,
  ...options,
});

/** Everything that a run yields. */
export async function collect<T>(run: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const m of run) all.push(m);
  return all;
}

/** The end of a run. */
export async function endOf(run: AsyncIterable<Measurement>): Promise<FineTuneEnd> {
  const end = (await collect(run)).at(-1);
  if (end?.kind !== "end") throw new Error("expected the end last");
  return end;
}

export const stepsOf = (all: readonly Measurement[]): FineTuneStep[] =>
  all.filter((m) => m.kind === "step");

export const lossesOf = (all: readonly Measurement[]): number[] =>
  stepsOf(all).map(({ loss }) => loss);

/** All parameters, one after the other. */
export async function numbersOf(engine: Engine, params: Params): Promise<number[]> {
  const read = (await engine.read(params)) as Record<string, Float64Array>;
  return Object.values(read).flatMap((x) => [...x]);
}

export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-9,
): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++)
    expect(Math.abs((actual[i] as number) - (expected[i] as number))).toBeLessThan(tolerance);
}
