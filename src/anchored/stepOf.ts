import type { Engine } from "../engines/engine.ts";
import { standIn } from "../engines/standIn.ts";
import type { Params } from "../nn/config.ts";
import { accumulation } from "../optim/accumulate.ts";
import { mapTensors, type TensorTree } from "../optim/optimizer.ts";
import { constant } from "../tensor/apply.ts";
import { valueAndGrad } from "../tensor/grad.ts";
import { add, mul, sub } from "../tensor/ops.ts";
import { at, last, sizeOf } from "../tensor/shapes.ts";
import { isConstant, type Tensor } from "../tensor/tensor.ts";
import { flatten } from "../tensor/tree.ts";
import { collate, type Example, layoutOf } from "../train/batches.ts";
import { guardedUpdate } from "../train/guard.ts";
import { stepPrograms } from "../train/programs.ts";
import {
  compileGradientStep,
  compileStep,
  type Step,
  type TrainingBatch,
} from "../train/trainSteps.ts";
import { projected, sharpnessAware } from "./gradients.ts";
import { objectiveLoss, objectiveSum } from "./objectives/loss.ts";
import { isOfLabels, type Objective, type ObjectiveInputs } from "./objectives/objective.ts";
import { withReplay } from "./objectives/replayed.ts";
import type { Plan } from "./plan.ts";
import type { LanguageModel } from "./targets/languageModel.ts";
import { throughHead } from "./targets/onDevice.ts";

/** The training step of a plan's method, on whole batches or on one micro-batch after the other. */
export const stepOf = (engine: Engine, plan: Plan): Step =>
  isInParts(plan) ? inMicroBatches(engine, plan) : wholeStep(engine, plan);

const isInParts = ({ batch }: Plan): boolean => batch.microBatchSize < batch.size;

function wholeStep(engine: Engine, plan: Plan) {
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

/**
 * Bytes that a training step takes at its fullest: the model, parameters, optimizer state and batch,
 * and all that it computes. From shapes alone: the plan's parameters may be stand-ins.
 * @param examples of the batch, the longest that there can be
 */
export function stepBytes(engine: Engine, plan: Plan, examples: readonly Example[]): number {
  const { optimizer, base: params, model } = plan;
  const standing = <T extends TensorTree>(tree: T): T =>
    mapTensors((x) => standIn(x.shape, x.dtype), tree);
  const state = standing(optimizer.init(params));
  const sound = standIn([]);
  const batch = collate(examples, { contextLength: model.config.contextLength });
  const { shape } = batch.tokens;
  const { target } = plan.method.objective;
  const states = plan.targets === "hidden" && model.hidden?.(params, batch.tokens);
  const columns = isOfLabels(target) ? 1 : states ? last(states.shape) : model.config.vocabSize;
  const beside = {
    ...(plan.batch.isApart && { replayed: standIn(shape) }),
    ...(plan.method.objective.exampleWeights && { scale: standIn(shape) }),
  };
  const compared = target === "none" ? beside : { ...beside, target: standIn([...shape, columns]) };
  const { penalty, fisher } = plan.method.objective;
  const weights = fisher && plan.space ? standing(plan.space.whole.of(params)) : {};
  const origin = { ...(penalty && { base: params }), ...(fisher && { fisher: weights }) };
  if (!isInParts(plan))
    return wholeStep(engine, plan).planned(
      params,
      state,
      { ...batch, ...compared, ...origin },
      sound,
    ).peakBytes;
  const { sums, more, finish } = microPrograms(engine, plan);
  const all = standing(sums.init(params));
  const [part] = microBatches(batch, plan.batch.microBatchSize);
  if (!part) throw new RangeError("stepBytes: expected a batch, got an empty one");
  const rows = Math.min(plan.batch.microBatchSize, at(shape, 0));
  const T = at(shape, 1);
  const given = Object.fromEntries(
    Object.keys(compared).map((name) => [
      name,
      standIn(name === "target" ? [rows, T, columns] : [rows, T]),
    ]),
  );
  const held = flatten<Tensor>(state).leaves.reduce((sum, x) => sum + sizeOf(x.shape), 0);
  return Math.max(
    more.planned(all, params, { ...part, ...given }).peakBytes + 4 * held,
    finish.planned(params, state, all, origin, sound).peakBytes,
  );
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

function microPrograms(engine: Engine, plan: Plan) {
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
      all: ReturnType<typeof sums.init>,
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
function* microBatches(batch: TrainingBatch, size: number): Generator<TrainingBatch> {
  const B = batch.tokens.shape[0] as number;
  for (let from = 0; from < B; from += size)
    yield mapTensors((x) => rowsOf(x, from, Math.min(size, B - from)), batch) as TrainingBatch;
}

function rowsOf(x: Tensor, from: number, count: number): Tensor {
  if (!isConstant(x)) throw new TypeError("stepOf: expected batches on the host");
  const [B, ...rest] = x.shape as [number, ...number[]];
  const each = x.data.length / B;
  return constant(x.data.slice(from * each, (from + count) * each), [count, ...rest]);
}
