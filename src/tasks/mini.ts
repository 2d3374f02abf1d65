import type { Exchange } from "./exchange.ts";
import type { Target } from "./study/target.ts";

/** What a program says of a response: right or not, and what was wrong. */
export interface MiniVerdict {
  readonly correct: boolean;
  /** Empty if the response is right. */
  readonly why: string;
}

/** A benchmark in miniature, for a tiny transformer: one token a symbol. */
export interface Mini {
  /** All symbols of prompts and responses. */
  readonly symbols: readonly string[];
  readonly target: Target;
  /** The most symbols that a prompt and a response have together. */
  readonly positions: number;
  /**
   * Judges a response to a prompt of the target, its end symbol taken away; any response is safe.
   * @throws DataError for a prompt that is not one of the target's
   */
  readonly score: (prompt: readonly string[], response: readonly string[]) => MiniVerdict;
}

/** What a response without steps says: the `answer`, or an `echo` of what is asked for. */
export type Direct = "answer" | "echo";

/** What an answer that takes no notice of its prompt begins with. */
export const HASH = "#";

/** `# x` to a prompt that asks for `x` with its last symbol: never right. */
export const echoed = (prompt: readonly string[]): Exchange => ({
  prompt,
  response: [HASH, prompt.at(-1) as string],
});
