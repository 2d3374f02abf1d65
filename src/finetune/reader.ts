import { DataError } from "../tensor/errors.ts";
import type { Message } from "../text/spans.ts";
import type { StreamDecoder } from "../text/stream.ts";
import type { LoadedModel } from "./load.ts";

/** What a text model can be asked with. */
export interface Reader extends Pick<LoadedModel, "chat" | "folder"> {
  readonly tokenizer: NonNullable<LoadedModel["tokenizer"]>;
}

/** @throws DataError for a model without a tokenizer */
export function expectReader(model: LoadedModel): LoadedModel & Reader {
  const { tokenizer } = model;
  if (tokenizer) return { ...model, tokenizer };
  throw new DataError(`${model.folder}: expected a tokenizer.json for texts, got none`);
}

/**
 * Decodes an answer token by token, without special tokens.
 * @param before the text that it goes on with, if it does: SentencePiece has no space in front of a first
 * word alone
 */
export function answerDecoder(
  { tokenizer }: Pick<Reader, "tokenizer">,
  before: readonly number[] = [],
): StreamDecoder {
  const decoder = tokenizer.decoder({ skipSpecialTokens: true });
  before.forEach(decoder.push);
  return decoder;
}

/** The token that texts begin with. @throws DataError for a model that has none */
export function startOf({ tokenizer, folder }: Pick<LoadedModel, "tokenizer" | "folder">): number {
  const start = tokenizer?.bos ?? tokenizer?.eos;
  if (start === undefined)
    throw new DataError(`${folder}: expected a token that texts begin with, got none`);
  return start;
}

/**
 * The tokens of a conversation, up to where the assistant begins; of a text as it is for models
 * without a template.
 * @throws DataError for several turns without a template
 */
export function encodePrompt(
  { tokenizer, chat, folder }: Reader,
  messages: readonly Message[],
  {
    raw,
    ...settings
  }: {
    readonly raw?: boolean;
    readonly tools?: readonly unknown[];
    readonly variables?: Readonly<Record<string, unknown>>;
  } = {},
): readonly number[] {
  if (chat && !raw) {
    const { text } = chat.render(messages, { ...settings, addGenerationPrompt: true });
    return tokenizer.encode(text, { addSpecialTokens: false });
  }
  const [only, ...others] = messages;
  if (others.length > 0 || typeof only?.content !== "string")
    throw new DataError(
      `prompt: expected one text, as ${raw ? "--raw takes it" : `${folder} has no chat template`}, got ${messages.length} turns`,
    );
  return tokenizer.encode(only.content);
}
