import type { Engine } from "../engines/engine.ts";
import { generate } from "../nn/generate/generate.ts";
import type { SamplingOptions } from "../nn/generate/options.ts";
import { DataError } from "../tensor/errors.ts";
import { fold, key } from "../tensor/random.ts";
import type { Message } from "../text/spans.ts";
import { stopFinder } from "../text/stream.ts";
import type { LoadedModel } from "./load.ts";
import { answerDecoder, encodePrompt, type Reader } from "./reader.ts";

/** Why an answer ended: the model ended it, there was room for no more, or somebody stopped it. */
export type End = "model" | "length" | "full" | "stopped";

export interface Conversation {
  /**
   * Says something and hears the answer piece by piece; both are remembered.
   * @returns the answer, as far as it was heard
   */
  say(
    text: string,
    hear: (piece: string) => void,
    signal: AbortSignal,
  ): Promise<{ readonly text: string; readonly end: End }>;
  /** Forgets what was said. @param system the system message from now on; empty for none */
  reset(system?: string): void;
}

export interface ConversationOptions {
  readonly sampling: SamplingOptions;
  readonly maxTokens: number;
  /** Of the draws: the same words in the same order get the same answers. */
  readonly seed: number;
  readonly system: string | undefined;
  /** Whether each text stands for itself, without a template. */
  readonly raw: boolean;
  /** Texts before which an answer ends. */
  readonly stops?: readonly string[] | undefined;
  /** As `generate` has it. */
  readonly promptLookup?: number | undefined;
}

/** Talks with a model. @throws DataError for a text that leaves no room for an answer */
export function openConversation(
  engine: Engine,
  model: LoadedModel & Reader,
  { sampling, maxTokens, seed, system, raw, promptLookup = 0, stops = [] }: ConversationOptions,
): Conversation {
  const { chat, tokenizer, config, generation } = model;
  const isChat = chat !== undefined && !raw;
  const { stopTokens, tokenizerSize } = generation;
  const ends = new Set(stopTokens);
  let [said, asked] = [system ?? "", 0];
  let messages: readonly Message[] = [];

  function promptOf(text: string): readonly number[] {
    if (!isChat) return tokenizer.encode(text);
    const first = said === "" ? [] : [{ role: "system", content: said }];
    return encodePrompt(model, [...first, ...messages, { role: "user", content: text }]);
  }

  async function answered(
    prompt: readonly number[],
    room: number,
    hear: (piece: string) => void,
    signal: AbortSignal,
  ): Promise<{ readonly text: string; readonly end: "model" | "length" | "stopped" }> {
    const decoder = answerDecoder(model, isChat ? [] : prompt);
    const finder = stopFinder(stops);
    const pieces: string[] = [];
    const tell = (piece: string): void => {
      if (piece === "") return;
      pieces.push(piece);
      hear(piece);
    };
    let end: "model" | "length" | "stopped" = "length";
    try {
      await generate(engine, {
        ...{ model: model.model, params: model.params, prompts: [prompt], maxNewTokens: room },
        ...{ ...sampling, stopTokens, tokenizerSize, key: fold(key(seed), asked++) },
        promptLookup,
        onToken: (token) => {
          if (signal.aborted) throw new Stopped();
          if (ends.has(token)) end = "model";
          else tell(finder.push(decoder.push(token)));
          if (finder.isStopped) end = "model";
        },
        stopWhen: () => finder.isStopped,
      });
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      end = "stopped";
    }
    tell(finder.push(decoder.end()) + finder.end());
    return { text: pieces.join(""), end };
  }

  return {
    say: async (text, hear, signal) => {
      const prompt = promptOf(text);
      if (prompt.length === 0)
        throw new DataError("chat: expected a token to go on from, got none");
      const room = Math.min(maxTokens, config.contextLength - prompt.length);
      if (room < 1) return { text: "", end: "full" };
      const answer = await answered(prompt, room, hear, signal);
      if (isChat)
        messages = [
          ...messages,
          { role: "user", content: text },
          { role: "assistant", content: answer.text },
        ];
      const isFull = answer.end === "length" && room < maxTokens;
      return isFull ? { ...answer, end: "full" } : answer;
    },
    reset: (next = said) => {
      said = next;
      messages = [];
    },
  };
}

class Stopped extends Error {}
