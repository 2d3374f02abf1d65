import { medcalc } from "../../tasks/index.ts";
import { DataError } from "../../tensor/errors.ts";
import { parseJsonl, record } from "../../text/jsonl.ts";
import { idIn, promptIn, type Row, referenceIn, textIn } from "../terminal/fields.ts";
import { readBytes } from "../terminal/files.ts";
import { type Read, readJsonlBytes, readJsonlFile } from "../terminal/jsonlFile.ts";
import { type Judge, judgeMedcalc, type Scorable } from "./questions.ts";

/** A question that responses answer: they name its id or repeat its prompt. */
export interface Question {
  readonly id: string | undefined;
  readonly prompt: string | undefined;
  readonly judge: Judge;
}

/** A response and what it answers. */
export interface Response extends Question {
  readonly text: string;
}

const toQuestion =
  (scorable: Scorable) =>
  (value: unknown): Question => {
    const row = record(value);
    const prompt = promptIn(row);
    try {
      const judge = scorable.judge(row, prompt ?? "", referenceIn(row));
      return { id: idIn(row), prompt, judge };
    } catch (error) {
      // A problem of numbers out of range is the row's fault too.
      throw error instanceof RangeError ? new DataError(`row: ${error.message}`) : error;
    }
  };

const startsJsonl = (bytes: Uint8Array): boolean => {
  const start = new TextDecoder().decode(bytes.subarray(0, 1000)).replace("\ufeff", "");
  return start.trimStart().startsWith("{");
};

/**
 * The questions of a data file: JSONL as `data` writes it, or the benchmark's own file.
 * @throws DataError for a file that cannot be used at all
 */
export async function readQuestions(
  name: string,
  scorable: Scorable,
  path: string,
): Promise<Read<Question>> {
  const bytes = await readBytes(path);
  if (name !== "medcalc" || startsJsonl(bytes))
    return readJsonlBytes(bytes, path, (text, file) =>
      parseJsonl(text, file, toQuestion(scorable)),
    );
  const { rows, problems } = await medcalc.readRows(bytes, path);
  return {
    rows: rows.map((row) => ({
      id: row.id,
      prompt: medcalc.prompts.paper(row)[0]?.content,
      judge: judgeMedcalc(row),
    })),
    problems: problems.map(medcalc.describeProblem),
  };
}

/** Finds the question of a row by its id, or else by its prompt. @throws DataError without one */
export function finder(questions: readonly Question[], path: string): (row: Row) => Question {
  const byId = new Map(questions.map((question) => [question.id, question]));
  const byPrompt = new Map(questions.map((question) => [question.prompt, question]));
  return (row) => {
    const [id, prompt] = [idIn(row), promptIn(row)];
    if (id === undefined && prompt === undefined)
      throw new DataError("id: expected the id or the prompt of a question, got neither");
    const found =
      (id === undefined ? undefined : byId.get(id)) ??
      (prompt === undefined ? undefined : byPrompt.get(prompt));
    if (found) return found;
    const got = id === undefined ? "another prompt" : JSON.stringify(id.slice(0, 40));
    throw new DataError(
      `${id === undefined ? "prompt" : "id"}: expected that of a question in ${path}, got ${got}`,
    );
  };
}

/** Responses to questions that `find` finds, or that stand in the same rows. */
export const readResponses = (
  path: string,
  scorable: Scorable,
  find: ((row: Row) => Question) | undefined,
): Promise<Read<Response>> =>
  readJsonlFile(path, (text, file) =>
    parseJsonl(text, file, (value): Response => {
      const row = record(value);
      const response = textIn(row, "response");
      return { ...(find ?? toQuestion(scorable))(row), text: response };
    }),
  );
