import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import { fold } from "../tensor/random.ts";
import { createAnchors, type OuterTarget } from "./anchors.ts";
import { collate, type Example, shuffledBatches } from "./batches.ts";
import { objectives } from "./objectives.ts";
import { type FineTuneOptions, type FineTunePlan, planFineTune } from "./options.ts";
import { batchTarget } from "./responseRows.ts";
import { learningRates, optimizerOf } from "./schedule.ts";
import {
  createTrainer,
  type StepMeasurement,
  type TrainingBatch,
  type TrainingState,
} from "./trainSteps.ts";
import type { Verdict } from "./verdict.ts";

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

/** An outer step has ended. */
export interface OuterMeasurement {
  readonly kind: "outer";
  /** From 0. */
  readonly outer: number;
  /** The reference's weight in this step's anchor. */
  readonly alpha: number;
  /** What the step did and what bounds it, at the response tokens of the data. */
  readonly certificate: Verdict;
}

/** The fine-tuned model. */
export interface FineTuneEnd {
  readonly kind: "end";
  /** Steps done. */
  readonly step: number;
  /** Resident, the receiver's. */
  readonly params: Params;
}

export type Measurement = FineTuneStep | OuterMeasurement | FineTuneEnd;

/**
 * Fine-tunes a copy of `base`. Methods with a frozen anchor take a snapshot of the student at the
 * start of each outer step, make the anchor from it and the reference at every response token of
 * the data, and train towards it for the inner epochs; optimizer state and learning-rate schedule
 * go on over all of them. All other methods run through the same loop.
 * @returns every step; every outer step with its certificate, for methods with a frozen anchor; and
 *   at last the end with the parameters, resident and the receiver's
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
  const { model, inner, readEvery, stepsPerEpoch, steps } = plan;
  const settings = { ...plan, alpha: typeof plan.alpha === "number" ? plan.alpha : NaN };
  const objective = objectives[plan.method];
  const trainer = createTrainer(engine, {
    optimizer: optimizerOf(plan),
    loss: (params, { tokens, labels, mask, target }) =>
      objective.loss({ logits: model.apply(params, tokens), labels, mask, target }, settings),
  });
  const rates = await learningRates(plan);
  const anchors = await createAnchors(engine, plan);

  let at: TrainingState = await trainer.start(plan.base);
  let snapshot = await anchors.observe(at.params);
  for (let outer = 0; outer < plan.outer; outer++) {
    const target = await anchors.target(snapshot);
    const batches = outerBatches(plan, outer * inner, target);
    for await (const m of trainer.run(at, { batches, readEvery })) {
      if (m.kind === "end") at = m;
      else if (m.kind === "step") {
        const epoch = Math.floor((m.step - 1) / stepsPerEpoch);
        yield { ...m, steps, outer, epoch, learningRate: rates[m.step - 1] as number };
      }
    }
    const next = await anchors.observe(at.params);
    const certificate = await anchors.certify(target.alpha, snapshot, next);
    if (certificate) yield { kind: "outer", outer, alpha: target.alpha, certificate };
    snapshot = next;
  }
  engine.release(at.state);
  yield { kind: "end", step: at.step, params: at.params };
}

/** The batches of the inner epochs of one outer step, each with its rows of the targets. */
function* outerBatches(
  { data, batchSize, inner, key }: FineTunePlan,
  firstEpoch: number,
  { rows }: OuterTarget,
): Generator<TrainingBatch> {
  for (let epoch = firstEpoch; epoch < firstEpoch + inner; epoch++)
    for (const indices of shuffledBatches(fold(key, epoch), data.length, batchSize)) {
      const batch = collate(indices.map((i) => data[i] as Example));
      const T = batch.tokens.shape[1] as number;
      yield rows ? { ...batch, target: batchTarget(rows, data, indices, T) } : batch;
    }
}
