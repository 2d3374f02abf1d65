import type { Engine } from "../../engines/engine.ts";
import type { LoadedModel } from "../../finetune/load.ts";
import { generate } from "../../nn/generate/generate.ts";
import { DataError } from "../../tensor/errors.ts";
import { fold, key } from "../../tensor/random.ts";
import { at } from "../../tensor/shapes.ts";
import type { Reader } from "./prompts.ts";
import type { Sampling } from "./sampling.ts";

export interface RespondOptions {
  readonly sampling: Sampling;
  readonly maxTokens: number;
  readonly seed: number;
  /** Prompts that are answered together. */
  readonly batch: number;
  /** Whether answers go on with a text, in place of a turn of their own. */
  readonly raw: boolean;
  readonly signal: AbortSignal;
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
export function batchesOf(
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

/**
 * Answers prompts in their order, batch by batch. An answer does not depend on the others of its
 * batch; draws depend on the seed, the prompt, and the batch's first place.
 */
export async function* respond(
  engine: Engine,
  { model, params, tokenizer, generation, config }: LoadedModel & Reader,
  prompts: readonly { readonly tokens: readonly number[] }[],
  { sampling, maxTokens, seed, batch, raw, signal, skip = 0 }: RespondOptions,
): AsyncGenerator<{ readonly from: number; readonly answers: readonly Answer[] }> {
  const { stopTokens, tokenizerSize } = generation;
  const stops = new Set(stopTokens);
  const context = config.contextLength;
  for (const { from, to, room } of batchesOf(prompts, { batch, maxTokens, context })) {
    if (to <= skip) continue;
    const made = await generate(engine, {
      ...{ model, params, ...sampling, stopTokens, tokenizerSize },
      prompts: prompts.slice(from, to).map(({ tokens }) => tokens),
      maxNewTokens: room,
      key: fold(key(seed), from),
      onToken: () => {
        signal.throwIfAborted();
      },
    }).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (!made) return;
    const answers = made.map((ids, i): Answer => {
      const { tokens } = at(prompts, from + i);
      const last = ids.at(-1);
      const ended = last !== undefined && stops.has(last);
      const text = textOf(tokenizer, raw ? tokens : [], ended ? ids.slice(0, -1) : ids);
      return { text, tokens: ids.length, ended };
    });
    const known = Math.max(0, skip - from);
    yield { from: from + known, answers: answers.slice(known) };
  }
}

/** The text of an answer; behind a text that it goes on with, SentencePiece's first space stays. */
function textOf(
  { decoder }: Reader["tokenizer"],
  before: readonly number[],
  ids: readonly number[],
): string {
  const stream = decoder({ skipSpecialTokens: true });
  before.forEach(stream.push);
  return `${ids.map(stream.push).join("")}${stream.end()}`;
}
