import type { Engine } from "../../engines/engine.ts";
import type { LoadedModel } from "../../finetune/load.ts";
import { answerDecoder, type Reader } from "../../finetune/reader.ts";
import { generate } from "../../nn/generate/generate.ts";
import { sequenceKeys } from "../../nn/generate/sampling.ts";
import { DataError } from "../../tensor/errors.ts";
import { fold, key } from "../../tensor/random.ts";
import { at } from "../../tensor/shapes.ts";
import { type StopFinder, type StreamDecoder, stopFinder } from "../../text/stream.ts";
import type { Sampling } from "./sampling.ts";

export interface RespondOptions {
  readonly sampling: Sampling;
  readonly maxTokens: number;
  readonly seed: number;
  /** Prompts that are answered side by side. */
  readonly batch: number;
  /** Whether answers go on with a text, in place of a turn of their own. */
  readonly raw: boolean;
  readonly signal: AbortSignal;
  /** Texts before which an answer ends. */
  readonly stops?: readonly string[] | undefined;
  /** As `generate` has it. */
  readonly promptLookup?: number | undefined;
  /** So many prompts have their answers already. */
  readonly skip?: number;
}

export interface Answer {
  readonly text: string;
  /** New ones, the one that ended it among them. */
  readonly tokens: number;
  /** Whether the model ended it itself. */
  readonly ended: boolean;
}

/** Which prompts are answered together: neighbours that have the same room for their answers. */
function batchesOf(
  prompts: readonly { readonly tokens: readonly number[] }[],
  { batch, maxTokens, context }: { batch: number; maxTokens: number; context: number },
): readonly { readonly from: number; readonly to: number; readonly room: number }[] {
  const rooms = prompts.map(({ tokens }, i) => {
    const room = Math.min(maxTokens, context - tokens.length);
    if (room > 0) return room;
    throw new DataError(
      `prompt ${i + 1}: expected fewer tokens than the model's ${context}, got ${tokens.length}`,
    );
  });
  const batches: { from: number; to: number; room: number }[] = [];
  const longest = (from: number, to: number): number =>
    Math.max(...prompts.slice(from, to).map(({ tokens }) => tokens.length));
  for (let from = 0; from < prompts.length; ) {
    const room = at(rooms, from);
    let to = from + 1;
    while (
      to < prompts.length &&
      to - from < batch &&
      rooms[to] === room &&
      longest(from, to + 1) + room <= context
    )
      to++;
    batches.push({ from, to, room });
    from = to;
  }
  return batches;
}

/** Batches whose prompts wait for places of those before. */
const AHEAD = 4;

type Batch = ReturnType<typeof batchesOf>[number];

/** Neighbouring batches with equal room, of which all that wait fit beside what is there. */
function queuesOf(
  batches: readonly Batch[],
  fits: (from: number, to: number, room: number) => boolean,
): readonly (readonly Batch[])[] {
  const queues: Batch[][] = [];
  for (const batch of batches) {
    const queue = queues.at(-1);
    const first = queue?.[0];
    const joins =
      first &&
      queue.length < AHEAD &&
      first.room === batch.room &&
      fits(first.from, batch.to, batch.room);
    if (joins) queue.push(batch);
    else queues.push([batch]);
  }
  return queues;
}

/**
 * Answers prompts in their order, some batches at a time: where an answer ends the next prompt takes
 * its place. An answer does not depend on those beside it; draws depend on the seed, the prompt, and
 * the batch's first place.
 */
