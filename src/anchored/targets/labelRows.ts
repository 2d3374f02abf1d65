/** What a frozen model says of the labels alone: a number a token, whatever the vocabulary. */
import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import { tokenCrossEntropy } from "../../nn/losses.ts";
import { constant } from "../../tensor/apply.ts";
import { DataError } from "../../tensor/errors.ts";
import { neg, reshape } from "../../tensor/ops.ts";
import { at } from "../../tensor/shapes.ts";
import type { Tensor, TypedArray } from "../../tensor/tensor.ts";
import { type Batch, collate, type Layout, layoutOf } from "../../train/batches.ts";
import type { Example } from "../../train/examples.ts";
import { joined } from "../../train/together.ts";
import type { Plan } from "../plan.ts";
import type { LanguageModel } from "./languageModel.ts";
import { flat, inBlocks, rowsOf } from "./onDevice.ts";
import { batchTarget, eachSpan, likeArray, type ResponseRows, startsOf } from "./responseRows.ts";

/** log p(y) at the labels of batches and of data sets, compiled once for all parameters. */
export interface LabelReader {
  /** [B, T, 1], on the host. */
  ofBatch(params: Params, batch: Batch): Promise<Tensor<"constant">>;
  /** One number a target. */
  ofData(params: Params, data: readonly Example[]): Promise<ResponseRows>;
}

/** Forward passes of one model. */
export function labelReader(
  engine: Engine,
  { model, batch: { size } }: Pick<Plan, "model" | "batch">,
): LabelReader {
  const program = engine.compile(function readLabels(
    params: Params,
    tokens: Tensor,
    labels: Tensor,
    layout: Partial<Layout>,
  ) {
    return labelLogProbs(model, params, [tokens, labels, layoutOf(layout)]);
  });
  async function read(params: Params, batch: Batch): Promise<TypedArray> {
    const made = await program(params, batch.tokens, batch.labels, layoutOf(batch) ?? {});
    const numbers = await engine.read(made);
    engine.release(made);
    return numbers;
  }
  return {
    ofBatch: async (params, batch) =>
      constant(await read(params, batch), [...batch.tokens.shape, 1]),
    async ofData(params, data) {
      const starts = startsOf(data);
      let all: TypedArray | undefined;
      for (let from = 0; from < data.length; from += size) {
        const examples = data.slice(from, from + size);
        const batch = collate(examples, { contextLength: model.config.contextLength });
        const numbers = await read(params, batch);
        all ??= likeArray(numbers, at(starts, data.length));
        const rows = all;
        const indices = examples.map((_, i) => [from + i]);
        eachSpan(indices, data, starts, at(batch.tokens.shape, 1), (place, row, count) => {
          rows.set(numbers.subarray(place, place + count), row);
        });
      }
      return { vocabSize: 1, starts, data: all ?? new Float32Array(0) };
    },
  };
}

/** [B, T], through the head block by block where there is one. */
function labelLogProbs(
  { apply, hidden, head, config }: LanguageModel,
  params: Params,
  [tokens, labels, layout]: readonly [tokens: Tensor, labels: Tensor, layout: Layout | undefined],
): Tensor {
  if (!hidden || !head) return neg(tokenCrossEntropy(apply(params, tokens, layout), labels));
  const [states, y] = [flat(hidden(params, tokens, layout)), flat(labels)];
  const made = inBlocks(at(y.shape, 0), config.vocabSize, (from, n) =>
    neg(tokenCrossEntropy(head(params, rowsOf(states, from, n)), rowsOf(y, from, n))),
  );
  return reshape(made, labels.shape);
}

/** Examples that share rows of T positions, as a batch. */
export const batchAt = (
  data: readonly Example[],
  rows: readonly (readonly number[])[],
  T: number,
): Batch =>
  collate(
    rows.map((indices) =>
      indices.length === 0 ? NOTHING : joined(indices.map((i) => at(data, i))),
    ),
    { length: T },
  );

/** Stands in a row whose target nobody looks at. */
const NOTHING: Example = { tokens: [0, 0], mask: [0, 1] };

/** A factor for each example, at its targets in batches: [B, T]. */
export type Scale = (rows: readonly (readonly number[])[], T: number) => Tensor<"constant">;

/**
 * The factors of a method that weighs examples by the base's loss on them; undefined for others.
 * @throws DataError for factors that are no weights
 */
export async function exampleScale(engine: Engine, plan: Plan): Promise<Scale | undefined> {
  const { objective, settings } = plan.method;
  const { data, base } = plan;
  if (!objective.exampleWeights) return undefined;
  const { starts, data: logProbs } = await labelReader(engine, plan).ofData(base, data);
  const losses = data.map((_, i) => {
    const own = logProbs.subarray(at(starts, i), at(starts, i + 1));
    let sum = 0;
    for (const x of own) sum += x;
    return -sum / own.length;
  });
  const weights = objective.exampleWeights(losses, settings);
  const odd = data.findIndex((_, i) => !((weights[i] ?? NaN) >= 0 && Number.isFinite(weights[i])));
  if (odd >= 0)
    throw new DataError(
      `fineTune: expected a finite weight ≥ 0 of example ${odd}, got ${weights[odd]}`,
    );
  const factors = likeArray(logProbs, logProbs.length);
  for (const i of data.keys()) factors.fill(at(weights, i), at(starts, i), at(starts, i + 1));
  const rows = { vocabSize: 1, starts, data: factors };
  return (batch, T) => {
    const { data: numbers } = batchTarget(rows, data, batch, T);
    // Prior examples count as they are.
    for (const [row, { length }] of batch.entries())
      if (length === 0) numbers.fill(1, row * T, (row + 1) * T);
    return constant(numbers, [batch.length, T]);
  };
}
