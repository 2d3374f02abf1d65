import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import { fold, type Key, permutation } from "../tensor/random.ts";
import { at } from "../tensor/shapes.ts";
import { type Batch, collate, type Example, lengthOf, shuffledBatches } from "../train/batches.ts";
import { inRows, joined, sharedLength } from "../train/together.ts";
import {
  createTrainer,
  hostCopy,
  type StepMeasurement,
  type TrainingBatch,
  type TrainingProbe,
  type TrainingState,
} from "../train/trainSteps.ts";
import { type Anchors, createAnchors, type OuterStep } from "./anchors.ts";
import type { Certified, StepCertificate } from "./certificates/certifier.ts";
import { isAnchored } from "./objectives/objective.ts";
import type { FineTuneOptions } from "./options.ts";
import { type Plan, planFineTune } from "./plan.ts";
import { checkResume, type FineTuneCheckpoint, resumed } from "./resume.ts";
import type { Retention, RetentionPlan } from "./retention/retain.ts";
import { createRetainer, type Retainer } from "./retention/retainer.ts";
import { learningRates } from "./schedule.ts";
import { stepOf } from "./stepOf.ts";
import type { TargetsKind } from "./targets/kinds.ts";

/** A step of training. */
export interface FineTuneStep extends StepMeasurement {
  /** Steps of the whole run. */
  readonly steps: number;
  /** Outer step, from 0. */
  readonly outer: number;
  /** From 0, over the whole run. */
  readonly epoch: number;
  /** Undefined where the optimizer is the caller's, who alone knows it. */
  readonly learningRate: number | undefined;
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
  /** Where the anchor came from. */
  readonly targets: TargetsKind;
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
  /** The last audit, where there are answers to keep. */
  readonly retention?: Retention;
}

/** What is known of the answers to be kept, before the first step. */
export interface RetentionMeasurement extends RetentionPlan {
  /** Steps done: none. */
  readonly step: 0;
}

export type Measurement =
  | RetentionMeasurement
  | FineTuneStep
  | ProbeMeasurement
  | OuterMeasurement
  | FineTuneCheckpoint
  | FineTuneEnd;

/**
 * Fine-tunes a copy of `base`. Methods with a frozen anchor take a snapshot of the student at the
 * start of each outer step, make the anchor from it and the reference at every response token of
 * the data, and train towards it for the inner epochs; optimizer state and learning-rate schedule
 * go on over all of them. All other methods run through the same loop.
 * With `resume` a run goes on from one of its checkpoints, to the same bits as without a break: give
 * it the same options.
 * @returns every step; probes and checkpoints where they are asked for; every outer step with its
 *   certificate, for methods with a frozen anchor; and at last the end with the parameters, resident
 *   and the receiver's
 * @throws DataError for data that cannot be trained on, naming the example; RangeError for options
 *   out of range, a loss that is not finite (naming the step) and a violated certificate (naming
 *   the token)
 * @see https://arxiv.org/abs/2605.04468
 */
export async function* fineTune(
  engine: Engine,
  options: FineTuneOptions,
): AsyncGenerator<Measurement, void> {
  const asked = planFineTune(options);
  const { readEvery, probeEvery, checkpointEvery, resume } = asked;
  const { inner, stepsPerEpoch, steps, rate } = asked.schedule;
  if (resume) checkResume(asked, resume);
  const before = resume?.certified?.lost;
  const retainer = asked.retain && (await createRetainer(engine, asked, asked.retain, before));
  const plan = retainer?.plan ?? asked;
  const { objective } = plan.method;
  const trainer = createTrainer(engine, plan.optimizer, stepOf(engine, plan));
  const rates = rate && (await learningRates(rate, steps));
  const anchors = await createAnchors(engine, plan, resume?.certified);
  const origin = objective.penalty && engine.clone(plan.base);

  const weighs = isAnchored(objective.target);
  const planned = resume ? undefined : await retainer?.before();
  if (planned) yield { ...planned, step: 0 };
  let retention: Retention | undefined;
  let state: TrainingState = resume ? resumed(engine, resume) : await trainer.start(plan.base);
  for (let outer = resume?.outer ?? 0; outer < plan.schedule.outer; outer++) {
    const from = outer === resume?.outer ? (resume.snapshot ?? plan.base) : undefined;
    const start = snapshotOf(engine, state, from);
    const outerStep = await anchors.begin(start.params, outer);
    const kept = weighs && outer > 0 && checkpointEvery !== Infinity;
    const snapshot = kept ? await hostCopy(engine, start.params) : undefined;
    start.release();
    const { alpha } = outerStep;
    const done = state.step - outer * inner * stepsPerEpoch;
    const batches = withOrigin(
      outerBatches(engine, plan, [outer * inner, done], outerStep),
      origin,
    );
    const looks = { readEvery, probeEvery, checkpointEvery };
    for await (const m of trainer.run(state, { batches, ...looks })) {
      if (m.kind === "end") state = m;
      else if (m.kind === "checkpoint") {
        const certified = certifiedSoFar(anchors, retainer);
        yield { ...m, outer, ...(snapshot && { snapshot }), ...(certified && { certified }) };
      } else if (m.kind === "probe")
        yield { ...m, steps, outer, alpha: weighs ? alpha : undefined };
      else if (m.kind === "step") {
        const epoch = Math.floor((m.step - 1) / stepsPerEpoch);
        yield { ...m, steps, outer, epoch, learningRate: rates && at(rates, m.step - 1) };
      }
    }
    const own = await outerStep.certify(state.params);
    const { certified } = anchors;
    retention = await retainer?.audit(state.params, certified && 1 - certified.left);
    if (own) {
      const { step, params } = state;
      const certificate = { ...own, ...(retention && { retention }) };
      yield { kind: "outer", outer, alpha, targets: plan.targets, certificate, step, params };
    }
    if (typeof plan.method.alpha !== "number" && alpha === 1) break;
  }
  engine.release([state.state, origin ?? []]);
  const { step, params } = state;
  yield { kind: "end", step, params, ...(retention && { retention }) };
}

