import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import { mapTensors } from "../optim/optimizer.ts";
import { cast } from "../tensor/ops.ts";
import { fold } from "../tensor/random.ts";
import { at } from "../tensor/shapes.ts";
import {
  createTrainer,
  hostCopy,
  type StepMeasurement,
  type TrainingBatch,
  type TrainingProbe,
  type TrainingState,
} from "../train/trainSteps.ts";
import { type Anchors, createAnchors } from "./anchors.ts";
import type { Certified, StepCertificate } from "./certificates/certifier.ts";
import { fisherDiagonal } from "./fisher.ts";
import { isAnchored } from "./objectives/objective.ts";
import type { FineTuneOptions } from "./options.ts";
import { outerBatches } from "./outerBatches.ts";
import { type Plan, planFineTune } from "./plan.ts";
import { checkResume, type FineTuneCheckpoint, resumed } from "./resume.ts";
import type { Retention, RetentionPlan } from "./retention/retain.ts";
import { createRetainer, type Retainer } from "./retention/retainer.ts";
import { learningRates } from "./schedule.ts";
import { stepOf } from "./stepOf.ts";
import type { TargetsKind } from "./targets/kinds.ts";
import { weightSpaceOf } from "./targets/languageModel.ts";

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

/** What `fineTune` tells while it runs, by `kind`, in the order in which it happens. */
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
  const read = planFineTune(options);
  const asked = read.rounds ? { ...read, base: await roundedBase(engine, read.base) } : read;
  const { readEvery, probeEvery, checkpointEvery, resume } = asked;
  const { stepsPerOuter, steps, rate } = asked.schedule;
  if (resume) checkResume(asked, resume);
  const before = resume?.certified?.lost;
  const retainer = asked.retain && (await createRetainer(engine, asked, asked.retain, before));
  const plan = retainer?.plan ?? asked;
  const { objective } = plan.method;
  const trainer = createTrainer(engine, plan.optimizer, stepOf(engine, plan));
  const { restarts, outer: outerSteps } = plan.schedule;
  const rates = rate && (await learningRates(rate, restarts ? stepsPerOuter : steps));
  const anchors = await createAnchors(engine, plan, resume?.certified);
  const origin = await originOf(engine, plan);

  const weighs = isAnchored(objective.target);
  const planned = resume ? undefined : await retainer?.before();
  if (planned) yield { ...planned, step: 0 };
  let retention: Retention | undefined;
  let state: TrainingState = resume ? resumed(engine, resume) : await trainer.start(plan.base);
  for (let outer = resume?.outer ?? 0; outer < outerSteps; outer++) {
    if (restarts && outer > (resume?.outer ?? 0)) state = await trainer.restart(state);
    const from = outer === resume?.outer ? (resume.snapshot ?? plan.base) : undefined;
    const start = snapshotOf(engine, state, from);
    const outerStep = await anchors.begin(start.params, outer);
    const kept = weighs && outer > 0 && checkpointEvery !== Infinity;
    const snapshot = kept ? await hostCopy(engine, start.params) : undefined;
    start.release();
    const { alpha } = outerStep;
    const first = outer * stepsPerOuter;
    const done = state.step - first;
    const batches = (student: () => Params) =>
      withOrigin(outerBatches(engine, plan, [outer, done], outerStep, student), origin);
    const looks = { readEvery, probeEvery, checkpointEvery };
    for await (const m of trainer.run(state, { batches, ...looks })) {
      if (m.kind === "end") state = m;
      else if (m.kind === "checkpoint") {
        const certified = certifiedSoFar(anchors, retainer);
        const { snapshot: own } = outerStep;
        const from = own ? await hostCopy(engine, own) : snapshot;
        yield { ...m, outer, ...(from && { snapshot: from }), ...(certified && { certified }) };
      } else if (m.kind === "probe")
        yield { ...m, steps, outer, alpha: weighs ? alpha : undefined };
      else if (m.kind === "step") yield stepOfRun(plan.schedule, rates, outer, m);
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
  engine.release([state.state, ...Object.values(origin), asked.rounds ? asked.base : []]);
  const { step, params } = state;
  yield { kind: "end", step, params, ...(retention && { retention }) };
}

/** A step, and where it stands in the whole run. @param rates of the steps until the schedule restarts */
function stepOfRun(
  { inner, stepsPerEpoch, stepsPerOuter, steps }: Plan["schedule"],
  rates: ArrayLike<number> | undefined,
  outer: number,
  measured: StepMeasurement,
): FineTuneStep {
  const done = measured.step - 1;
  const epoch = outer * inner + Math.floor((done - outer * stepsPerOuter) / stepsPerEpoch);
  const learningRate = rates && at(rates, done % rates.length);
  return { ...measured, steps, outer, epoch, learningRate };
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

/** Keys of epochs count from 0, those of replay from the next one. */
const FISHER = 2 ** 30 - 1;

/** What batches carry for penalties on the way from where training started. */
type Origin = Pick<TrainingBatch, "base" | "fisher">;

async function originOf(engine: Engine, plan: Plan): Promise<Origin> {
  const { penalty, fisher } = plan.method.objective;
  if (!penalty) return {};
  const { space, certify, key } = plan;
  const base = engine.clone(plan.base);
  if (!fisher) return { base };
  const { whole } = space ?? weightSpaceOf(plan.model);
  // Of an adapter's factors the one gets no gradient where the other is 0: what they make matters.
  const isAdapter = plan.model.weightSpace !== undefined;
  const params = isAdapter ? await engine.compile(whole.of)(base) : plan.base;
  const data = plan.batch.replay;
  const stop = certify.stopToken === undefined ? {} : { stopToken: certify.stopToken };
  const asked = { model: whole.model, params, data, ...stop, key: fold(key, FISHER) };
  const found = await fisherDiagonal(engine, asked);
  if (isAdapter) engine.release(params);
  return { base, fisher: found };
}

async function* withOrigin(
  batches: AsyncIterable<TrainingBatch>,
  origin: Origin,
): AsyncGenerator<TrainingBatch> {
  for await (const batch of batches) yield { ...batch, ...origin };
}

/** The base in bf16, as a model that was loaded so. Resident. */
function roundedBase(engine: Engine, base: Params): Promise<Params> {
  const round = engine.compile((params: Params) =>
    mapTensors((x) => cast(cast(x, "bf16"), "float"), params),
  );
  return round(base);
}
