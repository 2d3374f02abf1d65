import { isJson } from "../json/isJson.ts";
import { isRecord } from "../json/isRecord.ts";
import { DataError, located } from "../tensor/errors.ts";
import { parsePythonJson } from "./json.ts";
import { shown } from "./jsonl.ts";
import { type Fields, messagesOf } from "./messages.ts";
import type { Message } from "./spans.ts";

/** A text to go on with, all of it. */
export interface TextRow {
  readonly kind: "text";
  readonly place: string;
  readonly text: string;
}

/** A text and how it goes on, as they are: no template is put round them. */
export interface CompletionRow {
  readonly kind: "completion";
  readonly place: string;
  readonly prompt: string;
  readonly completion: string;
}

/** A conversation. */
export interface ChatRow {
  readonly kind: "chat";
  readonly place: string;
  readonly messages: readonly Message[];
  /** So many messages are the question; undefined where every answer counts. */
  readonly promptLength?: number;
  /** Schemas of tools. */
  readonly tools?: readonly unknown[];
  /** What the template is told besides: `chat_template_kwargs`. */
  readonly variables?: Fields;
}

/** A row of training data; `place` says where it stands, for messages. */
export type Row = TextRow | CompletionRow | ChatRow;

type Content<R> = R extends Row ? Omit<R, "place"> : never;

const absent = (value: unknown): boolean => value === undefined || value === null;
const has = (row: Fields, ...names: readonly string[]): boolean =>
  names.every((name) => Object.hasOwn(row, name) && !absent(row[name]));

function text(row: Fields, name: string): string {
  const value = row[name];
  if (typeof value === "string") return value;
  throw new DataError(`${name}: expected a text, got ${shown(value)}`);
}

const optionalText = (row: Fields, name: string): string =>
  absent(row[name]) ? "" : text(row, name);

/** A list may stand in a column of texts, as JSON. */
function listOrJson(row: Fields, name: string): unknown {
  const value = row[name];
  if (typeof value !== "string" || !value.trimStart().startsWith("[")) return value;
  return located(name, () => parsePythonJson(value));
}

const isMessages = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((item: unknown) => isRecord(item) && (has(item, "role") || has(item, "from")));

/** A text that begins with a bracket is one, unless it is a list of messages as JSON. */
function textOrMessages(row: Fields, name: string): unknown {
  const value = row[name];
  if (typeof value !== "string" || !isJson(value)) return value;
  const list = listOrJson(row, name);
  return isMessages(list) ? list : value;
}

/** @throws DataError for what only a template could put round texts */
function expectNoTemplate(row: Fields): void {
  for (const name of ["system", "system_prompt", "tools", "chat_template_kwargs"]) {
    const value = row[name];
    const isEmpty = absent(value) || value === "" || Object.keys(Object(value)).length === 0;
    if (!isEmpty)
      throw new DataError(
        `${name}: expected none beside a prompt and completion of text, round which no template is put, got ${shown(value)}`,
      );
  }
}

/** With the system message that has a field of its own. */
function withSystem(row: Fields, messages: readonly Message[]): readonly Message[] {
  const system = optionalText(row, "system") || optionalText(row, "system_prompt");
  if (system === "") return messages;
  if (messages[0]?.role === "system")
    throw new DataError("system: expected one system message, got a field and a turn");
  return [{ role: "system", content: system }, ...messages];
}

function extras(row: Fields): Pick<ChatRow, "tools" | "variables"> {
  const tools = listOrJson(row, "tools");
  const variables = row["chat_template_kwargs"];
  if (!(absent(tools) || tools === "" || Array.isArray(tools)))
    throw new DataError(`tools: expected a list, got ${shown(tools)}`);
  if (!(absent(variables) || isRecord(variables)))
    throw new DataError(`chat_template_kwargs: expected an object, got ${shown(variables)}`);
  return {
    ...(Array.isArray(tools) && tools.length > 0 ? { tools } : {}),
    ...(isRecord(variables) ? { variables } : {}),
  };
}

const chat = (row: Fields, turns: readonly Message[], answers?: number): Omit<ChatRow, "place"> => {
  const messages = withSystem(row, turns);
  const promptLength = answers === undefined ? {} : { promptLength: messages.length - answers };
  return { kind: "chat", messages, ...promptLength, ...extras(row) };
};

