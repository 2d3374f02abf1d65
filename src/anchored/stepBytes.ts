import type { Engine } from "../engines/engine.ts";
import { standIn } from "../engines/standIn.ts";
import { mapTensors, type TensorTree } from "../optim/optimizer.ts";
import { at, last, sizeOf } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { flatten } from "../tensor/tree.ts";
import { collate } from "../train/batches.ts";
import type { Example } from "../train/examples.ts";
import { isOfLabels } from "./objectives/objective.ts";
import type { Plan } from "./plan.ts";
import { isInParts, microBatches, microPrograms, wholeStep } from "./stepOf.ts";

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
