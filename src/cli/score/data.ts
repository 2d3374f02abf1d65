import { medcalc } from "../../tasks/index.ts";
import { DataError } from "../../tensor/errors.ts";
import { parseJsonl, record, shown } from "../../text/jsonl.ts";
import { idIn, promptIn, type Row, referenceIn, responseIn } from "../terminal/fields.ts";
import { readBytes } from "../terminal/files.ts";
import { type Read, readJsonlBytes, readJsonlFile } from "../terminal/jsonlFile.ts";
import { guardedParquet } from "../terminal/parquet.ts";
import { type Judge, judgeMedcalc, type Scorable } from "./questions.ts";

/** A question that responses answer: they name its id or repeat its prompt. */
export interface Question {
  readonly id: string | undefined;
  readonly prompt: string | undefined;
  /** What it is judged by: equal for questions that are one. */
  readonly asks: string;
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
      const { id: _, key: __, messages: ___, response: ____, ...facts } = row;
      const asks = JSON.stringify([facts, referenceIn(row)]);
      return { id: idIn(row), prompt, asks, judge };
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
 * @throws DataError for a file that cannot be used at all; the signal's reason if it comes first
 */
export async function readQuestions(
  name: string,
  scorable: Scorable,
  path: string,
  signal: AbortSignal,
): Promise<Read<Question>> {
  const bytes = await readBytes(path);
  if (name !== "medcalc" || startsJsonl(bytes))
    return readJsonlBytes(bytes, path, (text, file) =>
      parseJsonl(text, file, toQuestion(scorable)),
    );
  const { rows, problems } = await medcalc.readRows(bytes, path, guardedParquet(signal));
  return {
    rows: rows.map((row) => ({
      id: row.id,
      prompt: medcalc.prompts.paper(row)[0]?.content,
      asks: JSON.stringify([row.calculatorId, row.groundTruth, row.lower, row.upper]),
      judge: judgeMedcalc(row),
    })),
    problems: problems.map(medcalc.describeProblem),
  };
}

/** Questions by a name that each should have alone. */
class Names {
  readonly #known = new Map<string, Question>();
  readonly #unclear = new Map<string, number>();

  constructor(questions: readonly Question[], nameOf: (question: Question) => string | undefined) {
    for (const question of questions) {
      const name = nameOf(question);
      if (name === undefined) continue;
      const other = this.#known.get(name);
      if (other === undefined) this.#known.set(name, question);
      else if (other.asks !== question.asks)
        this.#unclear.set(name, (this.#unclear.get(name) ?? 1) + 1);
    }
  }

  /** @throws DataError for a name that several questions have */
  find(field: string, name: string | undefined, path: string): Question | undefined {
    const several = this.#unclear.get(name ?? "");
    if (name !== undefined && several !== undefined)
      throw new DataError(
        `${field}: expected that of one question in ${path}, got ${shown(name)}, which ${several} have`,
      );
    return name === undefined ? undefined : this.#known.get(name);
  }
}

/**
 * Finds the question of a row by its id, or else by its prompt.
 * @throws DataError where there is none, and where several questions have the id or the prompt
 */
export function finder(questions: readonly Question[], path: string): (row: Row) => Question {
  const byId = new Names(questions, ({ id }) => id);
  const byPrompt = new Names(questions, ({ prompt }) => prompt);
  return (row) => {
    const [id, prompt] = [idIn(row), promptIn(row)];
    if (id === undefined && prompt === undefined)
      throw new DataError("id: expected the id or the prompt of a question, got neither");
    const found = byId.find("id", id, path) ?? byPrompt.find("prompt", prompt, path);
    if (found) return found;
    const got = id === undefined ? "another prompt" : shown(id);
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
      const [text, row] = responseIn(record(value));
      return { ...(find ?? toQuestion(scorable))(row), text };
    }),
  );