/** For a checkpoint. */
function certifiedSoFar(
  { certified }: Anchors,
  retainer: Retainer | undefined,
): Certified | undefined {
  return certified && { ...certified, ...(retainer && { lost: [...retainer.lost] }) };
}

/** The student at the start of an outer step: `from` where a run is gone on with. */
function snapshotOf(
  engine: Engine,
  { params }: TrainingState,
  from: Params | undefined,
): { readonly params: Params; release(): void } {
  if (!from) return { params, release: () => {} };
  const snapshot = engine.clone(from);
  return { params: snapshot, release: () => engine.release(snapshot) };
}

/** The batches of the inner epochs of one outer step, each with its rows of the targets; without
 * those that are done. */
async function* outerBatches(
  engine: Engine,
  {
    batch: { size, microBatchSize, packing, dropLast, replay, replayed },
    schedule: { inner },
    key,
  }: Plan,
  [firstEpoch, done]: readonly [firstEpoch: number, done: number],
  { data, target }: OuterStep,
): AsyncGenerator<TrainingBatch> {
  const extra = drawn(replay, replayed, fold(key, REPLAY + firstEpoch));
  let step = 0;
  for (let epoch = firstEpoch; epoch < firstEpoch + inner; epoch++)
    for (const indices of shuffledBatches(fold(key, epoch), data.length, size, dropLast)) {
      const prior = extra();
      if (step++ < done) continue;
      const all = [...indices.map((i) => at(data, i)), ...prior];
      const rows = inRows([...all.keys()], packing ? Math.min(microBatchSize, all.length) : 1);
      const batch = batchOf(
        rows.map((row) => joined(row.map((i) => at(all, i)))),
        packing,
      );
      const T = at(batch.tokens.shape, 1);
      if (!target) {
        yield batch;
        continue;
      }
      const compared = await target.of(
        rows.map((row) => row.map((i) => at(indices, i))),
        T,
      );
      yield { ...batch, target: compared };
      engine.release(compared); // the step has been taken
    }
}

const batchOf = (rows: readonly Example[], packing: boolean): Batch =>
  collate(rows, packing ? { length: sharedLength(Math.max(...rows.map(lengthOf))) } : {});

/** Keys of epochs count from 0, those of replay from here. */
const REPLAY = 2 ** 30;

/** Draws the prior examples of the next batch, in epochs of their own order. */
function drawn(replay: readonly Example[], count: number, key: Key): () => Example[] {
  const queue: number[] = [];
  let epoch = 0;
  return () => {
    while (queue.length < count) queue.push(...permutation(fold(key, epoch++), replay.length));
    return queue.splice(0, count).map((i) => at(replay, i));
  };
}

/** Batches that carry where training started, for penalties on the way from there. */
async function* withOrigin(
  batches: AsyncIterable<TrainingBatch>,
  base: Params | undefined,
): AsyncGenerator<TrainingBatch> {
  for await (const batch of batches) yield base ? { ...batch, base } : batch;
}
