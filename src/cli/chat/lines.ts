import { createInterface, type Interface } from "node:readline";
import { setImmediate } from "node:timers/promises";
import { DataError } from "../../tensor/errors.ts";
import type { Terminal } from "../terminal/command.ts";
import { reasonOf } from "../terminal/failure.ts";

/** Lines as somebody types them, or as they come from a file. */
export interface Lines {
  /** The next line; undefined at the end. @param prompt is shown where somebody types */
  next(prompt: string): Promise<string | undefined>;
  /** Hears Ctrl-C of a terminal in place of the end. @returns stops hearing it */
  onInterrupt(listener: () => void): () => void;
  close(): void;
}

/** Characters of a line: more are no text that somebody says, and a line may never end. */
const MOST = 2 ** 20;

/**
 * Reads lines of the terminal's input; of none where there is no input. `next` throws a DataError for
 * an input that cannot be read, is no UTF-8, or has a line that does not end.
 */
export function openLines(terminal: Terminal): Lines {
  const { input, out } = terminal;
  if (!input) return { next: async () => undefined, onInterrupt: () => () => {}, close: () => {} };
  return input.isTTY === true && out.isTTY === true
    ? typedLines(terminal, input)
    : pipedLines(terminal, input);
}

/** Takes no more of a stream than is asked for: it may be longer than memory. */
function pipedLines({ signal }: Terminal, input: NonNullable<Terminal["input"]>): Lines {
  const lines = linesOf(input);
  const close = (): unknown => input.destroy();
  signal.addEventListener("abort", close, { once: true });
  return {
    next: async () => {
      // Lines that are there already must not keep signals and a closed output from being heard.
      await setImmediate();
      try {
        const { value, done } = await lines.next();
        return done ? undefined : value;
      } catch (error) {
        if (signal.aborted) return undefined;
        const reason = reasonOf(error);
        if (reason === undefined) throw error;
        throw new DataError(`input: expected lines to answer, got ${reason}`);
      }
    },
    onInterrupt: () => () => {},
    close: () => {
      signal.removeEventListener("abort", close);
      close();
    },
  };
}

async function* linesOf(input: AsyncIterable<unknown>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (part?: Uint8Array): string => {
    try {
      return part ? decoder.decode(part, { stream: true }) : decoder.decode();
    } catch {
      throw new DataError("input: expected UTF-8, got other bytes");
    }
  };
  let begun = "";
  for await (const part of input) {
    const [first = "", ...others] = (part instanceof Uint8Array ? decode(part) : `${part}`).split(
      "\n",
    );
    begun += first;
    if (begun.length > MOST)
      throw new DataError(`input: expected lines of at most ${MOST} characters, got a longer one`);
    for (const other of others) {
      yield begun.replace(/\r$/, "");
      begun = other;
    }
  }
  begun += decode();
  if (begun !== "") yield begun;
}

/** Lines of somebody at a terminal, who may edit them. */
function typedLines({ out, signal }: Terminal, input: NonNullable<Terminal["input"]>): Lines {
  const output = out as unknown as NodeJS.WritableStream;
  const reader = createInterface({ input, output, terminal: true });
  const { take, close } = queueOf(reader);
  const listeners = new Set<() => void>();
  reader.on("SIGINT", () => {
    if (listeners.size === 0) reader.close();
    for (const listener of listeners) listener();
  });
  const end = (): void => reader.close();
  signal.addEventListener("abort", end, { once: true });
  return {
    next: (prompt) => {
      reader.setPrompt(prompt);
      reader.prompt();
      return take();
    },
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => {
      signal.removeEventListener("abort", end);
      close();
    },
  };
}

/** Lines may come before they are asked for, and the input may end before they are read. */
function queueOf(reader: Interface): { take(): Promise<string | undefined>; close(): void } {
  const lines: string[] = [];
  let isClosed = false;
  let wake = (): void => {};
  reader.on("line", (line) => {
    lines.push(line);
    wake();
  });
  reader.on("close", () => {
    isClosed = true;
    wake();
  });
  return {
    take: async () => {
      while (lines.length === 0 && !isClosed)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      return lines.shift();
    },
    close: () => reader.close(),
  };
}
