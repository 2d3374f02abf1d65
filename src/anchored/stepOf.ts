import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import { accumulation } from "../optim/accumulate.ts";
import { mapTensors, type TensorTree } from "../optim/optimizer.ts";
import { constant } from "../tensor/apply.ts";
import { valueAndGrad } from "../tensor/grad.ts";
import { add } from "../tensor/ops.ts";
import { isConstant, type Tensor } from "../tensor/tensor.ts";
import { layoutOf } from "../train/batches.ts";
import { guardedUpdate } from "../train/guard.ts";
import { stepPrograms } from "../train/programs.ts";
import { compileStep, type Step, type TrainingBatch } from "../train/trainSteps.ts";
import { objectiveLoss, objectiveSum } from "./objectives/methods.ts";
import type { Objective, ObjectiveInputs, ObjectiveSettings } from "./objectives/objective.ts";
import type { Plan } from "./plan.ts";
import type { LanguageModel } from "./targets/languageModel.ts";
import { throughHead } from "./targets/onDevice.ts";

/** The training step of a plan's method, on whole batches or on one micro-batch after the other. */
export function stepOf(engine: Engine, plan: Plan): Step {
  const { optimizer } = plan;
  const { settings } = plan.method;
  const objective = objectiveOf(plan);
  const read = seenOf(plan);
  const inputsOf = (params: Params, { tokens, ...batch }: TrainingBatch): ObjectiveInputs => ({
    ...{ logits: read(params, tokens, layoutOf(batch)), params },
    ...batch,
  });
  const loss = (params: Params, batch: TrainingBatch): Tensor =>
    objectiveLoss(objective, inputsOf(params, batch), settings);
  return plan.batch.microBatchSize < plan.batch.size
    ? inMicroBatches(engine, plan, inputsOf)
    : compileStep(engine, loss, optimizer);
}

/** The method's objective, of logits or of hidden states; its penalty in the space of weights. */
function objectiveOf({ method, model, targets, space }: Plan): Objective {
  const { penalty } = method.objective;
  const objective =
    penalty && space
      ? {
          ...method.objective,
          penalty: (params: Params, base: Params, settings: ObjectiveSettings) =>
            penalty(params, base, settings, space.squaredDistance),
        }
      : method.objective;
  return targets === "hidden" ? throughHead(objective, model) : objective;
}

/** What the objective reads. */
const seenOf = ({ model, targets }: Plan): LanguageModel["apply"] =>
  targets === "hidden" && model.hidden ? model.hidden : model.apply;

/** Adds gradients up over micro-batches, of which the device holds one at a time. */
function inMicroBatches(
  engine: Engine,
  plan: Plan,
  inputsOf: (params: Params, batch: TrainingBatch) => ObjectiveInputs,
): Step {
  const { optimizer } = plan;
  const { settings } = plan.method;
  const objective = objectiveOf(plan);
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
      base: Params,
      sound: Tensor,
    ) {
      const mean = sums.mean(all);
      const { penalty } = objective;
      const [value, grads] = penalty
        ? mapTensors(add, mean, valueAndGrad((p: Params) => penalty(p, base, settings))(params))
        : mean;
      return guardedUpdate(optimizer, [params, state], [value, grads], sound);
    },
    { donate: [0, 1, 2] },
  );
  return async (params, state, { base = {}, ...batch }, sound) => {
    let all = await start(params);
    for (const part of microBatches(batch, plan.batch.packing ? 1 : plan.batch.microBatchSize))
      all = await more(all, params, part);
    return finish(params, state, all, base, sound);
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
