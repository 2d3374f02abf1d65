import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import { crossEntropy } from "../../nn/losses.ts";
import type { Transformer } from "../../nn/transformer.ts";
import { adamw } from "../../optim/adamw.ts";
import { chain } from "../../optim/chain.ts";
import { clipByGlobalNorm } from "../../optim/clip.ts";
import type { Optimizer, TensorTree } from "../../optim/optimizer.ts";
import { warmupCosine } from "../../optim/schedules.ts";
import { drawExamples } from "../../tasks/study/examples.ts";
import { mixture } from "../../tasks/study/mixture.ts";
import { suiteOf } from "../../tasks/study/suite.ts";
import { fold, type Key, split } from "../../tensor/random.ts";
import { at } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import * as tree from "../../tensor/tree.ts";
import { type Batch, collate } from "../../train/batches.ts";
import { trainSteps } from "../../train/trainSteps.ts";
import type { Weights } from "../../weights/safetensors.ts";
import type { Checkpoints } from "../../weights/store.ts";
import type { PretrainingRecipe, Recipe } from "../recipe.ts";
import { pretrainingTokens } from "./work.ts";

/** How far pre-training has come. */
export interface PretrainingStep {
  readonly step: number;
  /** Nats a token. */
  readonly loss: number;
  /** Positions so far, padding included. */
  readonly tokens: number;
}

export interface PretrainOptions {
  readonly model: Transformer;
  readonly recipe: Recipe;
  readonly key: Key;
  /** Where finished and half-finished pre-trainings are kept. */
  readonly cache: Checkpoints;
  /** The name of this one there; of all that decides its numbers. */
  readonly name: string;
}

/** Losses are read back, and reported, every so many steps. */
const READ_EVERY = 20;
const CHECKPOINT_EVERY = 500;

/**
 * Trains the base model on the mixture, or takes it from the cache; goes on where an interrupted
 * pre-training left off, with the same numbers. Steps that were made before are told again, so that
 * what is measured does not depend on who made them.
 * @returns the parameters, on the host
 */
export async function* pretrain(
  engine: Engine,
  options: PretrainOptions,
): AsyncGenerator<PretrainingStep, Params> {
  const { model, recipe, key, cache, name } = options;
  const finished = await cache.load(name);
  const begun = finished ?? (await cache.load(half(name)));
  const losses = lossesOf(begun);
  const told = (count: number): PretrainingStep => {
    const step = count * READ_EVERY;
    return { step, loss: at(losses, count - 1), tokens: pretrainingTokens(recipe, step) };
  };
  for (let count = 1; count <= losses.length; count++) yield told(count);
  if (finished) return finished.tensors;

  const [initKey, dataKey] = split(key) as [Key, Key];
  const optimizer = optimizerOf(recipe.pretraining);
  const fresh = { params: model.init(initKey), step: 0 };
  const start = begun ? restore(begun, optimizer, fresh.params) : fresh;
  const training = trainSteps(engine, {
    ...start,
    optimizer,
    loss: (params, { tokens, labels, mask }) =>
      crossEntropy(model.apply(params, tokens), labels, mask),
    batches: batchesFrom(start.step, recipe, dataKey),
    readEvery: READ_EVERY,
    checkpointEvery: CHECKPOINT_EVERY,
  });
  for await (const m of training) {
    if (m.kind === "checkpoint") await cache.save(half(name), keep(m, losses));
    else if (m.kind === "step" && m.step % READ_EVERY === 0) yield told(losses.push(m.loss));
    else if (m.kind === "end") {
      const { params } = await engine.run(() => ({ params: m.params }));
      engine.release([m.params, m.state]);
      await cache.save(name, { tensors: params, metadata: written(losses) });
      await cache.remove(half(name));
      return params;
    }
  }
  throw new Error("pretrain: expected training to end with parameters");
}

/** The losses that were reported of a pre-training, in order, as its file keeps them. */
const written = (losses: readonly number[]) => ({ losses: JSON.stringify(losses) });
const lossesOf = (weights: Weights | undefined): number[] =>
  JSON.parse(weights?.metadata["losses"] ?? "[]") as number[];

const half = (name: string): string => `${name}.unfinished`;

function optimizerOf(recipe: PretrainingRecipe): Optimizer {
  const { clip, learningRate, steps, warmup, b1, b2, weightDecay } = recipe;
  const rate = warmupCosine({ learningRate, steps, warmup });
  const adam = adamw({ learningRate: rate, b1, b2, weightDecay });
  return chain(clipByGlobalNorm(clip), adam) as Optimizer;
}

/** Each step's batch depends on its number alone, so that training can go on from any step. */
function* batchesFrom(start: number, recipe: Recipe, key: Key): Generator<Batch> {
  const { steps, batchSize } = recipe.pretraining;
  const suite = suiteOf(recipe.suite);
  const { marker } = recipe.fineTuning;
  const sourceOf = mixture(suite, { ...recipe.pretraining, marker });
  for (let step = start; step < steps; step++) {
    const { draw, length } = sourceOf(step);
    const examples = drawExamples(draw, batchSize, fold(key, step), suite.vocabulary);
    yield collate(examples, length === undefined ? {} : { length });
  }
}

interface Start {
  readonly params: Params;
  readonly step: number;
  readonly state?: TensorTree;
}

/** Training's whole state as one file: parameters and the optimizer's memory, by path. */
const keep = ({ params, state, step }: Required<Start>, losses: readonly number[]): Weights => ({
  tensors: Object.fromEntries(tree.entries<Tensor>({ params, state })),
  metadata: { step: `${step}`, ...written(losses) },
});

function restore(
  { tensors, metadata: { step } }: Weights,
  optimizer: Optimizer,
  fresh: Params,
): Start {
  const template = { params: fresh, state: optimizer.init(fresh) };
  const leaves = tree.entries<Tensor>(template).map(([path]) => tensors[path] as Tensor);
  const { structure } = tree.flatten<Tensor>(template);
  const kept = tree.unflatten(structure, leaves) as unknown as typeof template;
  return { ...kept, step: Number(step) };
}
