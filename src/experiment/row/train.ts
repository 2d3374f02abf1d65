import { type FineTuneStep, fineTune, type OuterMeasurement } from "../../anchored/fineTune.ts";
import { objectives } from "../../anchored/objectives/methods.ts";
import { hasReference } from "../../anchored/objectives/objective.ts";
import { interpolateWeights } from "../../anchored/objectives/weights.ts";
import type { FineTuneOptions } from "../../anchored/options.ts";
import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import type { Transformer } from "../../nn/transformer.ts";
import { eos } from "../../tasks/study/vocabulary.ts";
import type { Key } from "../../tensor/random.ts";
import type { PromptResponse } from "../../train/batches.ts";
import type { Watch } from "../look/watch.ts";
import type { Certified, Measurement, Progress, RowResult } from "../measurements.ts";
import type { FineTuningRecipe, RowRecipe, Tuning } from "../recipe.ts";

export interface TrainOptions {
  readonly model: Transformer;
  readonly recipe: FineTuningRecipe;
  readonly row: RowRecipe;
  /** On the host. */
  readonly base: Params;
  /** p_sft, on the host; undefined in the row that makes it and those before. */
  readonly reference: Params | undefined;
  readonly data: readonly PromptResponse[];
  /** Prior examples, for the methods that replay them. */
  readonly replay: readonly PromptResponse[];
  readonly key: Key;
  readonly seed: number;
  readonly watch: Watch;
  /** Steps between two probes; 0 for none. */
  readonly probeEvery: number;
}

/** What a row tells while it is trained. */
export type RowMeasurement = Exclude<Measurement, RowResult>;

/** Losses are read back, and reported, every so many steps. */
const READ_EVERY = 8;

/** Responses that are sampled at each outer step to certify whole sequences. */
const SEQUENCES = 32;

/**
 * Makes a row's weights.
 * @returns parameters on the host
 * @throws RangeError when a row needs the reference before there is one
 */
export async function* train(
  engine: Engine,
  options: TrainOptions,
): AsyncGenerator<RowMeasurement, Params> {
  const { row, base, reference, watch } = options;
  if (row.method === "base") return base;
  if (row.method === "merge") {
    const tuned = needed(reference, row);
    return engine.run(() => interpolateWeights(base, tuned, row.weight));
  }
  let tokens = 0;
  let outerSteps = 0;
  for await (const m of fineTune(engine, fineTuneOptions(options))) {
    if (m.kind === "end") {
      if (outerSteps === 0)
        yield await watch.outer({ outer: 0, alpha: undefined, params: m.params });
      const params = await engine.run(() => m.params);
      engine.release(m.params);
      return params;
    }
    if (m.kind === "step") {
      tokens += m.tokens;
      yield* progress(options, m, tokens);
    } else if (m.kind === "probe") yield await watch.probe(m);
    else if (m.kind === "outer") {
      outerSteps++;
      yield certified(options, m);
      yield await watch.outer(m);
    }
  }
  throw new Error("train: expected fine-tuning to end with parameters");
}

function* progress(
  { row, seed }: TrainOptions,
  { step, steps, loss }: FineTuneStep,
  tokens: number,
): Generator<Progress> {
  if (step % READ_EVERY === 0 || step === steps)
    yield { kind: "progress", seed, stage: { kind: "row", id: row.id }, step, steps, loss, tokens };
}

function certified({ row, seed }: TrainOptions, m: OuterMeasurement): Certified {
  const { mean, held, tokens: total, leastSlack, linear, cumulative, sequence } = m.certificate;
  const { stepKl, bound, delta, ...rest } = mean;
  return {
    kind: "certificate",
    ...{ seed, row: row.id, outer: m.outer, alpha: m.alpha },
    ...{ measured: stepKl, bound, inexactness: delta, ...rest },
    ...{ leastSlack, linear, held: held === total },
    ...(cumulative && { cumulative }),
    ...(sequence && { sequence }),
  };
}

/** The recipe's optimizer, and what the row sets instead or besides. */
function fineTuneOptions(options: TrainOptions): FineTuneOptions {
  const { model, recipe, row, base, reference, data, replay, key, probeEvery } = options;
  const { batchSize, learningRate, warmup, b1, b2, weightDecay, clip, epochs } = recipe;
  const { id: _, label: __, family: ___, reference: ____, ...treatment } = row;
  const { method, ...settings } = treatment as Tuning;
  return {
    ...{ batchSize, learningRate, warmup, b1, b2, weightDecay, clip },
    ...(settings.inner === undefined && { epochs }),
    ...{ model, base, data, replay, key, readEvery: READ_EVERY, probeEvery },
    ...{ sequences: SEQUENCES, stopToken: eos },
    ...(hasReference(objectives[method].target) && { reference: needed(reference, row) }),
    ...settings,
    method,
  };
}

function needed(reference: Params | undefined, row: RowRecipe): Params {
  if (!reference)
    throw new RangeError(`train: expected the reference's row before ${row.id}, got none`);
  return reference;
}
