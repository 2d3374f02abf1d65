import { type FineTuneStep, fineTune, type OuterMeasurement } from "../../anchored/fineTune.ts";
import { dareMerge, tiesMerge } from "../../anchored/objectives/merges.ts";
import { objectives } from "../../anchored/objectives/methods.ts";
import { hasReference, isAnchored } from "../../anchored/objectives/objective.ts";
import { interpolateWeights } from "../../anchored/objectives/weights.ts";
import type { FineTuneOptions } from "../../anchored/options.ts";
import type { Retain } from "../../anchored/retention/retain.ts";
import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import type { Transformer } from "../../nn/transformer.ts";
import type { Vocabulary } from "../../tasks/study/vocabulary.ts";
import type { Key } from "../../tensor/random.ts";
import type { PromptResponse } from "../../train/examples.ts";
import type { Every } from "../../train/trainSteps.ts";
import type { Watch } from "../look/watch.ts";
import type { Certified, Progress } from "../measurements.ts";
import type { FineTuningRecipe, Merge, RowRecipe, Tuning } from "../recipe.ts";
import { adaptedBase, type RowModel, wholeModel } from "./adapter.ts";
import { type Judge, type RowData, rowData } from "./ownData.ts";
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
  readonly vocabulary: Vocabulary;
  /** Prior examples, for the methods that replay them. */
  readonly replay: readonly PromptResponse[];
  readonly key: Key;
  /** Judges what the base answers, for rows that train on its own words. */
  readonly judge: Judge;
  readonly seed: number;
  readonly watch: Watch;
  /** Prompts whose answers are to be kept, for a row that asks for a risk. */
  readonly retain?: Retain | undefined;
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
  const { row, base, reference, keeper, key } = options;
  if (row.method === "base") return { params: base, before: 0 };
  if (row.method === "merge")
    return { params: await mergedWeights(engine, row, { base, reference, key }), before: 0 };
  const kept = await keeper?.load();
  const told: RowMeasurement[] = [...(kept?.told ?? [])];
  yield* told;
  const tuning = tune(engine, { ...options, row }, kept, told);
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
  options: TrainOptions & { readonly row: Tuning },
  kept: UnfinishedRow | undefined,
  told: readonly RowMeasurement[],
): AsyncGenerator<RowMeasurement, Params> {
  const { row, base, watch, key, keeper, keepEvery, spent } = options;
  const { lora: rank } = row;
  const trained =
    rank === undefined
      ? wholeModel(engine, options.model, base)
      : adaptedBase(engine, options.model, base, { rank, key });
  const seen = rank === undefined ? (params: Params) => params : trained.whole;
  // What the base writes is written again, to the same tokens, where a row is gone on with.
  const speaker = { model: options.model, params: base };
  const own = await rowData(engine, row, options, {
    ...{ base: speaker, key, judge: options.judge, vocabulary: options.vocabulary },
  });
  const snapshot = kept?.checkpoint.snapshot;
  if (snapshot && isAnchored(objectives[row.method].target)) await watch.goOn(await seen(snapshot));
  let tokens = kept?.tokens ?? 0;
  let outerSteps = told.filter(({ kind }) => kind === "certificate").length;
  const training = fineTune(engine, {
    ...fineTuneOptions(options, trained, own),
    ...(kept && { resume: kept.checkpoint }),
    checkpointEvery: keeper ? keepEvery : Infinity,
  });
  for await (const m of training) {
    if (m.kind === "end") {
      if (outerSteps === 0)
        yield await watch.outer({ outer: 0, alpha: undefined, params: await seen(m.params) });
      const params = await trained.whole(m.params);
      engine.release(m.params);
      trained.release();
      return params;
    }
    if (m.kind === "step") {
      tokens += m.tokens;
      yield* progress(options, m, tokens);
    } else if (m.kind === "retention") {
      const { step: _, ...planned } = m;
      yield { ...planned, seed: options.seed, row: options.row.id };
    } else if (m.kind === "probe") yield await watch.probe({ ...m, params: await seen(m.params) });
    else if (m.kind === "checkpoint") {
      const seconds = (kept?.seconds ?? 0) + spent();
      await keeper?.save({ checkpoint: m, told, tokens, seconds });
    } else if (m.kind === "outer") {
      outerSteps++;
      yield certified(options, m);
      yield await watch.outer({ ...m, params: await seen(m.params) });
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
  const { mean, held, tokens, heldWithoutDelta: withoutDelta, ...more } = m.certificate;
  const { leastSlack, linear, cumulative, sequence, ledger, retention } = more;
  const { stepKl, bound, delta, ...rest } = mean;
  return {
    kind: "certificate",
    ...{ seed, row: row.id, outer: m.outer, alpha: m.alpha },
    ...{ measured: stepKl, bound, inexactness: delta, ...rest },
    ...{ leastSlack, linear, held: held === tokens, tokens, withoutDelta },
    ...(cumulative && { cumulative }),
    ...(sequence && { sequence }),
    ...(ledger && { ledger }),
    ...(retention && { retention }),
  };
}

/** The recipe's optimizer, and what the row sets instead or besides. */
function fineTuneOptions(
  { recipe, row, reference, key, probeEvery, retain, vocabulary }: TrainOptions,
  { model, start }: RowModel,
  { data, replay }: RowData,
): FineTuneOptions {
  const { batchSize, learningRate, warmup, b1, b2, weightDecay, clip, epochs } = recipe;
  const { id: _, label: __, family: ___, reference: ____, ...treatment } = row;
  const tuning = treatment as Tuning;
  const { method, lora: _rank, selfAnswers: _own, replayFrom: _from, ...settings } = tuning;
  return {
    ...{ batchSize, learningRate, warmup, b1, b2, weightDecay, clip },
    ...(settings.inner === undefined && { epochs }),
    ...{ model, base: start, data, replay, key, readEvery: READ_EVERY, probeEvery },
    ...{ sequences: SEQUENCES, stopToken: vocabulary.eos },
    ...(hasReference(objectives[method].target) && { reference: needed(reference, row) }),
    ...(retain && { retain }),
    ...settings,
    method,
  };
}

/** WiSE-FT, TIES or DARE. */
async function mergedWeights(
  engine: Engine,
  row: RowRecipe & Merge,
  { base, reference, key }: Pick<TrainOptions, "base" | "reference" | "key">,
): Promise<Params> {
  const [tuned, { weight }] = [needed(reference, row), row];
  if (row.kind === "ties")
    return tiesMerge(base, tuned, { weight, ...(row.keep !== undefined && { keep: row.keep }) });
  if (row.kind === "dare")
    return dareMerge(base, tuned, {
      weight,
      key,
      ...(row.drop !== undefined && { drop: row.drop }),
    });
  return engine.run(() => interpolateWeights(base, tuned, weight));
}

function needed(reference: Params | undefined, row: RowRecipe): Params {
  if (!reference)
    throw new RangeError(`train: expected the reference's row before ${row.id}, got none`);
  return reference;
}
