import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import { roundedLength } from "../nn/lengths.ts";
import { tokenCrossEntropy } from "../nn/losses.ts";
import type { Transformer } from "../nn/transformer.ts";
import { apply } from "../tensor/apply.ts";
import { DataError } from "../tensor/errors.ts";
import { argmax, logSoftmax, reshape, toFloat } from "../tensor/ops.ts";
import { at } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { collate, layoutOf } from "../train/batches.ts";
import { type Example, lengthOf } from "../train/examples.ts";

/** What a model makes of examples; sums and means are over targets, in nats. */
export interface Measures {
  readonly examples: number;
  /** Tokens that were to be predicted. */
  readonly targets: number;
  /** Mean of −log p of the targets. */
  readonly logLoss: number;
  /** exp(logLoss). */
  readonly perplexity: number;
  /** Share of targets that are the likeliest token. */
  readonly accuracy: number;
  /** Share of examples all of whose targets are: what greedy generation gives back word for word. */
  readonly exactMatch: number;
  /** Mean KL(other ‖ model). */
  readonly klFromOther?: number;
  /** Mean KL(model ‖ other). */
  readonly klToOther?: number;
}

export interface MeasureOptions {
  /** A model of the same vocabulary to compare with. */
  readonly against?: { readonly model: Transformer; readonly params: Params };
  readonly signal?: AbortSignal;
  /** Hears how many examples are done. */
  readonly onProgress?: (done: number) => void;
}

/** Logits that are held at a time, in numbers: 64 MiB. */
const MOST_LOGITS = 2 ** 24;
/** Rows are padded to a multiple of this at least. */
const STEP = 32;

/**
 * Measures a model on examples, without training it. Sums are taken in float64.
 * @param params on the host or on the engine
 * @returns undefined when the signal came first
 * @throws DataError for no examples, or one without targets
 */
export async function measure(
  engine: Engine,
  { model, params }: { readonly model: Transformer; readonly params: Params },
  examples: readonly Example[],
  { against, signal, onProgress = () => {} }: MeasureOptions = {},
): Promise<Measures | undefined> {
  if (examples.length === 0) throw new DataError("measure: expected examples, got none");
  const step = engine.compile((own: Params, other: Params, batch: ReturnType<typeof collate>) => {
    const layout = layoutOf(batch);
    const logits = model.apply(own, batch.tokens, layout);
    const theirs = against?.model.apply(other, batch.tokens, layout);
    return {
      loss: tokenCrossEntropy(logits, batch.labels),
      best: toFloat(argmax(logits)),
      from: theirs ? [tokenKl(theirs, logits), tokenKl(logits, theirs)] : [],
    };
  });
  const { vocabSize, contextLength } = model.config;
  const totals = { loss: 0, hits: 0, exact: 0, targets: 0, from: 0, to: 0 };
  for (const { from, to, length } of batchesOf(examples, vocabSize, contextLength)) {
    if (signal?.aborted) return undefined;
    const batch = collate(examples.slice(from, to), { length });
    const made = await step(params, against?.params ?? {}, batch);
    const { loss, best, from: kls } = await engine.read(made);
    engine.release(made);
    const { mask, labels } = batch;
    for (let row = 0; row < to - from; row++) {
      let misses = 0;
      for (let i = row * length; i < (row + 1) * length; i++) {
        if (mask.data[i] !== 1) continue;
        totals.targets++;
        totals.loss += at(loss, i);
        totals.from += kls[0]?.[i] ?? 0;
        totals.to += kls[1]?.[i] ?? 0;
        if (best[i] === labels.data[i]) totals.hits++;
        else misses++;
      }
      if (misses === 0) totals.exact++;
    }
    onProgress(to);
  }
  const { targets } = totals;
  const logLoss = totals.loss / targets;
  return {
    ...{ examples: examples.length, targets, logLoss, perplexity: Math.exp(logLoss) },
    ...{ accuracy: totals.hits / targets, exactMatch: totals.exact / examples.length },
    ...(against && { klFromOther: totals.from / targets, klToOther: totals.to / targets }),
  };
}

/** KL(p ‖ q) at each position: [B, T]. */
function tokenKl(pLogits: Tensor, qLogits: Tensor): Tensor {
  const [B, T, V] = [at(pLogits.shape, 0), at(pLogits.shape, 1), at(pLogits.shape, 2)];
  const rows = (x: Tensor): Tensor => reshape(x, [B * T, V]);
  return reshape(apply("anchoredKl", [logSoftmax(rows(pLogits)), rows(qLogits)], {}), [B, T]);
}

/** Neighbours whose logits can be held together. */
function* batchesOf(
  examples: readonly Example[],
  vocabSize: number,
  contextLength: number,
): Generator<{ readonly from: number; readonly to: number; readonly length: number }> {
  const lengths = examples.map((example) => roundedLength(lengthOf(example), STEP, contextLength));
  for (let from = 0; from < examples.length; ) {
    let [to, length] = [from + 1, at(lengths, from)];
    for (; to < examples.length; to++) {
      const longest = Math.max(length, at(lengths, to));
      if ((to + 1 - from) * longest * vocabSize > MOST_LOGITS) break;
      length = longest;
    }
    yield { from, to, length };
    from = to;
  }
}
