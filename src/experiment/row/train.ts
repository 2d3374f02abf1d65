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
import type { Every } from "../../train/trainSteps.ts";
import type { Watch } from "../look/watch.ts";
import type { Certified, Progress } from "../measurements.ts";
import type { FineTuningRecipe, RowRecipe, Tuning } from "../recipe.ts";
import type { Keeper, RowMeasurement, UnfinishedRow } from "./unfinished.ts";

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
  /** Keeps training on its way, and finds what another attempt kept. */
  readonly keeper?: Keeper | undefined;
  /** After which steps it is kept. */
  readonly keepEvery: Every;
  /** Seconds of this attempt so far, without looks. */
  readonly spent: () => number;
}

/** A row's weights. */
export interface Trained {
  /** On the host. */
  readonly params: Params;
  /** That the attempts took which were gone on with. */
  readonly before: number;
}

/** Losses are read back, and reported, every so many steps. */
const READ_EVERY = 8;

/** Responses that are sampled at each outer step to certify whole sequences. */
const SEQUENCES = 32;

/**
 * Makes a row's weights, from where another attempt was kept, if one was: what that told is told
 * again, so that what is measured does not depend on how often it was begun.
 * @throws RangeError when a row needs the reference before there is one
 */
export async function* train(
  engine: Engine,
  options: TrainOptions,
): AsyncGenerator<RowMeasurement, Trained> {
  const { row, base, reference, keeper } = options;
  if (row.method === "base") return { params: base, before: 0 };
  if (row.method === "merge") {
    const tuned = needed(reference, row);
    const params = await engine.run(() => interpolateWeights(base, tuned, row.weight));
    return { params, before: 0 };
  }
  const kept = await keeper?.load();
  const told: RowMeasurement[] = [...(kept?.told ?? [])];
  yield* told;
  const tuning = tune(engine, options, kept, told);
  for (;;) {
    const next = await tuning.next();
    if (next.done) return { params: next.value, before: kept?.seconds ?? 0 };
    told.push(next.value);
    yield next.value;
  }
}

/** @param told all that was told, to be kept with the training */
async function* tune(
  engine: Engine,
  options: TrainOptions,
  kept: UnfinishedRow | undefined,
  told: readonly RowMeasurement[],
): AsyncGenerator<RowMeasurement, Params> {
  const { watch, keeper, keepEvery, spent } = options;
  if (kept?.checkpoint.snapshot) await watch.goOn(kept.checkpoint.snapshot);
  let tokens = kept?.tokens ?? 0;
  let outerSteps = told.filter(({ kind }) => kind === "certificate").length;
  const training = fineTune(engine, {
    ...fineTuneOptions(options),
    ...(kept && { resume: kept.checkpoint }),
    checkpointEvery: keeper ? keepEvery : Infinity,
  });
  for await (const m of training) {
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
    else if (m.kind === "checkpoint") {
      const seconds = (kept?.seconds ?? 0) + spent();
      await keeper?.save({ checkpoint: m, told, tokens, seconds });
    } else if (m.kind === "outer") {
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
