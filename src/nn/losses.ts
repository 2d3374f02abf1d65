import { apply, full } from "../tensor/apply.ts";
import { ShapeError, showShape } from "../tensor/errors.ts";
import {
  add,
  div,
  logSoftmax,
  mean,
  mul,
  mulNoNan,
  neg,
  reshape,
  square,
  sub,
  sum,
} from "../tensor/ops.ts";
import { expectKnown } from "../tensor/options.ts";
import { sameShape, sizeOf } from "../tensor/shapes.ts";
import { isConstant, isTensor, type Tensor } from "../tensor/tensor.ts";

/** [..., V] → [R, V]. */
const rows = (x: Tensor): Tensor =>
  reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1) as number]);

/** Which tokens a loss counts, and how much. */
export interface TokenOptions {
  /** float [...], 1 counts a token and 0 leaves it out; everything counts by default. */
  readonly mask?: Tensor | undefined;
  /** float [...], at least 0: how much a token counts; the mean divides by their sum. */
  readonly weights?: Tensor | undefined;
}

/** How `crossEntropy` weighs tokens and smooths labels. */
export interface CrossEntropyOptions extends TokenOptions {
  /** ε of (1 − ε) · −log p(label) + ε · mean −log p over the vocabulary, in [0, 1]; 0 by default.
   * @see https://arxiv.org/abs/1512.00567 */
  readonly labelSmoothing?: number | undefined;
}

/** A mask alone stands for `{ mask }`. @throws TypeError for an option that is not known */
function optionsOf<O extends TokenOptions>(
  given: Tensor | O,
  expect: (given: O) => void,
): O | TokenOptions {
  if (isTensor(given)) return { mask: given };
  expect(given);
  return given;
}

/**
 * −log softmax(logits)[label] for each token, nats.
 * @param logits [..., V]
 * @param labels int [...]; labels outside the vocabulary are the caller's error
 * @param labelSmoothing as in `crossEntropy`
 * @returns [...]
 * @throws ShapeError, RangeError
 */
export function tokenCrossEntropy(logits: Tensor, labels: Tensor, labelSmoothing = 0): Tensor {
  return smoothed("tokenCrossEntropy", logits, labels, labelSmoothing);
}

function smoothed(caller: string, logits: Tensor, labels: Tensor, labelSmoothing: number): Tensor {
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new RangeError(`${caller}: expected labelSmoothing in [0, 1], got ${labelSmoothing}`);
  const surprise = perTokenCrossEntropy(caller, logits, labels);
  if (labelSmoothing === 0) return surprise;
  const uniform = neg(mean(logSoftmax(logits), { axis: -1 }));
  return add(mul(surprise, 1 - labelSmoothing), mul(uniform, labelSmoothing));
}

/**
 * The mean of −log softmax(logits)[label] over the tokens that count, nats a token.
 * @param logits [..., V]
 * @param labels int [...]
 * @param options a mask [...], or `{ mask, weights, labelSmoothing }`
 * @returns a scalar
 * @throws ShapeError; RangeError for a mask on the host that counts nothing. A mask that is only
 *   known when the program runs (an argument of a compiled function) gives NaN then.
 * @example crossEntropy(logits, labels, { mask, labelSmoothing: 0.1 })
 */
export function crossEntropy(
  logits: Tensor,
  labels: Tensor,
  options: Tensor | CrossEntropyOptions = {},
): Tensor {
  const { sum, count } = crossEntropyParts("crossEntropy", logits, labels, options);
  return div(sum, count);
}

function crossEntropyParts(
  caller: string,
  logits: Tensor,
  labels: Tensor,
  options: Tensor | CrossEntropyOptions,
): SumAndCount {
  const given: CrossEntropyOptions = optionsOf(options, (options) =>
    expectKnown(caller, options, ["mask", "weights", "labelSmoothing"]),
  );
  const values = smoothed(caller, logits, labels, given.labelSmoothing ?? 0);
  return maskedSum(caller, values, given.mask, given.weights);
}

/**
 * KL(p ‖ q) = Σ p · (log p − log q), the mean over the tokens that count, nats a token.
 * Differentiable in both.
 * @param pLogits [..., V]
 * @param qLogits [..., V]
 * @param options a mask [...], or `{ mask, weights }`
 * @returns a scalar
 * @throws ShapeError; RangeError for a mask on the host that counts nothing. A mask that is only
 *   known when the program runs (an argument of a compiled function) gives NaN then.
 */
export function klDivergence(
  pLogits: Tensor,
  qLogits: Tensor,
  options: Tensor | TokenOptions = {},
): Tensor {
  const { mask, weights } = optionsOf(options, (options) =>
    expectKnown("klDivergence", options, ["mask", "weights"]),
  );
  if (pLogits.shape.length < 1 || !sameShape(pLogits.shape, qLogits.shape))
    throw new ShapeError("klDivergence", "twice [..., V]", [pLogits.shape, qLogits.shape]);
  const perRow = apply("anchoredKl", [logSoftmax(rows(pLogits)), rows(qLogits)], {}); // [R]
  const values = reshape(perRow, pLogits.shape.slice(0, -1));
  const { sum, count } = maskedSum("klDivergence", values, mask, weights);
  return div(sum, count);
}

