import { isRecord } from "../json/isRecord.ts";
import { refuse } from "./jsonl.ts";
import type { Message } from "./spans.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** Hub data sets' names of the roles that templates know. */
const roles: ReadonlyMap<string, string> = new Map([
  ...["user", "human", "prompter"].map((name) => [name, "user"] as const),
  ...["assistant", "gpt", "model", "bot", "chatbot"].map((name) => [name, "assistant"] as const),
  ["system", "system"],
  ["developer", "developer"],
  ...["tool", "function", "observation", "ipython"].map((name) => [name, "tool"] as const),
]);

/** Parts of text become one; others are for models that see. */
function contentOf(where: string, value: unknown): string {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return refuse(where, "a text", value);
  return value
    .map((part: unknown) => {
      const { type, text } = isRecord(part) ? part : {};
      return type === "text" && typeof text === "string"
        ? text
        : refuse(where, "parts of text", part);
    })
    .join("");
}

function message(where: string, value: unknown): Message {
  if (!isRecord(value)) return refuse(where, "a message", value);
  // Columns of a data set are null in rows that lack them; templates ask whether they are defined.
  const given = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
  const { role, from, content, value: said, ...others }: Fields = Object.fromEntries(given);
  const name = role ?? from;
  const known = typeof name === "string" ? roles.get(name) : undefined;
  if (known === undefined) return refuse(where, `a role of ${[...roles.keys()].join(", ")}`, name);
  const text = content ?? said;
  // What calls a tool may say nothing besides.
  if (text === undefined && others["tool_calls"] !== undefined) return { role: known, ...others };
  return { role: known, content: contentOf(where, text), ...others };
}

/**
 * The turns of a conversation, in OpenAI's spelling or ShareGPT's.
 * @throws DataError naming the turn
 */
export function messagesOf(name: string, value: unknown): readonly Message[] {
  if (!Array.isArray(value) || value.length === 0) return refuse(name, "a list of messages", value);
  return value.map((turn, i) => message(`${name}[${i}]`, turn));
}
