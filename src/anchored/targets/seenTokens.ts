import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import { roundedLength } from "../../nn/lengths.ts";
import { ids } from "../../tensor/apply.ts";
import { gather, reshape } from "../../tensor/ops.ts";
import { at } from "../../tensor/shapes.ts";
import type { Tensor, TypedArray } from "../../tensor/tensor.ts";
import { collate, type Layout, layoutOf } from "../../train/batches.ts";
import { type Example, lengthOf, spansOf } from "../../train/examples.ts";
import type { LanguageModel } from "./languageModel.ts";

/** A model and the parameters with which it speaks. */
export interface Speaker {
  readonly model: LanguageModel;
  readonly params: Params;
}

/** A target of some data, and what models say at it. */
export interface SeenToken {
  /** From 0, in the data. */
  readonly example: number;
  /** The token that stands there. */
  readonly label: number;
  /** Logits [V] of each model, valid until the next token is asked for. */
  readonly logits: readonly TypedArray[];
}

export interface SeeOptions {
  /** Examples in a forward pass. */
  readonly batchSize: number;
  /** Most logits that are on the host at a time, of each model; 2²² by default. */
  readonly block?: number;
}

/** Lengths are rounded up to a multiple of this at least. */
const LENGTH_STEP = 32;

/**
 * Runs models over data, target by target: hidden states of a batch at a time, and of their logits a
 * block at a time, so that a vocabulary may be large.
 */
export async function* seenTokens(
  engine: Engine,
  speakers: readonly Speaker[],
  data: readonly Example[],
  { batchSize, block = 2 ** 22 }: SeeOptions,
): AsyncGenerator<SeenToken> {
  const { vocabSize, contextLength } = at(speakers, 0).model.config;
  const readers = speakers.map((speaker) => rowsReader(engine, speaker));
  const most = Math.max(1, Math.floor(block / vocabSize));
  for (let from = 0; from < data.length; from += batchSize) {
    const examples = data.slice(from, from + batchSize);
    const longest = Math.max(...examples.map(lengthOf));
    const batch = collate(examples, {
      length: roundedLength(longest, LENGTH_STEP, contextLength),
    });
    const T = at(batch.tokens.shape, 1);
    const places = examples.flatMap((example, i) =>
      spansOf(example).flatMap(([first, last]) =>
        Array.from({ length: last - first }, (_, k) => i * T + first + k),
      ),
    );
    const rows = Math.min(most, examples.length * T);
    const opened = await Promise.all(
      readers.map((open) => open(batch.tokens, layoutOf(batch) ?? {})),
    );
    try {
      for (let first = 0; first < places.length; first += rows) {
        const part = places.slice(first, first + rows);
        // Always as many, so that one program serves.
        const filled = [...part, ...Array.from({ length: rows - part.length }, () => 0)];
        const read: TypedArray[] = [];
        for (const batch of opened) read.push(await batch.read(filled));
        for (const [k, place] of part.entries()) {
          const label = at(batch.labels.data, place);
          const logits = read.map((all) => all.subarray(k * vocabSize, (k + 1) * vocabSize));
          yield { example: from + Math.floor(place / T), label, logits };
        }
      }
    } finally {
      for (const { close } of opened) close();
    }
  }
}

interface OpenBatch {
  /** Logits at some positions of [B·T]: [places · V]. */
  readonly read: (places: readonly number[]) => Promise<TypedArray>;
  readonly close: () => void;
}

function rowsReader(engine: Engine, { model, params }: Speaker) {
  const { hidden, head } = model;
  const see = engine.compile(function states(own: Params, tokens: Tensor, layout: Partial<Layout>) {
    const seen = (hidden && head ? hidden : model.apply)(own, tokens, layoutOf(layout));
    return reshape(seen, [-1, at(seen.shape, 2)]);
  });
  const speak = engine.compile(function logits(own: Params, states: Tensor, places: Tensor) {
    const rows = gather(states, places);
    return hidden && head ? head(own, rows) : rows;
  });
  return async (tokens: Tensor, layout: Partial<Layout>): Promise<OpenBatch> => {
    const states = await see(params, tokens, layout);
    return {
      read: async (places) => {
        const logits = await speak(params, states, ids([...places]));
        const read = await engine.read(logits);
        engine.release(logits);
        return read;
      },
      close: () => engine.release(states),
    };
  };
}
