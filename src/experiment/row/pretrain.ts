import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import { crossEntropy } from "../../nn/losses.ts";
import type { Transformer } from "../../nn/transformer.ts";
import { adamw } from "../../optim/adamw.ts";
import { chain } from "../../optim/chain.ts";
import { clipByGlobalNorm } from "../../optim/clip.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { warmupCosine } from "../../optim/schedules.ts";
import { drawExamples } from "../../tasks/study/examples.ts";
import { mixture } from "../../tasks/study/mixture.ts";
import { suiteOf } from "../../tasks/study/suite.ts";
import { fold, type Key, split } from "../../tensor/random.ts";
import { at } from "../../tensor/shapes.ts";
import { type Batch, collate } from "../../train/batches.ts";
import { trainSteps } from "../../train/trainSteps.ts";
import type { Checkpoints } from "../../weights/store.ts";
import type { PretrainedRecipe, PretrainingRecipe } from "../recipe.ts";
import {
  keep,
  lossesIn,
  paramsIn,
  READ_EVERY,
  restore,
  type Start,
  written,
} from "./pretrained.ts";
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
  readonly recipe: PretrainedRecipe;
  readonly key: Key;
  /** Where finished and half-finished pre-trainings are kept. */
  readonly cache: Checkpoints;
  /** The name of this one there; of all that decides its numbers. */
  readonly name: string;
}

const CHECKPOINT_EVERY = 500;

/**
 * Trains the base model on the mixture, or takes it from the cache; goes on where an interrupted
 * pre-training left off, with the same numbers. Steps that were made before are told again, so that
 * what is measured does not depend on who made them.
 * @returns the parameters, on the host
 * @throws DataError for a file of the cache that holds something else
 */
export async function* pretrain(
  engine: Engine,
  options: PretrainOptions,
): AsyncGenerator<PretrainingStep, Params> {
  const { model, recipe, key, cache, name } = options;
  const finished = await cache.load(name);
  const begun = finished ?? (await cache.load(half(name)));
  const losses = begun ? lossesIn(begun, finished ? name : half(name)) : [];
  const told = (count: number): PretrainingStep => {
    const step = count * READ_EVERY;
    return { step, loss: at(losses, count - 1), tokens: pretrainingTokens(recipe, step) };
  };
  for (let count = 1; count <= losses.length; count++) yield told(count);
  if (finished) return paramsIn(finished, model.shapes, name);

  const [initKey, dataKey] = split(key) as [Key, Key];
  const optimizer = optimizerOf(recipe.pretraining);
  const params = model.init(initKey);
  const template = (): Required<Omit<Start, "step">> => ({ params, state: optimizer.init(params) });
  const start = begun ? restore(begun, losses, template(), half(name)) : { params, step: 0 };
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

const half = (name: string): string => `${name}.unfinished`;

function optimizerOf(recipe: PretrainingRecipe): Optimizer {
  const { clip, learningRate, steps, warmup, b1, b2, weightDecay } = recipe;
  const rate = warmupCosine({ learningRate, steps, warmup });
  const adam = adamw({ learningRate: rate, b1, b2, weightDecay });
  return chain(clipByGlobalNorm(clip), adam) as Optimizer;
}

/** Each step's batch depends on its number alone, so that training can go on from any step. */
function* batchesFrom(start: number, recipe: PretrainedRecipe, key: Key): Generator<Batch> {
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
