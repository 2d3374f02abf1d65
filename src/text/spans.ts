import { DataError } from "../tensor/errors.ts";
import { at } from "../tensor/shapes.ts";
import type { Span } from "./offsets.ts";

/** A turn of a conversation, as templates read it: `role`, `content`, and what models add. */
export interface Message {
  readonly role: string;
  readonly content?: unknown;
  readonly [field: string]: unknown;
}

/** Private-use characters that stand around what the assistant says. */
const [OPEN, CLOSE] = ["\ue000", "\ue001"];

const TAG = /\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}/g;

/** Whether a template marks what the assistant says, as transformers' `generation` tag does. */
export const marksGeneration = (source: string): boolean => source.search(TAG) !== -1;

/**
 * The template with marks in place of its `generation` tags. The tags' white space control stays:
 * two tags on one line, a mark between them, the outer signs those of the tag.
 */
export const withMarks = (source: string): string =>
  source.replace(TAG, (_, left: string, end: string | undefined, right: string) =>
    end === undefined
      ? `{%${left} if true %}${OPEN}{% if true ${right}%}`
      : `{%${left} endif %}${CLOSE}{% endif ${right}%}`,
  );

const refuse = (expected: string, got: string): never => {
  throw new DataError(`chat template: expected ${expected}, got ${got}`);
};

/** @throws DataError for data that holds the marks */
export function checkUnmarked(data: unknown): void {
  if (/[\ue000\ue001]/.test(JSON.stringify(data)))
    refuse("data without U+E000 and U+E001, which mark the assistant's turns", "one of them");
}

/**
 * Cuts the marks out of a rendered text.
 * @throws DataError unless they pair up
 */
export function cutMarks(marked: string): { readonly text: string; readonly spans: Span[] } {
  const spans: Span[] = [];
  let [text, open] = ["", -1];
  for (const part of marked.split(/([\ue000\ue001])/)) {
    if (part !== OPEN && part !== CLOSE) text += part;
    else if (part === OPEN && open === -1) open = text.length;
    else if (part === CLOSE && open !== -1) {
      spans.push([open, text.length]);
      open = -1;
    } else refuse("each generation tag with its end", "one inside another");
  }
  if (open !== -1) refuse("each generation tag with its end", "one that stays open");
  return { text, spans };
}

/** Renders the first turns of a conversation. */
export type RenderPart = (messages: readonly Message[], addGenerationPrompt: boolean) => string;

/** What no conversation says, to see what a template puts behind a turn. */
const PROBE = "\ue002";

/** What a template writes behind the content of an assistant's last turn. */
function turnEnd(before: readonly Message[], render: RenderPart): string {
  const text = render([...before, { role: "assistant", content: PROBE }], false);
  return text.slice(text.lastIndexOf(PROBE) + 1);
}

/**
 * The assistant's turns in a text that an unmarked template rendered: from where a prompt of the
 * turns before ends, to where the text of the turns so far does. A template that writes earlier
 * turns differently from the last (Qwen 3 drops their thoughts) breaks the second; then the turn
 * ends with what the template puts behind a last turn, if the content does not hold that itself.
 * @param eos what a template may put behind a whole conversation (Phi 3 does)
 * @throws DataError naming the turn whose place is not certain
 */
export function spansByPrefix(
  text: string,
  messages: readonly Message[],
  render: RenderPart,
  eos = "",
): readonly Span[] {
  const turns = messages.flatMap(({ role }, i) => (role === "assistant" ? [i] : []));
  return turns.map((i, k): Span => {
    const before = messages.slice(0, i);
    const prompt = render(before, true);
    if (!text.startsWith(prompt))
      return refuse(
        `the text of turn ${i + 1} behind a prompt of the turns before, so that it can be found`,
        "another text: the template needs generation tags",
      );
    const start = prompt.length;
    const soFar = render(messages.slice(0, i + 1), false);
    const open = soFar.endsWith(eos) ? soFar.slice(0, soFar.length - eos.length) : soFar;
    for (const part of [soFar, open])
      if (part.length > start && text.startsWith(part)) return [start, part.length];
    const next = turns[k + 1];
    const limit = next === undefined ? text.length : render(messages.slice(0, next), true).length;
    return [start, endOf(text, start, limit, turnEnd(before, render), at(messages, i), i)];
  });
}

function endOf(
  text: string,
  start: number,
  limit: number,
  end: string,
  message: Message,
  i: number,
): number {
  const mark = end.trim();
  const found = mark === "" ? -1 : text.indexOf(end, start);
  const said = JSON.stringify(message);
  if (
    found === -1 ||
    found + end.length > limit ||
    said.includes(JSON.stringify(mark).slice(1, -1))
  )
    return refuse(
      `an end of turn ${i + 1} that is certain`,
      "none: the template needs generation tags",
    );
  return found + end.length;
}
