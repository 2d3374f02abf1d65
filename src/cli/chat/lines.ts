import { createInterface, type Interface } from "node:readline";
import type { Terminal } from "../terminal/command.ts";

/** Lines as somebody types them, or as they come from a file. */
export interface Lines {
  /** The next line; undefined at the end. @param prompt is shown where somebody types */
  next(prompt: string): Promise<string | undefined>;
  /** Hears Ctrl-C of a terminal in place of the end. @returns stops hearing it */
  onInterrupt(listener: () => void): () => void;
  close(): void;
}

/** Reads lines of the terminal's input; of none where there is no input. */
export function openLines({ input, out, signal }: Terminal): Lines {
  if (!input) return { next: async () => undefined, onInterrupt: () => () => {}, close: () => {} };
  const isTyped = input.isTTY === true && out.isTTY === true;
  const output = isTyped ? (out as unknown as NodeJS.WritableStream) : undefined;
  const reader = createInterface({ input, ...(output && { output }), terminal: isTyped });
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
      if (isTyped) {
        reader.setPrompt(prompt);
        reader.prompt();
      }
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
