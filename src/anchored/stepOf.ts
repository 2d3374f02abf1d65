import type { Engine } from "../engines/engine.ts";
import type { Program } from "../engines/program.ts";
import type { Params } from "../nn/config.ts";
import { type Accumulated, type Accumulation, accumulation } from "../optim/accumulate.ts";
import { mapTensors, type TensorTree } from "../optim/optimizer.ts";
import { constant } from "../tensor/apply.ts";
import { valueAndGrad } from "../tensor/grad.ts";
import { add, mul, sub } from "../tensor/ops.ts";
import { at } from "../tensor/shapes.ts";
import { isConstant, type Tensor } from "../tensor/tensor.ts";
import { layoutOf } from "../train/batches.ts";
import { guardedUpdate, type Stepped } from "../train/guard.ts";
import { stepPrograms } from "../train/programs.ts";
import {
  compileGradientStep,
  compileStep,
  type Step,
  type TrainingBatch,
} from "../train/trainSteps.ts";
import { projected, sharpnessAware } from "./gradients.ts";
import { objectiveLoss, objectiveSum } from "./objectives/loss.ts";
import type { Objective, ObjectiveInputs } from "./objectives/objective.ts";
import { withReplay } from "./objectives/replayed.ts";
import type { Plan } from "./plan.ts";
import type { LanguageModel } from "./targets/languageModel.ts";
import { throughHead } from "./targets/onDevice.ts";

/** The training step of a plan's method, on whole batches or on one micro-batch after the other. */
export const stepOf = (engine: Engine, plan: Plan): Step =>
  isInParts(plan) ? inMicroBatches(engine, plan) : wholeStep(engine, plan);

/** Whether a batch is cut into micro-batches. */
export const isInParts = ({ batch }: Plan): boolean => batch.microBatchSize < batch.size;

/** A step on whole batches. */
export function wholeStep(engine: Engine, plan: Plan): Program<Parameters<Step>, Stepped> {
  const { settings } = plan.method;
  const objective = objectiveOf(plan);
  const inputsOf = readerOf(plan);
  const loss = (params: Params, batch: TrainingBatch): Tensor =>
    objectiveLoss(objective, inputsOf(params, batch), settings);
  const { sam, optimizer } = plan;
  if (sam > 0) return compileGradientStep(engine, sharpnessAware(loss, sam), optimizer);
  if (!objective.gradient) return compileStep(engine, loss, optimizer);
  const of = (isPrior: boolean) => (params: Params, batch: TrainingBatch) =>
    loss(params, among(batch, isPrior));
  return compileGradientStep(engine, projected(of(false), of(true)), optimizer);
}

/** A batch of which the prior examples count alone, or the others. */
function among(batch: TrainingBatch, isPrior: boolean): TrainingBatch {
  const { mask, replayed } = batch;
  if (!replayed) throw new TypeError("stepOf: expected batches with prior examples, got none");
  return { ...batch, mask: mul(mask, isPrior ? replayed : sub(1, replayed)) as typeof mask };
}

/** What the objective is given of a batch. */
function readerOf(plan: Plan) {
  const read = seenOf(plan);
  return (params: Params, { tokens, ...batch }: TrainingBatch): ObjectiveInputs => ({
    ...{ logits: read(params, tokens, layoutOf(batch)), params },
    ...batch,
  });
}

/** The method's objective, of logits or of hidden states; its penalty in the space of weights. */
function objectiveOf({ method, model, targets, space, batch }: Plan): Objective {
  const { penalty } = method.objective;
  const replaying = batch.isApart ? withReplay(method.objective) : method.objective;
  const distance = space?.squaredDistance;
  const objective: Objective =
    penalty && distance
      ? {
          ...replaying,
          penalty: (params, base, settings, given) =>
            penalty(params, base, settings, { ...given, distance }),
        }
      : replaying;
  return targets === "hidden" ? throughHead(objective, model) : objective;
}

/** What the objective reads. */
const seenOf = ({ model, targets }: Plan): LanguageModel["apply"] =>
  targets === "hidden" && model.hidden ? model.hidden : model.apply;

/** Where training started, for penalties on the way from there. */
type Origin = Pick<TrainingBatch, "base" | "fisher">;

type Sums = Accumulated<Params>;

/** The programs of a step on micro-batches: sums that start, grow, and end as an update. */
export interface MicroPrograms {
  readonly sums: Accumulation<Params, TrainingBatch>;
  readonly start: Program<[params: Params], Sums>;
  /** Consumes the sums so far. */
  readonly more: Program<[all: Sums, params: Params, part: TrainingBatch], Sums>;
  /** Consumes parameters, state and sums. */
  readonly finish: Program<
    [params: Params, state: TensorTree, all: Sums, origin: Origin, sound: Tensor],
    Stepped
  >;
}

/** Compiles them. */
export function microPrograms(engine: Engine, plan: Plan): MicroPrograms {
  const { optimizer } = plan;
  const { settings } = plan.method;
  const objective = objectiveOf(plan);
  const inputsOf = readerOf(plan);
  const sums = accumulation((params: Params, part: TrainingBatch) =>
    objectiveSum(objective, inputsOf(params, part), settings),
  );
  const start = engine.compile(sums.init);
  const more = engine.compile(sums.add, { name: stepPrograms.microBatch, donate: [0] });
  const finish = engine.compile(
    function finish(
      params: Params,
      state: TensorTree,
      all: Sums,
      { base = {}, fisher }: Origin,
      sound: Tensor,
    ) {
      const mean = sums.mean(all);
      const { penalty } = objective;
      const [value, grads] = penalty
        ? mapTensors(
            add,
            mean,
            valueAndGrad((p: Params) => penalty(p, base, settings, { fisher }))(params),
          )
        : mean;
      return guardedUpdate(optimizer, [params, state], [value, grads], sound);
    },
    { donate: [0, 1, 2] },
  );
  return { sums, start, more, finish };
}

/** Adds gradients up over micro-batches, of which the device holds one at a time. */
function inMicroBatches(engine: Engine, plan: Plan): Step {
  const { start, more, finish } = microPrograms(engine, plan);
  return async (params, state, { base, fisher, ...batch }, sound) => {
    const origin = { ...(base && { base }), ...(fisher && { fisher }) };
    let all = await start(params);
    for (const part of microBatches(batch, plan.batch.packing ? 1 : plan.batch.microBatchSize))
      all = await more(all, params, part);
    return finish(params, state, all, origin, sound);
  };
}

/** The rows of a batch on the host, so many at a time. */
export function* microBatches(batch: TrainingBatch, size: number): Generator<TrainingBatch> {
  const B = at(batch.tokens.shape, 0);
  for (let from = 0; from < B; from += size)
    yield mapTensors((x) => rowsOf(x, from, Math.min(size, B - from)), batch) as TrainingBatch;
}

function rowsOf(x: Tensor, from: number, count: number): Tensor {
  if (!isConstant(x)) throw new TypeError("stepOf: expected batches on the host");
  const [B, ...rest] = x.shape as [number, ...number[]];
  const each = x.data.length / B;
  return constant(x.data.slice(from * each, (from + count) * each), [count, ...rest]);
}
