import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import { tokenCrossEntropy } from "../nn/losses.ts";
import { mapTensors } from "../optim/optimizer.ts";
import { full } from "../tensor/apply.ts";
import { DataError } from "../tensor/errors.ts";
import { grad } from "../tensor/grad.ts";
import { add, div, mul, square, sum } from "../tensor/ops.ts";
import { expectKnown } from "../tensor/options.ts";
import type { Key } from "../tensor/random.ts";
import { at, sizeOf } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { flatten } from "../tensor/tree.ts";
import { collate, paddedLength } from "../train/batches.ts";
import { type Example, lengthOf, promptOf } from "../train/examples.ts";
import type { LanguageModel } from "./targets/languageModel.ts";
import { sampleResponses } from "./targets/sampled.ts";

/** Of which model, and on which data, `fisher` estimates the diagonal of the Fisher information. */
export interface FisherOptions {
  readonly model: LanguageModel;
  /** The base's; on the host or resident, not consumed. */
  readonly params: Params;
  /** Whose prompts the base answers; 256 of them at most. */
  readonly data: readonly Example[];
  /** Ends an answer. */
  readonly stopToken?: number;
  /** Most tokens of an answer; by default those of the longest response. */
  readonly maxNewTokens?: number;
  readonly key: Key;
}

/** Answers over which the mean is taken: the diagonal of more differs little. */
const SAMPLES = 256;

/**
 * The diagonal of a model's Fisher information, F_i = E (∂ log p(y|x)/∂θ_i)², over prompts x of the
 * data and answers y that the model gives itself, one at a time; scaled to a mean of 1 over all
 * parameters, so that a penalty weighed by it compares with one that is not.
 * @returns resident, the receiver's
 * @throws TypeError for a model that cannot generate; DataError where no gradient reaches a parameter
 * @see https://arxiv.org/abs/1612.00796 (Kirkpatrick et al., 2017)
 */
export async function fisherDiagonal(engine: Engine, options: FisherOptions): Promise<Params> {
  expectKnown("fisherDiagonal", options, [
    ...(["model", "params", "data", "stopToken", "maxNewTokens", "key"] as const),
  ]);
  const { model, params, stopToken, key } = options;
  const data = options.data.slice(0, SAMPLES);
  const answerLength = (example: Example): number =>
    lengthOf(example) + 1 - promptOf(example).length;
  const { maxNewTokens = Math.max(...data.map(answerLength)) } = options;
  const answers = await sampleResponses(engine, {
    ...{ model, params, data, maxNewTokens, temperature: 1, stopToken, key },
  });
  const length = paddedLength(Math.max(...answers.map(lengthOf)), model.config.contextLength);
  const logLikelihood = (p: Params, tokens: Tensor, labels: Tensor, mask: Tensor): Tensor =>
    sum(mul(tokenCrossEntropy(model.apply(p, tokens), labels), mask));
  const more = engine.compile(
    function fisher(total: Params, p: Params, tokens: Tensor, labels: Tensor, mask: Tensor) {
      const gradient = grad(logLikelihood)(p, tokens, labels, mask);
      return mapTensors((sum, g) => add(sum, square(g)), total, gradient);
    },
    { donate: [0] },
  );
  const start = engine.compile((p: Params) => mapTensors((x) => full(x.shape, 0), p));
  let total = await start(params);
  for (const answer of answers) {
    const { tokens, labels, mask } = collate([answer], { length });
    total = await more(total, params, tokens, labels, mask);
  }
  const { leaves } = flatten<Tensor>(params);
  const size = leaves.reduce((count, { shape }) => count + sizeOf(shape), 0);
  const mean = await engine.run(() => div(sumOf(total), size));
  if (!(at(mean.data, 0) > 0 && Number.isFinite(at(mean.data, 0))))
    throw new DataError(`fisherDiagonal: expected a Fisher information > 0, got ${mean.data[0]}`);
  const scaled = engine.compile((all: Params, by: Tensor) => mapTensors((x) => div(x, by), all), {
    donate: [0],
  });
  return scaled(total, mean);
}

const sumOf = (params: Params): Tensor =>
  flatten<Tensor>(params)
    .leaves.map((x) => sum(x))
    .reduce((total, each) => add(total, each));
