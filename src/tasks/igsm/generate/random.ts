import { type Stream, sample } from "../../draw.ts";

/** The items in random order. */
export const shuffled = <T>(next: Stream, items: readonly T[]): T[] =>
  sample(next, items, items.length);

/** One of the items, with probability in proportion to exp(score). */
export function softmaxPick<T>(next: Stream, items: readonly T[], score: (item: T) => number): T {
  const weights = items.map((item) => Math.exp(score(item)));
  let rest = next() * weights.reduce((sum, weight) => sum + weight, 0);
  const index = weights.findIndex((weight) => {
    rest -= weight;
    return rest < 0;
  });
  return items.at(index) as T;
}

/** |N(0, 1)|, by Box and Muller. */
export const halfNormal = (next: Stream): number =>
  Math.abs(Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()));
