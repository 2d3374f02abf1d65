/** The items of one layer of the world, in groups that belong together. */
export interface Category {
  readonly name: string;
  readonly groups: readonly (readonly string[])[];
}

/** Categories from the whole to the part: each item has items of the next category. */
export type Hierarchy = readonly Category[];

/** All that problems may speak of. Names have no full stop, comma or semicolon. */
export type Lexicon = readonly Hierarchy[];

/** Splits a list as it is written in a word list. */
export const list = (words: string): string[] =>
  words.split(",").map((word) => word.trim().replace(/\s+/g, " "));

/** A group for each last word: every first word before it. */
export const compound = (firsts: string, lasts: string): string[][] =>
  list(lasts).map((last) => list(firsts).map((first) => `${first} ${last}`));