export async function* respond(
  engine: Engine,
  { model, params, tokenizer, generation, config }: LoadedModel & Reader,
  prompts: readonly { readonly tokens: readonly number[] }[],
  options: RespondOptions,
): AsyncGenerator<{ readonly from: number; readonly answers: readonly Answer[] }> {
  const { sampling, maxTokens, seed, batch, raw, signal, promptLookup = 0, skip = 0 } = options;
  const { stops = [] } = options;
  const { stopTokens, tokenizerSize } = generation;
  const ends = new Set(stopTokens);
  const context = config.contextLength;
  const tokensOf = (from: number, to: number) =>
    prompts.slice(from, to).map(({ tokens }) => tokens);
  const fits = (from: number, to: number, room: number): boolean =>
    tokensOf(from, to).every(({ length }) => length + room <= context);
  const batches = batchesOf(prompts, { batch, maxTokens, context }).filter(({ to }) => to > skip);
  /** Of an answer. */
  const decoderOf = (row: number): StreamDecoder =>
    answerDecoder({ tokenizer }, raw ? at(prompts, row).tokens : []);
  const answerOf = (row: number, ids: readonly number[]): Answer => {
    const isClosed = ends.has(ids.at(-1) ?? -1);
    const finder = stopFinder(stops);
    const said = finder.push(textIn(decoderOf(row), isClosed ? ids.slice(0, -1) : ids));
    return {
      text: `${said}${finder.end()}`,
      tokens: ids.length,
      ended: isClosed || finder.isStopped,
    };
  };
  for (const queue of queuesOf(batches, fits)) {
    const { from, room } = at(queue, 0);
    const { to } = at(queue, queue.length - 1);
    const left = new AbortController();
    const heard = new Arrivals(to - from);
    const made = generate(engine, {
      ...{ model, params, ...sampling, stopTokens, tokenizerSize },
      ...{ prompts: tokensOf(from, to), maxNewTokens: room, batchSize: batch },
      promptLookup,
      keys: queue.flatMap((each) =>
        sequenceKeys(fold(key(seed), each.from), tokensOf(each.from, each.to)),
      ),
      onToken: () => {
        signal.throwIfAborted();
        left.signal.throwIfAborted();
      },
      onAnswer: heard.add,
      ...(stops.length > 0 && {
        stopWhen: stoppingAt(stops, (row) => decoderOf(from + row)),
      }),
    }).catch((error: unknown) => {
      if (!signal.aborted && !left.signal.aborted) throw error;
      return undefined;
    });
    try {
      for (const each of queue) {
        const there = heard.upTo(each.to - from);
        const isThere = await Promise.race([there.then(() => true), made.then(() => false)]);
        if (!isThere || signal.aborted) return;
        const known = Math.max(each.from, skip);
        const rows = Array.from({ length: each.to - known }, (_, i) => known + i);
        yield { from: known, answers: rows.map((row) => answerOf(row, heard.at(row - from))) };
      }
    } finally {
      // Who asks for no more is not kept waiting.
      left.abort();
      await made;
    }
  }
}

/** Says, token by token, whether one of the texts has come. */
function stoppingAt(
  stops: readonly string[],
  decoderOf: (row: number) => StreamDecoder,
): (answer: readonly number[], row: number) => boolean {
  const reading = new Map<number, { decoder: StreamDecoder; finder: StopFinder }>();
  return (answer, row) => {
    const known = reading.get(row) ?? { decoder: decoderOf(row), finder: stopFinder(stops) };
    reading.set(row, known);
    const { decoder, finder } = known;
    finder.push(decoder.push(answer.at(-1) ?? -1));
    return finder.isStopped;
  };
}

/** Answers as they come, in any order. */
class Arrivals {
  readonly #answers: (readonly number[] | undefined)[];
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#answers = Array.from({ length: count });
  }

  readonly add = (answer: readonly number[], row: number): void => {
    this.#answers[row] = answer;
    for (const look of this.#waiting) look();
  };

  at(row: number): readonly number[] {
    return this.#answers[row] ?? [];
  }

  /** When the first so many are there. */
  upTo(count: number): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.#answers.slice(0, count).includes(undefined)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}

const textIn = (decoder: StreamDecoder, ids: readonly number[]): string =>
  `${ids.map(decoder.push).join("")}${decoder.end()}`;
