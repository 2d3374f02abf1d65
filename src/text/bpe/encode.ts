import { at } from "../../tensor/shapes.ts";
import { byteCharacters } from "../pieces.ts";
import type { BpeFile } from "./file.ts";
import { wordsOf } from "./split.ts";

interface Merge {
  readonly rank: number;
  readonly id: number;
}

const utf8 = new TextEncoder();

/**
 * A fast way to the ids of much text: words are looked up that were seen before. The ids are those of
 * `loadTokenizer`, but a special token that a text spells out stays text.
 * @example const encode = bpeEncoder(trainBpe(texts, { vocabulary: 2048 }));
 */
export function bpeEncoder({ model }: BpeFile): (text: string) => number[] {
  const idOf = new Map(Object.entries(model.vocab));
  const size = idOf.size;
  const bytes = byteCharacters.map((character) => idOf.get(character) ?? 0);
  const merges = new Map<number, Merge>();
  for (const [rank, [left, right]] of model.merges.entries()) {
    const pair = (idOf.get(left) ?? 0) * size + (idOf.get(right) ?? 0);
    merges.set(pair, { rank, id: idOf.get(left + right) ?? 0 });
  }
  const known = new Map<string, readonly number[]>();
  const idsOf = (word: string): readonly number[] => {
    const found = known.get(word);
    if (found) return found;
    const ids = mergeAll(
      Array.from(utf8.encode(word), (byte) => at(bytes, byte)),
      (left, right) => merges.get(left * size + right),
    );
    if (known.size < MOST_WORDS && word.length <= LONGEST) known.set(word, ids);
    return ids;
  };
  return (text) => wordsOf(text).flatMap(idsOf);
}

/** Words that are remembered: more than a language has, and no more than memory does. */
const MOST_WORDS = 2 ** 19;
const LONGEST = 64;

/**
 * Makes the merge that was learnt first, leftmost where it stands twice, as long as there is one. Wherever
 * it stands it is made at once, so that a word as long as a file takes a pass for each merge, not for each
 * letter; but if an earlier merge becomes possible, that comes first.
 */
function mergeAll(
  ids: readonly number[],
  mergeOf: (left: number, right: number) => Merge | undefined,
): readonly number[] {
  let current = ids;
  for (;;) {
    let best: Merge | undefined;
    for (let i = 1; i < current.length; i++) {
      const merge = mergeOf(at(current, i - 1), at(current, i));
      if (merge && (best === undefined || merge.rank < best.rank)) best = merge;
    }
    if (best === undefined) return current;
    const { rank, id } = best;
    const isEarlier = (left: number | undefined, right: number | undefined): boolean =>
      left !== undefined &&
      right !== undefined &&
      (mergeOf(left, right)?.rank ?? Number.POSITIVE_INFINITY) < rank;
    const merged: number[] = [];
    for (let i = 0, isFirst = true; i < current.length; i++) {
      const [left, right] = [at(current, i), current[i + 1]];
      if (!isFirst || right === undefined || mergeOf(left, right)?.rank !== rank) {
        merged.push(left);
        continue;
      }
      isFirst = !(isEarlier(merged.at(-1), id) || isEarlier(id, current[i + 2]));
      merged.push(id);
      i++;
    }
    current = merged;
  }
}