/**
 * The mean squared difference of all elements.
 * @returns a scalar
 * @throws ShapeError where the two do not broadcast
 * @example mse(linear(x, weight), target)
 */
export const mse = (predicted: Tensor, target: Tensor): Tensor =>
  mean(square(sub(predicted, target)));

/** A sum over tokens and how many they are: what micro-batches add up before they divide. */
export type SumAndCount = {
  /** Scalar. */
  readonly sum: Tensor;
  /** Scalar, tokens. */
  readonly count: Tensor;
};

/**
 * The parts of `crossEntropy`, for gradient accumulation.
 * @returns the summed loss, nats, and the number of tokens that the mask counts
 * @throws as crossEntropy does
 */
export function summedCrossEntropy(
  logits: Tensor,
  labels: Tensor,
  options: Tensor | CrossEntropyOptions = {},
): SumAndCount {
  return crossEntropyParts("summedCrossEntropy", logits, labels, options);
}

/**
 * The mean of values over the tokens that the mask counts. What is left out adds nothing, though its
 * value be infinite or NaN.
 * @param caller the function that errors name
 * @param values [...]
 * @param mask float [...], 1 counts and 0 leaves out; everything counts by default
 * @returns a scalar; NaN where a mask that is not on the host turns out to count nothing
 * @throws ShapeError; RangeError for a mask on the host that counts nothing
 */
export function maskedMean(
  caller: string,
  values: Tensor,
  mask?: Tensor,
  weights?: Tensor,
): Tensor {
  const { sum, count } = maskedSum(caller, values, mask, weights);
  return div(sum, count);
}

/**
 * The parts of `maskedMean`, for gradient accumulation.
 * @param weights float [...], at least 0: how much each token counts; the count is their sum
 * @throws as maskedMean does
 */
export function maskedSum(
  caller: string,
  values: Tensor,
  mask?: Tensor,
  weights?: Tensor,
): SumAndCount {
  if (weights) return weightedSum(caller, values, weights, mask);
  if (mask && !sameShape(values.shape, mask.shape))
    throw new ShapeError(caller, `a mask ${showShape(values.shape)}`, [mask.shape]);
  if (mask?.dtype === "int") throw new TypeError(`${caller}: expected a float mask, got int`);
  const known = !mask ? sizeOf(values.shape) : isConstant(mask) ? countOf(caller, mask) : undefined;
  if (known === 0)
    throw new RangeError(`${caller}: expected at least one token to count, got none`);
  return {
    sum: sum(mask ? mulNoNan(mask, values) : values),
    count: known === undefined ? sum(mask as Tensor) : full([], known),
  };
}

function weightedSum(
  caller: string,
  values: Tensor,
  weights: Tensor,
  mask: Tensor | undefined,
): SumAndCount {
  if (!sameShape(values.shape, weights.shape))
    throw new ShapeError(caller, `weights ${showShape(values.shape)}`, [weights.shape]);
  if (weights.dtype === "int") throw new TypeError(`${caller}: expected float weights, got int`);
  if (isConstant(weights)) expectWeights(caller, weights.data);
  const counted = mask ? mul(maskedBy(caller, mask, values), weights) : weights;
  return { sum: sum(mulNoNan(counted, values)), count: sum(counted) };
}

function expectWeights(caller: string, weights: ArrayLike<number>): void {
  const all = Array.from(weights);
  const odd = all.find((x) => !(x >= 0 && Number.isFinite(x)));
  if (odd !== undefined) throw new RangeError(`${caller}: expected finite weights ≥ 0, got ${odd}`);
  if (!all.some((x) => x > 0))
    throw new RangeError(`${caller}: expected at least one token to count, got none`);
}

function maskedBy(caller: string, mask: Tensor, { shape }: Tensor): Tensor {
  if (!sameShape(shape, mask.shape))
    throw new ShapeError(caller, `a mask ${showShape(shape)}`, [mask.shape]);
  return mask;
}

function countOf(caller: string, mask: Tensor): number {
  let count = 0;
  for (const x of mask.data) {
    if (x !== 0 && x !== 1)
      throw new RangeError(`${caller}: expected a mask of zeros and ones, got ${x}`);
    count += x;
  }
  return count;
}

function perTokenCrossEntropy(caller: string, logits: Tensor, labels: Tensor): Tensor {
  if (logits.shape.length < 1 || !sameShape(logits.shape.slice(0, -1), labels.shape))
    throw new ShapeError(caller, "logits [..., V] and labels [...]", [logits.shape, labels.shape]);
  const perRow = apply("crossEntropy", [rows(logits), reshape(labels, [sizeOf(labels.shape)])], {}); // [R]
  return reshape(perRow, labels.shape);
}
