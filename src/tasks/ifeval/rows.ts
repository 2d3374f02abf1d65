import { DataError } from "../../tensor/errors.ts";
import { type Parsed, parseJsonl, record, shown, writeJsonl } from "../../text/jsonl.ts";
import { check, type Row, type Verdict } from "./follow.ts";
import { type Kwargs, text } from "./kwargs.ts";

/** A row of IFEval's `input_data.jsonl`: a prompt with its instructions. */
export type Prompt = Omit<Row, "response">;

/** A row of a file of responses; `prompt` is exactly that of the data. */
export interface Response {
  readonly prompt: string;
  readonly response: string;
}

const list = (row: Kwargs, name: string): readonly unknown[] => {
  const value = row[name];
  if (!Array.isArray(value)) throw new DataError(`${name}: expected a list, got ${shown(value)}`);
  return value;
};

/** Reads a row of prompts. @throws DataError that names the field and what was expected */
export function toPrompt(value: unknown): Prompt {
  const row = record(value);
  const prompt = text(row, "prompt");
  const ids = list(row, "instruction_id_list").map((id) => text({ id }, "id"));
  const kwargs = list(row, "kwargs").map(record);
  if (ids.length !== kwargs.length)
    throw new DataError(`kwargs: expected ${ids.length} objects, got ${kwargs.length}`);
  ids.forEach((instructionId, i) => {
    check({ instructionId, kwargs: kwargs[i] as Kwargs, prompt });
  });
  const key = row["key"];
  const isKey = typeof key === "number" || typeof key === "string";
  return { ...(isKey ? { key } : {}), prompt, instruction_id_list: ids, kwargs };
}

const toResponse = (value: unknown): Response => {
  const row = record(value);
  return { prompt: text(row, "prompt"), response: text(row, "response") };
};

/** Reads prompts; a row with an unknown instruction or bad kwargs is a problem. */
export const readPrompts = (content: string, file: string): Parsed<Prompt> =>
  parseJsonl(content, file, toPrompt);

/** Reads responses. */
export const readResponses = (content: string, file: string): Parsed<Response> =>
  parseJsonl(content, file, toResponse);

/** The prompts that have a response, with it, and those that have none. */
export function join(
  prompts: readonly Prompt[],
  responses: readonly Response[],
): { readonly rows: readonly Row[]; readonly missing: readonly Prompt[] } {
  const given = new Map(responses.map(({ prompt, response }) => [prompt, response]));
  return {
    rows: prompts.flatMap((prompt) => {
      const response = given.get(prompt.prompt);
      return response === undefined ? [] : [{ ...prompt, response }];
    }),
    missing: prompts.filter(({ prompt }) => !given.has(prompt)),
  };
}

/** A row and its verdict a line, as the original writes its results, strict and loose together. */
export const writeVerdicts = (rows: readonly Row[], verdicts: readonly Verdict[]): string =>
  writeJsonl(
    rows.map(({ prompt, response, instruction_id_list }, i) => {
      const { strict, loose } = verdicts[i] as Verdict;
      return {
        prompt,
        response,
        instruction_id_list,
        follow_instruction_list: strict,
        follow_all_instructions: strict.every(Boolean),
        follow_instruction_list_loose: loose,
        follow_all_instructions_loose: loose.every(Boolean),
      };
    }),
  );
