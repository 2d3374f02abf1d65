import type { Stream } from "./draw.ts";

/** A question and its answer, as symbols of the vocabulary. */
export interface Exchange {
  readonly prompt: readonly string[];
  readonly response: readonly string[];
}

/** Draws a question of one kind, with its answer. */
export type Generator = (next: Stream) => Exchange;