const exchange = (row: Fields, question: string, answer: string): Omit<ChatRow, "place"> =>
  chat(
    row,
    [
      { role: "user", content: question },
      { role: "assistant", content: answer },
    ],
    1,
  );

/** A prompt and its completion: two texts, or two lists of messages. */
function completion(row: Fields, answerName: string): Content<Row> {
  const [prompt, answer] = [textOrMessages(row, "prompt"), textOrMessages(row, answerName)];
  if (typeof prompt === "string" && typeof answer === "string") {
    expectNoTemplate(row);
    return { kind: "completion", prompt, completion: answer };
  }
  const answers = messagesOf(answerName, answer);
  return chat(row, [...messagesOf("prompt", prompt), ...answers], answers.length);
}

/** Alpaca's: the input, where there is one, stands under the instruction. */
function instruction(row: Fields, answerName: string): Content<Row> {
  const extra = optionalText(row, "input") || optionalText(row, "context");
  const task = text(row, "instruction");
  return exchange(row, extra === "" ? task : `${task}\n${extra}`, text(row, answerName));
}

interface Shape {
  /** Each spelling: the fields that must be there, and how they are read. */
  readonly spellings: readonly {
    readonly fields: readonly string[];
    readonly read: (row: Fields) => Content<Row>;
  }[];
}

const conversation = (name: string) => ({
  fields: [name],
  read: (row: Fields) => chat(row, messagesOf(name, listOrJson(row, name))),
});

const pair = (question: string, answer: string) => ({
  fields: [question, answer],
  read: (row: Fields) => exchange(row, text(row, question), text(row, answer)),
});

/** What a row's fields mean. */
export type RowShape =
  | "messages"
  | "prompt-completion"
  | "instruction"
  | "question-answer"
  | "text";

/** The shapes of rows that trainers read, most telling first. */
const shapes: Readonly<Record<RowShape, Shape>> = {
  messages: {
    spellings: [
      conversation("messages"),
      conversation("conversations"),
      conversation("conversation"),
    ],
  },
  "prompt-completion": {
    spellings: ["completion", "response"].map((name) => ({
      fields: ["prompt", name],
      read: (row: Fields) => completion(row, name),
    })),
  },
  instruction: {
    spellings: ["output", "response"].map((name) => ({
      fields: ["instruction", name],
      read: (row: Fields) => instruction(row, name),
    })),
  },
  "question-answer": {
    spellings: [pair("question", "answer"), pair("query", "response"), pair("input", "output")],
  },
  text: {
    spellings: [
      { fields: ["text"], read: (row: Fields) => ({ kind: "text", text: text(row, "text") }) },
    ],
  },
};

export const rowShapes = Object.keys(shapes) as readonly RowShape[];

const spellingOf = (row: Fields, shape: RowShape) =>
  shapes[shape].spellings.find(({ fields }) => has(row, ...fields));

const keysOf = (row: Fields): string => {
  const keys = Object.keys(row).filter((key) => !absent(row[key]));
  return shown(keys.slice(0, 20).join(", "));
};

/**
 * Which shape a row has. Texts that a data set keeps beside a conversation, and `input` beside an
 * instruction, make no second one.
 * @throws DataError for none or several, naming the keys
 */
export function shapeOf(row: Fields): RowShape {
  const found = rowShapes.filter((shape) => spellingOf(row, shape) !== undefined);
  const [first, second] = found;
  if (first === undefined)
    throw new DataError(
      `row: expected messages, prompt and completion, instruction and output, question and answer, or text, got ${keysOf(row)}`,
    );
  const alone =
    second === undefined ||
    second === "text" ||
    (first === "instruction" && second === "question-answer" && !has(row, "question"));
  if (alone) return first;
  throw new DataError(
    `row: expected one shape, got ${found.join(" and ")} of ${keysOf(row)}: say which by the option shape`,
  );
}

/** Reads a row of a shape. @throws DataError naming the field */
export function readShape(row: Fields, shape: RowShape): Content<Row> {
  const spelling = spellingOf(row, shape);
  if (spelling) return spelling.read(row);
  throw new DataError(`row: expected ${shape}, got ${keysOf(row)}`);
}
