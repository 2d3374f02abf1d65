import { setImmediate } from "node:timers/promises";
import type { Engine } from "../engines/engine.ts";
import { checkpointIn, checkpointWeights } from "../finetune/files/checkpointFile.ts";
import type { Params } from "../nn/config.ts";
import { crossEntropy } from "../nn/losses.ts";
import type { Transformer } from "../nn/transformer.ts";
import { adamw } from "../optim/adamw.ts";
import { chain } from "../optim/chain.ts";
import { clipByGlobalNorm } from "../optim/clip.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { warmupStableDecay } from "../optim/schedules.ts";
import type { Key } from "../tensor/random.ts";
import { layoutOf } from "../train/batches.ts";
import { type TrainingState, trainSteps } from "../train/trainSteps.ts";
import type { Weights } from "../weights/safetensors.ts";
import type { Checkpoints } from "../weights/store.ts";
import { type MixtureParts, mixtureFrom } from "./mixture.ts";
import { type Told, type ToldStep, toldIn } from "./told.ts";

export interface TrainOptions {
  readonly model: Transformer;
  readonly mixture: MixtureParts;
  /** Of the parameters. */
  readonly key: Key;
  readonly steps: number;
  readonly learningRate: number;
  /** Where a half-finished training is kept. */
  readonly kept: Checkpoints;
  readonly signal: AbortSignal;
  /** A checkpoint after so many steps. */
  readonly checkpointEvery: number;
}

/** Steps whose losses are told as one. */
export const TOLD = 20;
/** What the state of a training is kept as. */
export const STATE = "state";
/** As in most recipes for models of this kind. */
const settings = { b1: 0.9, b2: 0.95, weightDecay: 0.1, clip: 1 } as const;
/** Steps of the warm-up, and share of the steps behind it over which the rate falls to 0. */
const WARMUP = 100;
const DECAY = 0.2;

/** Steps over which the rate rises. */
export const risingOf = (steps: number): number => Math.min(WARMUP, Math.floor(steps / 10));
/** Where the rate begins to fall. */
const decayFrom = (steps: number): number =>
  Math.floor(risingOf(steps) + (1 - DECAY) * (steps - risingOf(steps)));

/**
 * Trains on the mixture: AdamW with a short warm-up, a constant rate and a linear decay. Goes on where
 * it was stopped, to the same numbers, also with more or fewer steps as long as the rate does not fall;
 * steps of before are told again.
 * @returns parameters on the host; undefined when stopped
 * @throws RangeError for another number of steps when it is too late; DataError for what is kept of
 *   another training, or of none
 */
export async function* train(
  engine: Engine,
  options: TrainOptions,
): AsyncGenerator<ToldStep, Params | undefined> {
  const { model, mixture, key, steps, learningRate, kept, signal, checkpointEvery } = options;
  const begun = await kept.load(STATE);
  const from = begun && checkpointIn(begun, STATE);
  const told = toldOf(begun);
  expectSteps(steps, told.total ?? steps, from?.step ?? 0);
  for (const step of told.steps) yield { ...step, isAgain: true };
  // Half a step more, so that no rounding takes one away.
  const warmup = (risingOf(steps) + 0.5) / steps;
  const rate = warmupStableDecay({ learningRate, steps, warmup, decay: DECAY });
  const { b1, b2, weightDecay } = settings;
  const adam = adamw({ learningRate: rate, b1, b2, weightDecay });
  const optimizer = chain(clipByGlobalNorm(settings.clip), adam) as Optimizer;
  const start = from
    ? { params: from.params, state: from.state, step: from.step }
    : { params: model.init(key) };
  const run = trainSteps(engine, {
    ...{ ...start, optimizer, batches: mixtureFrom(from?.step ?? 0, steps, mixture) },
    loss: (params, batch) =>
      crossEntropy(model.apply(params, batch.tokens, layoutOf(batch)), batch.labels, {
        mask: batch.mask,
        weights: batch.weights,
      }),
    readEvery: TOLD,
    checkpointEvery: (step) => signal.aborted || (step % checkpointEvery === 0 && step < steps),
  });
  for await (const m of run) {
    // Engines may resolve without the event loop; who stops a training is heard in it.
    await setImmediate();
    if (m.kind === "step") {
      told.losses.push(m.loss);
      if (m.step % TOLD !== 0 && m.step !== steps) continue;
      const losses = told.losses.splice(0);
      const loss = losses.reduce((a, b) => a + b, 0) / losses.length;
      told.steps.push({ step: m.step, loss });
      yield { step: m.step, loss };
    } else if (m.kind === "checkpoint") {
      await kept.save(STATE, checkpointOf(m, { ...told, total: steps }));
      if (signal.aborted) return undefined;
    } else if (m.kind === "end") {
      const { params } = await engine.run(() => ({ params: m.params }));
      engine.release([m.params, m.state]);
      return params;
    }
  }
  throw new Error("pretrain: expected training to end with parameters");
}

function expectSteps(steps: number, before: number, step: number): void {
  const sooner = Math.min(steps, before);
  const isSame =
    steps === before || (risingOf(steps) === risingOf(before) && step <= decayFrom(sooner));
  if (isSame) return;
  throw new RangeError(
    `pretrain: expected ${before} steps as training began with, which is at step ${step}, got ${steps}: the rate falls from step ${decayFrom(sooner)} on`,
  );
}

const toldOf = (begun: Weights | undefined): Told => {
  const text = begun?.metadata["told"];
  return text === undefined ? { steps: [], losses: [] } : toldIn(text, STATE);
};

function checkpointOf({ step, params, state }: TrainingState, told: Told): Weights {
  const whole = checkpointWeights({ kind: "checkpoint", step, outer: 0, params, state });
  return { ...whole, metadata: { ...whole.metadata, told: JSON.stringify(told) } };
}
