import type { Params } from "../config.ts";
import { roundedLength } from "../lengths.ts";
import { rotationOf } from "../rotation.ts";
import type { Choosing } from "./choosers.ts";
import type { GenerateOptions } from "./options.ts";
import { idsOf, newest, promptsFrom, roomFor, type Seat } from "./seats.ts";
import type { Cache, GenerateSteps, Step } from "./steps.ts";

/** Positions that are read at once, unless options say otherwise. */
const PREFILL_CHUNK = 512;
/** Lengths of prompts that are read alone are rounded up to a multiple of it at least. */
const LENGTH_STEP = 8;

/** Positions that caches have room for: the last new token is not read again. */
export function positionsOf({ model, prompts, maxNewTokens, batchSize }: GenerateOptions): {
  readonly room: number;
  /** To what prompts of so many tokens are filled up. */
  readonly upTo: (n: number) => number;
} {
  const longest = Math.max(...prompts.map(({ length }) => length));
  const step = batchSize === undefined || batchSize >= prompts.length ? 1 : LENGTH_STEP;
  const { contextLength } = model.config;
  const upTo = (n: number): number => (step === 1 ? n : roundedLength(n, step, contextLength));
  return { room: Math.max(longest + maxNewTokens - 1, upTo(longest)), upTo };
}

/**
 * Reads prompts side by side, long ones part by part: what has to be held for a part is bounded.
 * Where angles depend on the length of the whole, it is read at once.
 */
export function promptReader(
  { start, fill, more, next }: GenerateSteps,
  options: GenerateOptions,
  params: Params,
  { samplingAt }: Choosing,
): (seats: readonly Seat[]) => Promise<Step> {
  const { model, prefillChunk = PREFILL_CHUNK } = options;
  const { room, upTo } = positionsOf(options);
  const chunk = rotationOf(model.config).varies(room) ? room : prefillChunk;
  const lastOf = (seats: readonly Seat[], most: number) =>
    idsOf(seats.map(({ prompt }) => Math.min(prompt.length, most) - 1));

  return async (seats) => {
    const P = Math.max(...seats.map(({ prompt }) => prompt.length));
    if (P <= chunk) {
      const { tokens } = promptsFrom(seats, 0, upTo(P));
      return start(params, tokens, lastOf(seats, P), roomFor(room), samplingAt(seats));
    }
    const { tokens } = promptsFrom(seats, 0, chunk);
    let cache: Cache = (await fill(params, tokens, lastOf(seats, chunk), roomFor(room))).cache;
    // Of each prompt the last token is read again, or for the first time, together with the others'.
    for (let from = chunk; from < P - 1; from += chunk) {
      const part = promptsFrom(seats, from, Math.min(P - 1, from + chunk));
      cache = (await more(cache, params, part)).cache;
    }
    return next(cache, params, newest(seats), samplingAt(seats));
  };
}
