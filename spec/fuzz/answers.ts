import { mutateJson, mutateText } from "./mutants.ts";

type Roll = (n: number) => number;

/** What a server sends back. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether the line breaks behind it. */
  readonly breaks: boolean;
}

const statuses = [200, 200, 200, 200, 200, 200, 206, 301, 302, 307, 401, 403, 404, 416, 500];

/** Characters that no header can hold are refused by whoever sends it. */
const plain = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?");

/** An answer as a server might send it that is out of order, or not what it says. */
export function answerLike(
  body: string,
  headers: Readonly<Record<string, string>>,
  roll: Roll,
): Answer {
  const change = (text: string): string =>
    roll(2) === 0 || !text.startsWith("{")
      ? mutateText(text, roll)
      : (JSON.stringify(mutateJson(JSON.parse(text), roll)) ?? "");
  const sent = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    if (roll(8) === 0) return [];
    return [[name, roll(3) === 0 ? plain(mutateText(value, roll)) : value]];
  });
  return {
    status: statuses[roll(statuses.length)] ?? 200,
    headers: Object.fromEntries(sent),
    body: roll(4) === 0 ? body : change(body),
    breaks: roll(10) === 0,
  };
}

export function responseOf({ status, headers, body, breaks }: Answer): Response {
  const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    controller.enqueue(new TextEncoder().encode(body));
    if (breaks) controller.error(new TypeError("terminated"));
    else controller.close();
  };
  return new Response(new ReadableStream({ start }), { status, headers });
}

/** Gives the answers one after the other, the last again and again. */
export function serverOf(answers: readonly Answer[]): typeof fetch {
  let next = 0;
  return async () => {
    const answer = answers[Math.min(next++, answers.length - 1)];
    if (answer === undefined) throw new TypeError("fetch failed");
    return responseOf(answer);
  };
}
