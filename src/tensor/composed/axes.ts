import { constant } from "../apply.ts";
import { ShapeError } from "../errors.ts";
import type { Of } from "../moves.ts";
import * as ops from "../ops.ts";
import { expectKnown } from "../options.ts";
import { at, isCount, last, resolveAxis, sizeOf } from "../shapes.ts";
import type { DType, FloatTensor, IntTensor } from "../tensor.ts";
import { equal, notEqual } from "./compare.ts";

/**
 * Tensors of one shape side by side along a new axis, which stands at `axis` of the result.
 * @throws ShapeError for other shapes, or a rank that has no such axis; RangeError for none
 * @example stack([a, b]).shape // [2, ...a.shape]
 */
export function stack<D extends DType>(inputs: readonly Of<D>[], axis = 0): Of<D> {
  const [first] = inputs;
  if (!first) throw new RangeError("stack: expected at least one tensor, got none");
  const place = resolveAxis("stack", axis, first.shape.length + 1);
  const columns = inputs.map((x) =>
    ops.reshape(x, [...x.shape.slice(0, place), 1, ...x.shape.slice(place)]),
  );
  return ops.concat(columns, place);
}

/**
 * Parts of a tensor along an axis: the inverse of `concat`.
 * @param parts how many parts of one length, or the length of each
 * @throws ShapeError where they do not fill the axis; RangeError for what is no count
 * @example const [gate, up] = split(x, 2, -1)
 * @example const [q, k, v] = split(x, [512, 128, 128], -1)
 */
export function split<D extends DType>(
  x: Of<D>,
  parts: number | readonly number[],
  axis = 0,
): Of<D>[] {
  const place = resolveAxis("split", axis, x.shape.length);
  const length = at(x.shape, place);
  const lengths =
    typeof parts === "number" ? Array<number>(countOf(parts)).fill(length / parts) : parts;
  const sum = lengths.reduce((total, n) => total + n, 0);
  if (!lengths.every(isCount) || sum !== length)
    throw new ShapeError("split", `parts of axis ${place} that fill it, not ${lengths}`, [x.shape]);
  let from = 0;
  return lengths.map((n) => {
    const start = x.shape.map((_, i) => (i === place ? from : 0));
    from += n;
    return ops.slice(x, start, x.shape.with(place, n));
  });
}

function countOf(parts: number): number {
  if (isCount(parts) && parts > 0) return parts;
  throw new RangeError(`split: expected a number of parts ≥ 1, got ${parts}`);
}

/** Axes of `variance` and `std`, and what the count is corrected by. */
export interface VarianceOptions extends ops.ReduceOptions {
  /** What is taken from the count that the sum is divided by: 0 by default as in NumPy and JAX; 1 is
   * Bessel's, PyTorch's default. Where it leaves nothing of the count the variance is infinite, or NaN. */
  readonly correction?: number;
}

/**
 * The mean squared distance from the mean.
 * @throws ShapeError for axes that there are not, RangeError for a correction below 0
 * @example variance(x, { axis: -1, keepAxes: true })
 */
export function variance(x: FloatTensor, options: VarianceOptions = {}): FloatTensor {
  expectKnown("variance", options, ["axis", "keepAxes", "correction"]);
  const { correction = 0, ...reduce } = options;
  if (!(correction >= 0 && Number.isFinite(correction)))
    throw new RangeError(`variance: expected a correction ≥ 0, got ${correction}`);
  const centred = ops.sub(x, ops.mean(x, { ...reduce, keepAxes: true }));
  const squares = ops.sum(ops.square(centred), reduce);
  const count = sizeOf(x.shape) / sizeOf(squares.shape);
  return ops.div(squares, Math.max(0, count - correction));
}

/** The root of `variance`, with the same options. Where the variance is 0 so is the gradient, the middle
 * of the subgradients, as in PyTorch. */
export function std(x: FloatTensor, options: VarianceOptions = {}): FloatTensor {
  expectKnown("std", options, ["axis", "keepAxes", "correction"]);
  const squared = variance(x, options);
  return ops.select(ops.less(0, squared), ops.sqrt(squared), squared);
}

/**
 * Sums of all elements up to each one along an axis, by doubling: log₂(length) additions each.
 * @example await engine.run(() => cumsum(tensor([1, 2, 3]))) // [1, 3, 6]
 */
export function cumsum(x: FloatTensor, axis = -1): FloatTensor {
  const place = resolveAxis("cumsum", axis, x.shape.length);
  const length = at(x.shape, place);
  const none = x.shape.map(() => 0);
  let y = x;
  for (let step = 1; step < length; step *= 2) {
    const earlier = ops.slice(y, none, x.shape.with(place, length - step));
    y = ops.add(y, ops.pad(earlier, none.with(place, step), none));
  }
  return y;
}

/** What `topK` found in each row. */
export interface TopK {
  /** [..., k], the largest first. */
  readonly values: FloatTensor;
  /** int [..., k], where they stand; of equal ones the first comes first. */
  readonly indices: IntTensor;
}

/**
 * The k largest elements of each row of the last axis: k passes over it, meant for a small k. The
 * gradient of a value goes to where it stands. NaN is the largest, as for `argmax`.
 * @throws RangeError unless 1 ≤ k ≤ the length of the last axis
 * @example const { values, indices } = topK(logits, 5)
 */
export function topK(x: FloatTensor, k: number): TopK {
  const length = x.shape.length === 0 ? 0 : last(x.shape);
  if (!(isCount(k) && k >= 1 && k <= length))
    throw new RangeError(`topK: expected k from 1 to ${length}, the last axis, got ${k}`);
  const places = constant(
    Float64Array.from({ length }, (_, i) => i),
    [length],
  );
  const [values, indices]: [FloatTensor[], IntTensor[]] = [[], []];
  let left = x;
  let taken: FloatTensor = ops.broadcastTo(0, x.shape);
  for (let i = 0; i < k; i++) {
    // Where nothing is left but −∞, those that have been taken are not to be told by it.
    const isLeft = ops.broadcastTo(
      notEqual(ops.max(left, { axis: -1, keepAxes: true }), -Infinity),
      x.shape,
    );
    const index = ops.argmax(ops.select(isLeft, left, ops.neg(taken)));
    const here = equal(places, ops.reshape(ops.toFloat(index), [...index.shape, 1]));
    values.push(ops.sum(ops.select(here, x, 0), { axis: -1 }));
    indices.push(index);
    left = ops.select(here, -Infinity, left);
    taken = ops.maximum(taken, here);
  }
  return { values: stack(values, -1), indices: stack(indices, -1) };
}
