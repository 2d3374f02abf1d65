import { DataError } from "../../tensor/errors.ts";
import { exp } from "../../tensor/portable.ts";
import { at } from "../../tensor/shapes.ts";
import type { PromptResponse } from "../../train/examples.ts";
import { type LogProbRows, rowOf } from "./closeness.ts";

/** The base must find a marker's symbols less likely than this after nearly all right answers. */
const RARE = 1e-3;
const NEARLY_ALL = 0.99;

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/**
 * Checks that a marker is as rare as the study says: of its likeliest symbol after each right answer,
 * the 99 % quantile of the base's probability is below 1e-3. A base that knows it is no base for a
 * study of what is rare.
 * @param examples ended with the marker
 * @param rows what the base says at their response tokens
 * @param symbols how many tokens each symbol of the marker has
 * @throws DataError naming the seed and that quantile
 */
export function checkRare(
  examples: readonly PromptResponse[],
  rows: LogProbRows,
  symbols: readonly number[],
  seed: number,
): void {
  const ending = sumOf(symbols);
  const likeliest = examples.map(({ response }, i) => {
    const begin = response.length - 1 - ending;
    const shares = response
      .slice(begin, -1)
      .map((id, t) => exp(at(rowOf(rows, at(rows.starts, i) + begin + t), id)));
    const ends = symbols.map((_, n) => sumOf(symbols.slice(0, n + 1)));
    return Math.max(
      ...ends.map((end, n) =>
        shares.slice(end - at(symbols, n), end).reduce((product, share) => product * share, 1),
      ),
    );
  });
  const sorted = likeliest.toSorted((a, b) => a - b);
  const quantile = at(sorted, Math.ceil(NEARLY_ALL * sorted.length) - 1);
  if (!(quantile < RARE))
    throw new DataError(
      `seed ${seed}: expected a base to which the marker is rare, below ${RARE} after 99 % of ${examples.length} answers, got ${quantile.toPrecision(3)}`,
    );
}
