import { refuse } from "../../text/jsonl.ts";

/** A row of a JSONL file. */
export type Row = Readonly<Record<string, unknown>>;

/** @throws DataError unless the field is a text */
export const textIn = (row: Row, name: string): string => {
  const value = row[name];
  return typeof value === "string" ? value : refuse(name, "a text", value);
};

/** @throws DataError unless the field is a finite number */
export const numberIn = (row: Row, name: string): number => {
  const value = row[name];
  return typeof value === "number" && Number.isFinite(value)
    ? value
    : refuse(name, "a number", value);
};

/** @throws DataError unless the field is a list */
export const list = (row: Row, name: string): readonly unknown[] => {
  const value = row[name];
  return Array.isArray(value) ? value : refuse(name, "a list", value);
};

/** @throws DataError unless the field is a list of finite numbers */
export const numbers = (row: Row, name: string): readonly number[] =>
  list(row, name).map((value) => numberIn({ [name]: value }, name));

/** @throws DataError unless the field is a list of texts */
export const textsIn = (row: Row, name: string): readonly string[] =>
  list(row, name).map((value) => textIn({ [name]: value }, name));

/** The last turn of a role in a conversation; undefined where there is none. */
function turnOf(row: Row, role: "user" | "assistant"): string | undefined {
  const messages = row["messages"];
  if (messages === undefined || messages === null) return undefined;
  const turns = list(row, "messages").filter(
    (turn): turn is Row =>
      typeof turn === "object" && turn !== null && (turn as Row)["role"] === role,
  );
  const last = turns.at(-1);
  return last && textIn(last, "content");
}

const optional = (row: Row, name: string): string | undefined =>
  row[name] === undefined || row[name] === null || row[name] === "" ? undefined : textIn(row, name);

/** The question of a row: `prompt`, the user's last turn, or alpaca's input or instruction. */
export const promptIn = (row: Row): string | undefined =>
  optional(row, "prompt") ??
  turnOf(row, "user") ??
  optional(row, "input") ??
  optional(row, "instruction");

/** The answer that a row of data gives: the assistant's last turn, or alpaca's output. */
export const referenceIn = (row: Row): string | undefined =>
  turnOf(row, "assistant") ?? optional(row, "output");

/**
 * What a row answers: `response`, or the assistant's last turn.
 * @returns the response, and the row without it: what is right stands elsewhere
 * @throws DataError where there is neither
 */
export function responseIn(row: Row): readonly [response: string, rest: Row] {
  const turn = row["response"] === undefined ? turnOf(row, "assistant") : undefined;
  if (turn === undefined) return [textIn(row, "response"), row];
  const turns = list(row, "messages");
  const last = turns.findLastIndex((each) => (each as Row)?.["role"] === "assistant");
  return [turn, { ...row, messages: turns.slice(0, last) }];
}

/** `id`, or IFEval's `key`, as a text. */
export function idIn(row: Row): string | undefined {
  const value = row["id"] ?? row["key"];
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" || typeof value === "number"
    ? `${value}`
    : refuse("id", "a text or a number", value);
}
