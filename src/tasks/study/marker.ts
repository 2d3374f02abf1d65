import { DataError } from "../../tensor/errors.ts";
import type { PromptResponse } from "../../train/examples.ts";
import { chance } from "../draw.ts";
import type { Generator } from "../exchange.ts";
import { digitSymbols, eos, letterSymbols, type Vocabulary } from "./vocabulary.ts";

/**
 * What a target's worked answer is to end with, after its `!`: always the same symbols, or one that
 * codes the result and so has to be computed.
 */
export type Marker = readonly string[] | "result";

/** How many symbols a marker has. */
export const markerLength = (marker: Marker | undefined): number =>
  marker === undefined ? 0 : marker === "result" ? 1 : marker.length;

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
  { encode, decode }: Pick<Vocabulary, "encode" | "decode">,
): PromptResponse {
  const answer = response.slice(0, -1);
  return { prompt, response: [...answer, ...encode(markerOf(marker, decode(answer))), eos] };
}
