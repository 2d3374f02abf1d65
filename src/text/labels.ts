import { DataError } from "../tensor/errors.ts";
import type { Chat } from "./chat.ts";
import { shown } from "./jsonl.ts";
import type { Span } from "./offsets.ts";
import type { ChatRow, CompletionRow, Row, TextRow } from "./shapes.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Tokens of a row, and which of them the model learns to say. */
export interface Labelled {
  readonly tokens: readonly number[];
  /** 1 where the token is a target; the first, which nothing predicts, never is. */
  readonly mask: readonly (0 | 1)[];
}

export interface LabelOptions {
  readonly tokenizer: Tokenizer;
  /** For rows that are conversations. */
  readonly chat?: Chat | undefined;
  /** Only what the assistant says; by default for rows that do not tell question and answer apart. */
  readonly assistantOnly?: boolean | undefined;
  /** Only what follows the prompt; by default for rows that have one. */
  readonly completionOnly?: boolean | undefined;
}

const labelled = (tokens: readonly number[], isTarget: (index: number) => boolean): Labelled => ({
  tokens,
  mask: tokens.map((_, i) => (i > 0 && isTarget(i) ? 1 : 0)),
});

/** Ends with the end-of-sequence token, once. */
const ended = (ids: readonly number[], { eos }: Tokenizer): readonly number[] =>
  eos === undefined || ids.at(-1) === eos ? ids : [...ids, eos];

const ofText = ({ text }: TextRow, { tokenizer }: LabelOptions): Labelled =>
  labelled(ended(tokenizer.encode(text), tokenizer), () => true);

/**
 * Where the completion begins: a prompt whose tokens differ once something follows would be learnt in
 * another form than it is asked in.
 */
function behindPrompt(whole: readonly number[], prompt: readonly number[]): number {
  const apart = prompt.findIndex((id, i) => whole[i] !== id);
  if (apart === -1) return prompt.length;
  throw new DataError(
    `prompt: expected its ${prompt.length} tokens at the start of the whole's, got others from token ${apart + 1}: its end and the completion's start share a token`,
  );
}

function ofCompletion(row: CompletionRow, options: LabelOptions): Labelled {
  const { tokenizer, completionOnly = true } = options;
  const whole = ended(tokenizer.encode(row.prompt + row.completion), tokenizer);
  const start = completionOnly ? behindPrompt(whole, tokenizer.encode(row.prompt)) : 0;
  return labelled(whole, (i) => i >= start);
}

/** Tokens that hold a character of a span; one that straddles its border counts. */
function within(offsets: readonly Span[], spans: readonly Span[]): readonly boolean[] {
  let k = 0;
  return offsets.map(([start, end]) => {
    while (k < spans.length && (spans[k]?.[1] ?? 0) <= start) k++;
    const span = spans[k];
    return span !== undefined && start < end && end > span[0];
  });
}

function ofChat(row: ChatRow, options: LabelOptions): Labelled {
  const { tokenizer, chat, completionOnly = true } = options;
  const { messages, promptLength, tools, variables } = row;
  const { assistantOnly = promptLength === undefined } = options;
  if (chat === undefined)
    throw new DataError(
      "row: expected a chat template for a conversation, got none: a model without one learns rows of " +
        "prompt and completion, or of text; or lay a chat_template.jinja beside its tokenizer.json",
    );
  const settings = { tools, variables };
  const { encode, encodeWithOffsets } = tokenizer;
  const rendered = chat.render(messages, settings);
  const bare = { addSpecialTokens: false };
  const { ids, offsets } = assistantOnly
    ? encodeWithOffsets(rendered.text, bare)
    : { ids: encode(rendered.text, bare), offsets: [] };
  const said = assistantOnly ? within(offsets, rendered.spans) : undefined;
  let start = 0;
  if (completionOnly && promptLength !== undefined) {
    const asked = messages.slice(0, promptLength);
    const prompt = chat.render(asked, { ...settings, addGenerationPrompt: true }).text;
    start = behindPrompt(ids, encode(prompt, bare));
  }
  return labelled(ids, (i) => i >= start && (said?.[i] ?? true));
}

const KINDS: ReadonlySet<unknown> = new Set(["chat", "completion", "text"]);

/**
 * A row's tokens and targets, as TRL's trainer makes them: plain texts end with EOS, all of it is
 * learnt; of a prompt and its completion the latter; of a conversation what the assistant says, with
 * the end of its turns. Where both masks are asked for, both must hold. By position, never by id:
 * padding may be EOS.
 * @throws DataError for a row without a target, and where the targets' place is not certain
 */
export function labelRow(row: Row, options: LabelOptions): Labelled {
  if (!KINDS.has(row?.kind))
    throw new DataError(
      `row: expected one of kind ${[...KINDS].join(", ")}, such as rowsOf(…) reads, got ${shown(row)}`,
    );
  const result =
    row.kind === "chat"
      ? ofChat(row, options)
      : row.kind === "completion"
        ? ofCompletion(row, options)
        : ofText(row, options);
  if (!result.mask.includes(1))
    throw new DataError(
      `row: expected a token to learn, got none of ${result.tokens.length}: ${
        row.kind === "chat" ? "no turn is the assistant's" : "it is empty"
      }`,
    );
  return result;
}
