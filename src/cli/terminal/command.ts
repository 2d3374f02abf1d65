import type { Readable } from "node:stream";

/** Where a command writes. */
export interface Output {
  write(text: string): boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
  once(event: "drain", listener: () => void): unknown;
}

/** What a command needs of the world. */
export interface Terminal {
  /** What was asked for. */
  readonly out: Output;
  /** What is said about it: progress, rows that were left out. */
  readonly err: Output;
  /** Where relative paths start. */
  readonly folder: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly fetch: typeof globalThis.fetch;
  /** What is typed; absent where a command is not to ask. */
  readonly input?: Readable & { readonly isTTY?: boolean };
}

/** `anchorgrad <name> …`; names stand in `commands.ts`, which loads nothing. */
export interface Command {
  readonly usage: string;
  /** @returns whether it came to its end. @throws UsageError, DataError */
  run(args: readonly string[], terminal: Terminal): Promise<boolean>;
}
