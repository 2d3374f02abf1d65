import { encodePrompt, type Reader } from "../../finetune/reader.ts";
import { isRecord } from "../../json/isRecord.ts";
import { DataError } from "../../tensor/errors.ts";
import { record, shown } from "../../text/jsonl.ts";
import { messagesOf } from "../../text/messages.ts";
import type { Message } from "../../text/spans.ts";
import type { Output } from "../terminal/command.ts";
import type { Row } from "../terminal/fields.ts";
import { readRowsFile } from "../terminal/jsonlFile.ts";
import { flag, type Knob, text } from "../terminal/knobs.ts";
import { reportProblems } from "../terminal/problems.ts";

/** How a row becomes what the model reads. */
export const promptKnobs: { readonly system: Knob<string>; readonly raw: Knob<true> } = {
  system: text("<text>", "a system message for conversations without one"),
  raw: flag("prompts as they are, without the model's chat template"),
};

export interface PromptOptions {
  readonly system?: string;
  readonly raw?: true;
}

/** A row of a file of prompts, and what the model reads of it. */
export interface Prompt {
  readonly row: Row;
  readonly tokens: readonly number[];
}

const given = (row: Row, ...names: readonly string[]): unknown =>
  names
    .map((name) => row[name])
    .find((value) => value !== undefined && value !== null && value !== "");

const user = (content: string): readonly Message[] => [{ role: "user", content }];

/** What a row asks: its conversation without the answers at its end. */
function conversationOf(row: Row): readonly Message[] {
  for (const name of ["messages", "conversations", "conversation", "prompt"]) {
    const turns = row[name];
    if (!Array.isArray(turns)) continue;
    const all = messagesOf(name, turns);
    const last = all.findLastIndex(({ role }) => role !== "assistant");
    if (last >= 0) return all.slice(0, last + 1);
    throw new DataError(`${name}: expected a turn of the user, got none`);
  }
  const instruction = given(row, "instruction");
  const extra = given(row, "input", "context");
  // As rows of training data are read: what is given stands under what is asked.
  if (typeof instruction === "string")
    return user(typeof extra === "string" ? `${instruction}\n${extra}` : instruction);
  const asked = given(row, "prompt", "question", "query", "input", "text");
  if (typeof asked === "string") return user(asked);
  throw new DataError(
    `row: expected messages, prompt, instruction, question or text, got ${shown(Object.keys(row).join(", "))}`,
  );
}

function withSystem(messages: readonly Message[], system: string | undefined): readonly Message[] {
  if (system === undefined || messages[0]?.role === "system") return messages;
  return [{ role: "system", content: system }, ...messages];
}

/** A row's prompt. @throws DataError naming the field */
export function promptOf(row: Row, reader: Reader, { system, raw }: PromptOptions): Prompt {
  const own = given(row, "system", "system_prompt");
  const messages = withSystem(conversationOf(row), typeof own === "string" ? own : system);
  const { tools, chat_template_kwargs: variables } = row;
  const tokens = encodePrompt(reader, messages, {
    ...(raw && { raw }),
    ...(Array.isArray(tools) && tools.length > 0 && { tools }),
    ...(isRecord(variables) && { variables }),
  });
  if (tokens.length === 0) throw new DataError("prompt: expected a token, got an empty text");
  return { row, tokens };
}

/**
 * The prompts of a file of rows; what cannot be read is told and left out.
 * @throws DataError for a file without any
 */
export async function readPrompts(
  path: string,
  reader: Reader,
  options: PromptOptions,
  err: Output,
): Promise<readonly Prompt[]> {
  const { rows, problems } = await readRowsFile(path, (value) =>
    promptOf(record(value), reader, options),
  );
  reportProblems(err, problems, rows.length);
  if (rows.length === 0) throw new DataError(`${path}: expected prompts, got none`);
  return rows;
}
