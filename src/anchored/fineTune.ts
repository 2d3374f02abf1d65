import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import { fold, type Key, permutation } from "../tensor/random.ts";
import { collate, type Example, shuffledBatches } from "../train/batches.ts";
import {
  createTrainer,
  type StepMeasurement,
  type TrainingBatch,
  type TrainingProbe,
  type TrainingState,
} from "../train/trainSteps.ts";
import { createAnchors, type OuterStep } from "./anchors.ts";
import type { StepCertificate } from "./certificates/certifier.ts";
import { objectives } from "./objectives/methods.ts";
import { isAnchored } from "./objectives/objective.ts";
import { type FineTuneOptions, type FineTunePlan, planFineTune } from "./options.ts";
import { learningRates, optimizerOf } from "./schedule.ts";
import { stepOf } from "./stepOf.ts";
import { batchTarget } from "./targets/responseRows.ts";

/** A step of training. */
export interface FineTuneStep extends StepMeasurement {
  /** Steps of the whole run. */
  readonly steps: number;
  /** Outer step, from 0. */
  readonly outer: number;
  /** From 0, over the whole run. */
  readonly epoch: number;
  readonly learningRate: number;
}

/** A look at the student between two steps. */
export interface ProbeMeasurement extends TrainingProbe {
  /** Steps of the whole run. */
  readonly steps: number;
  /** Outer step, from 0. */
  readonly outer: number;
  /** The reference's weight in this step's anchor; undefined for methods without a frozen one. */
  readonly alpha: number | undefined;
}

/** An outer step has ended. */
export interface OuterMeasurement {
  readonly kind: "outer";
  /** From 0. */
  readonly outer: number;
  /** The reference's weight in this step's anchor. */
  readonly alpha: number;
  /** What the step did and what bounds it, at the response tokens of the data. */
  readonly certificate: StepCertificate;
  /** Steps done. */
  readonly step: number;
  /** The student, resident; to look at before asking for more, as in a probe. */
  readonly params: Params;
}

/** The fine-tuned model. */
export interface FineTuneEnd {
  readonly kind: "end";
  /** Steps done. */
  readonly step: number;
  /** Resident, the receiver's. */
  readonly params: Params;
}

export type Measurement = FineTuneStep | ProbeMeasurement | OuterMeasurement | FineTuneEnd;

/**
 * Fine-tunes a copy of `base`. Methods with a frozen anchor take a snapshot of the student at the
 * start of each outer step, make the anchor from it and the reference at every response token of
 * the data, and train towards it for the inner epochs; optimizer state and learning-rate schedule
 * go on over all of them. All other methods run through the same loop.
 * @returns every step; probes where they are asked for; every outer step with its certificate, for
 *   methods with a frozen anchor; and at last the end with the parameters, resident and the receiver's
 * @throws DataError for data that cannot be trained on, naming the example; RangeError for options
 *   out of range, a loss that is not finite (naming the step) and a violated certificate (naming
 *   the token)
 * @see https://arxiv.org/abs/2605.04468
 */
export async function* fineTune(
  engine: Engine,
  options: FineTuneOptions,
): AsyncGenerator<Measurement, void> {
  const plan = planFineTune(options);
  const { inner, readEvery, probeEvery, stepsPerEpoch, steps } = plan;
  const objective = objectives[plan.method];
  const optimizer = optimizerOf(plan);
  const trainer = createTrainer(engine, optimizer, stepOf(engine, plan, optimizer));
  const rates = await learningRates(plan);
  const anchors = await createAnchors(engine, plan);
  const origin = objective.penalty && engine.clone(plan.base);

  const weighs = isAnchored(objective.target);
  let at: TrainingState = await trainer.start(plan.base);
  for (let outer = 0; outer < plan.outer; outer++) {
    const outerStep = await anchors.begin(at.params, outer);
    const { alpha } = outerStep;
    const batches = withOrigin(outerBatches(plan, outer * inner, outerStep), origin);
    for await (const m of trainer.run(at, { batches, readEvery, probeEvery })) {
      if (m.kind === "end") at = m;
      else if (m.kind === "probe") yield { ...m, steps, outer, alpha: weighs ? alpha : undefined };
      else if (m.kind === "step") {
        const epoch = Math.floor((m.step - 1) / stepsPerEpoch);
        yield { ...m, steps, outer, epoch, learningRate: rates[m.step - 1] as number };
      }
    }
    const certificate = await outerStep.certify(at.params);
    if (certificate) {
      const { step, params } = at;
      yield { kind: "outer", outer, alpha, certificate, step, params };
    }
    if (typeof plan.alpha !== "number" && alpha === 1) break;
  }
  engine.release([at.state, origin ?? []]);
  yield { kind: "end", step: at.step, params: at.params };
}

/** The batches of the inner epochs of one outer step, each with its rows of the targets. */
function* outerBatches(
  { batchSize, inner, key, replay, replayShare, method }: FineTunePlan,
  firstEpoch: number,
  { data, target }: OuterStep,
): Generator<TrainingBatch> {
  const extra =
    method === "replay"
      ? replayed(replay, replayShare, batchSize, fold(key, REPLAY + firstEpoch))
      : undefined;
  for (let epoch = firstEpoch; epoch < firstEpoch + inner; epoch++)
    for (const indices of shuffledBatches(fold(key, epoch), data.length, batchSize)) {
      const examples = indices.map((i) => data[i] as Example);
      const batch = collate([...examples, ...(extra?.() ?? [])]);
      const T = batch.tokens.shape[1] as number;
      yield target ? { ...batch, target: batchTarget(target, data, indices, T) } : batch;
    }
}

/** Keys of epochs count from 0, those of replay from here. */
const REPLAY = 2 ** 30;

/** Draws the prior examples of the next batch, in epochs of their own order. */
function replayed(
  replay: readonly Example[],
  share: number,
  batchSize: number,
  key: Key,
): () => Example[] {
  const count = Math.round((batchSize * share) / (1 - share));
  const queue: number[] = [];
  let epoch = 0;
  return () => {
    while (queue.length < count) queue.push(...permutation(fold(key, epoch++), replay.length));
    return queue.splice(0, count).map((i) => replay[i] as Example);
  };
}

/** Batches that carry where training started, for penalties on the way from there. */
function* withOrigin(
  batches: Iterable<TrainingBatch>,
  base: Params | undefined,
): Generator<TrainingBatch> {
  for (const batch of batches) yield base ? { ...batch, base } : batch;
}
