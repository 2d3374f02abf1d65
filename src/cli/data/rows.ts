/** A turn of a conversation. */
export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** A question, its answer where there is one, and what a scorer needs to know of it. */
export interface Sample {
  readonly id: string;
  readonly messages: readonly Message[];
  /** In the file beside the messages, where trainers overlook it. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** `messages`: as TRL reads it. `alpaca`: instruction, input and output. */
export const formats = ["messages", "alpaca"] as const;
export type Format = (typeof formats)[number];

const of = (role: Message["role"], messages: readonly Message[]): string | undefined =>
  messages.find((message) => message.role === role)?.content;

/** A system message is the instruction and the user's the input; else the user's is the former. */
function alpaca(messages: readonly Message[]): Readonly<Record<string, string>> {
  const [system, user, assistant] = (["system", "user", "assistant"] as const).map(
    (role) => of(role, messages) ?? "",
  ) as [string, string, string];
  return system === ""
    ? { instruction: user, input: "", output: assistant }
    : { instruction: system, input: user, output: assistant };
}

/**
 * A row of a data file.
 * @param bare only what a trainer reads
 */
export function toRow(
  { id, messages, facts }: Sample,
  format: Format,
  bare: boolean,
): Readonly<Record<string, unknown>> {
  const shown = format === "messages" ? { messages } : alpaca(messages);
  return bare ? shown : { ...shown, id, ...facts };
}
