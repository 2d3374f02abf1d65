import { shareOf } from "../share.ts";
import { UNPARSED } from "./scoring/paper.ts";
import type { Verdict } from "./scoring/verdict.ts";

/** Shares of right answers, in [0, 1]. */
export interface Accuracy {
  readonly overall: number;
  readonly byCategory: Readonly<Record<string, number>>;
  /** Share of responses in which no answer was found. */
  readonly unparsed: number;
  readonly count: number;
}

/** Accuracy over all verdicts and over those of each category, as the benchmark reports it. */
export function accuracy(verdicts: readonly (Verdict & { readonly category: string })[]): Accuracy {
  const categories = [...new Set(verdicts.map(({ category }) => category))].sort();
  return {
    overall: shareOf(verdicts.map(({ correct }) => correct)),
    byCategory: Object.fromEntries(
      categories.map((category) => [
        category,
        shareOf(
          verdicts.filter((each) => each.category === category).map(({ correct }) => correct),
        ),
      ]),
    ),
    unparsed: shareOf(
      verdicts.map(({ extracted }) => extracted === null || extracted === UNPARSED),
    ),
    count: verdicts.length,
  };
}
