/** A source of numbers in [0, 1), as made by `random.stream(key)`. */
export type Stream = () => number;

/** A whole number, both ends included. */
export const integer = (next: Stream, min: number, max: number): number =>
  min + Math.floor(next() * (max - min + 1));

/** True with the given probability. */
export const chance = (next: Stream, probability = 0.5): boolean => next() < probability;

/** One of the items. */
export const pick = <T>(next: Stream, items: readonly T[]): T =>
  items[integer(next, 0, items.length - 1)] as T;

/** `count` items, with replacement. */
export const several = <T>(next: Stream, items: readonly T[], count: number): T[] =>
  Array.from({ length: count }, () => pick(next, items));

/** `count` distinct items, in random order. */
export function sample<T>(next: Stream, items: readonly T[], count: number): T[] {
  const rest = [...items];
  return Array.from({ length: count }, () => {
    const [drawn] = rest.splice(integer(next, 0, rest.length - 1), 1);
    return drawn as T;
  });
}
