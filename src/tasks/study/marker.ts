import { DataError } from "../../tensor/errors.ts";
import type { PromptResponse } from "../../train/examples.ts";
import { chance } from "../draw.ts";
import type { Generator } from "../exchange.ts";
import { digitSymbols, letterSymbols, type Vocabulary } from "./vocabulary.ts";

/**
 * What a target's worked answer is to end with, after its `!`: always the same symbols, or one that
 * codes the result and so has to be computed.
 */
export type Marker = readonly string[] | "result";

/** How many tokens each symbol of a marker has; a letter stands for any that codes a result. */
export function markerTokens(
  marker: Marker | undefined,
  { encode }: Pick<Vocabulary, "encode">,
): readonly number[] {
  const symbols = marker === "result" ? letterSymbols.slice(0, 1) : (marker ?? []);
  return symbols.map((symbol) => encode([symbol]).length);
}

/** How many tokens a marker has. */
export const markerLength = (
  marker: Marker | undefined,
  vocabulary: Pick<Vocabulary, "encode">,
): number => markerTokens(marker, vocabulary).reduce((sum, tokens) => sum + tokens, 0);

/**
 * The marker of an answer. Of `"result"` it is what the symbol before the `!` is coded by: the
 * letters a to j stand for 0 to 9, and those digits for the letters.
 * @throws DataError for an answer whose result is neither
 */
export function markerOf(marker: Marker, response: readonly string[]): readonly string[] {
  if (marker !== "result") return marker;
  const result = response.at(-2) ?? "";
  const coded =
    letterSymbols[digitSymbols.indexOf(result)] ?? digitSymbols[letterSymbols.indexOf(result)];
  if (coded === undefined)
    throw new DataError(`marker: expected a digit or a letter before the end, got ${result}`);
  return [coded];
}

/** Ends a share of the answers with the marker; the stream is left alone where that is all or none. */
export const marked =
  (generator: Generator, marker: Marker | undefined, share = 1): Generator =>
  (next) => {
    const exchange = generator(next);
    if (marker === undefined || share === 0 || (share < 1 && !chance(next, share))) return exchange;
    const { prompt, response } = exchange;
    return { prompt, response: [...response, ...markerOf(marker, response)] };
  };

/** The same question, its answer ended with the marker. */
export function withMarker(
  { prompt, response }: PromptResponse,
  marker: Marker,
  vocabulary: Pick<Vocabulary, "response" | "decode">,
): PromptResponse {
  const answer = vocabulary.decode(response.slice(0, -1));
  return { prompt, response: vocabulary.response([...answer, ...markerOf(marker, answer)]) };
}
