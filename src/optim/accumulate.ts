import { full } from "../tensor/apply.ts";
import { ShapeError } from "../tensor/errors.ts";
import { vjp } from "../tensor/grad.ts";
import { add, asTensor, div } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { mapTensors } from "./optimizer.ts";

/** A loss that has not been averaged yet: summed over its tokens, and how many those are. */
export interface SummedLoss {
  /** Scalar, nats. */
  readonly sum: Tensor;
  /** Scalar, tokens. Depends on the data alone: no gradient passes through it. */
  readonly count: Tensor | number;
}

/** Sums over the micro-batches so far; a tree of tensors, so that a program can carry it. */
export type Accumulated<P> = {
  readonly sum: Tensor;
  readonly count: Tensor;
  readonly grads: P;
};

export interface Accumulation<P, Batch> {
  /** Nothing yet. */
  init(params: P): Accumulated<P>;
  /** One micro-batch more. Compile it with `donate: [0]` to hold one micro-batch at a time. */
  add(state: Accumulated<P>, params: P, microBatch: Batch): Accumulated<P>;
  /** The mean loss over all tokens, and its gradient. NaN before the first token. */
  mean(state: Accumulated<P>): [loss: Tensor, grads: P];
}

/**
 * The gradient of a large batch from its parts. Sums are accumulated and divided once by the number
 * of tokens, so that long and short micro-batches weigh as their tokens do in the whole batch;
 * averaging the means of micro-batches would not give that.
 */
export function accumulation<P, Batch>(
  lossSum: (params: P, microBatch: Batch) => SummedLoss,
): Accumulation<P, Batch> {
  const differentiate = (params: P, microBatch: Batch) => {
    const loss = (p: P) => {
      const { sum, count } = lossSum(p, microBatch);
      const sums = { sum, count: asTensor(count) };
      for (const [name, { shape }] of Object.entries(sums))
        if (shape.length > 0) throw new ShapeError("accumulate", `a scalar ${name}`, [shape]);
      return sums;
    };
    const [{ sum, count }, pullback] = vjp(loss, params);
    const [grads] = pullback({ sum: full([], 1), count: full([], 0) });
    return { sum, count, grads };
  };
  return {
    init: (params) => ({
      sum: full([], 0),
      count: full([], 0),
      grads: mapTensors((p) => full(p.shape, 0), params),
    }),
    add: (state, params, microBatch) => {
      const { sum, count, grads } = differentiate(params, microBatch);
      return {
        sum: add(state.sum, sum),
        count: add(state.count, count),
        grads: mapTensors(add, state.grads, grads),
      };
    },
    mean: ({ sum, count, grads }) => [div(sum, count), mapTensors((g) => div(g, count), grads)],
  };
}

/**
 * The token-weighted mean loss and its gradient over all micro-batches, in one description.
 * @throws RangeError without micro-batches
 */
export function accumulate<P, Batch>(
  lossSum: (params: P, microBatch: Batch) => SummedLoss,
  params: P,
  microBatches: readonly Batch[],
): [loss: Tensor, grads: P] {
  if (microBatches.length === 0)
    throw new RangeError("accumulate: expected at least one micro-batch, got none");
  const { init, add, mean } = accumulation(lossSum);
  return mean(microBatches.reduce((state, batch) => add(state, params, batch), init(params)));
}
