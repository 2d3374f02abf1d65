import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import { constant } from "../tensor/apply.ts";
import { fold, type Key, permutation } from "../tensor/random.ts";
import { at } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Batch, collate, shuffledBatches } from "../train/batches.ts";
import { type Example, lengthOf } from "../train/examples.ts";
import { inRows, joined, sharedLength } from "../train/together.ts";
import type { TrainingBatch } from "../train/trainSteps.ts";
import type { OuterStep } from "./anchors.ts";
import type { Plan } from "./plan.ts";

/** The batches of the inner epochs of one outer step, each with its rows of the targets; without
 * those that are done. */
export async function* outerBatches(
  engine: Engine,
  {
    model,
    batch: { size, microBatchSize, packing, dropLast, replay, replayed, isApart },
    schedule: { inner, stepsPerOuter },
    key,
  }: Plan,
  [outer, done]: readonly [outer: number, done: number],
  outerStep: OuterStep,
  student: () => Params,
): AsyncGenerator<TrainingBatch> {
  const { data, target, scale } = outerStep;
  const firstEpoch = outer * inner;
  const extra = drawn(replay, replayed, fold(key, REPLAY + firstEpoch));
  let step = 0;
  for (let epoch = firstEpoch; epoch < firstEpoch + inner; epoch++)
    for (const indices of shuffledBatches(fold(key, epoch), data.length, size, dropLast)) {
      if (step === stepsPerOuter) return;
      const prior = extra();
      if (step++ < done) continue;
      const now = outer * stepsPerOuter + step - 1;
      await outerStep.renew?.(student(), now);
      const given = indices.map((i) => at(data, i));
      const own = (await outerStep.fresh?.(student(), now, given)) ?? given;
      const all = [...own, ...prior];
      const perRow = packing ? Math.min(microBatchSize, all.length) : 1;
      const places = [...all.keys()];
      const rows = isApart
        ? [places.slice(0, own.length), places.slice(own.length)].flatMap((x) => inRows(x, perRow))
        : inRows(places, perRow);
      const batch = batchOf(
        rows.map((row) => joined(row.map((i) => at(all, i)))),
        packing,
        model.config.contextLength,
      );
      const T = at(batch.tokens.shape, 1);
      const compared = rows.map((row) => row.flatMap((i) => indices[i] ?? []));
      const beside = {
        ...batch,
        ...(scale && { scale: scale(compared, T) }),
        ...(isApart && { replayed: wholeRows(compared, T) }),
      };
      if (!target) {
        yield beside;
        continue;
      }
      const whole = outerStep.fresh && target.ofBatch;
      const against = await (whole ? whole(batch) : target.of(compared, T));
      yield { ...beside, target: against };
      engine.release(against); // the step has been taken
    }
}

/** @param contextLength the model's; rows that several examples share may be longer */
const batchOf = (rows: readonly Example[], packing: boolean, contextLength: number): Batch =>
  collate(
    rows,
    packing ? { length: sharedLength(Math.max(...rows.map(lengthOf))) } : { contextLength },
  );

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

/** [B, T], 1 all over the rows in which nothing is compared: those of prior examples. */
function wholeRows(compared: readonly (readonly number[])[], T: number): Tensor {
  const ones = Float32Array.from({ length: compared.length * T }, (_, place) =>
    compared[Math.floor(place / T)]?.length === 0 ? 1 : 0,
  );
  return constant(ones, [compared.length, T]);
}
