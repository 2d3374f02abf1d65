import type { Vocabulary } from "./vocabulary.ts";

/**
 * How a model that reads text is shown symbols: each is a word, a question is what its chat template
 * makes of it, an answer ends the turn. Pure data, so that a recipe holds it.
 */
export interface WordTable {
  /** The text of each token, by its id. */
  readonly pieces: readonly string[];
  /** The tokens of each symbol, where a question or an answer begins with it. */
  readonly first: Readonly<Record<string, readonly number[]>>;
  /** And where it stands behind another: the space between them is theirs. */
  readonly next: Readonly<Record<string, readonly number[]>>;
  /** What the template puts before a question. */
  readonly before: readonly number[];
  /** And between it and its answer. */
  readonly after: readonly number[];
  /** Ends an answer. */
  readonly end: number;
}

/** The symbols of a text: its words, and line breaks. */
const symbolsIn = (text: string): string[] => text.match(/\n|\S+/g) ?? [];

/**
 * Symbols as words of a model that reads text.
 * @example
 * const table = { pieces: ["|", "a", " b", "!"], first: { a: [1] }, next: { b: [2] }, before: [0], after: [0], end: 3 };
 * wordVocabulary(table).response(["a", "b"]); // [1, 2, 3]
 */
export function wordVocabulary(table: WordTable): Vocabulary {
  const { pieces, before, after, end } = table;
  const idsOf = (from: "first" | "next", symbol: string): readonly number[] => {
    const ids = Object.hasOwn(table[from], symbol) ? table[from][symbol] : undefined;
    if (!ids) throw new RangeError(`encode: expected a known symbol, got ${symbol}`);
    return ids;
  };
  const encode = (text: readonly string[]): number[] =>
    text.flatMap((symbol) => idsOf("next", symbol));
  const whole = (text: readonly string[]): number[] => [
    ...text.slice(0, 1).flatMap((symbol) => idsOf("first", symbol)),
    ...encode(text.slice(1)),
  ];
  const decode = (ids: readonly number[]): string[] =>
    symbolsIn(
      ids
        .map((id) => {
          const piece = pieces[id];
          if (piece === undefined)
            throw new RangeError(`decode: expected 0 ≤ id < ${pieces.length}, got ${id}`);
          return piece;
        })
        .join(""),
    );
  return {
    ...{ symbols: Object.keys(table.next), size: pieces.length, eos: end, encode, decode },
    prompt: (text) => [...before, ...whole(text), ...after],
    response: (text) => [...whole(text), end],
    asked: (prompt) => decode(prompt.slice(before.length, prompt.length - after.length)),
  };
}
