import { expectKnown } from "../../tensor/options.ts";
import { at } from "../../tensor/shapes.ts";
import { shown } from "../jsonl.ts";
import { byteCharacters } from "../pieces.ts";
import { type BpeFile, bpeFile } from "./file.ts";
import { wordsOf } from "./split.ts";

/** How large a vocabulary `trainBpe` makes, and which tokens it has besides. */
export interface BpeOptions {
  /** Most tokens there are to be, the 256 of bytes and the special ones among them. */
  readonly vocabulary: number;
  /** Tokens that no text is merged to, such as a turn's end; they come first. */
  readonly specials?: readonly string[];
}

/** A pair that is merged needs to stand somewhere else too. */
const SEEN = 2;

/**
 * Trains byte-level byte pair encoding: again and again the two tokens that stand side by side most
 * often become one. Equal counts are decided by the smaller ids, so that the same texts, in any order,
 * give the same file; merges are those of Hugging Face's trainer with an initial alphabet of all bytes
 * and a minimum of 2. Text is composed (NFC) and cut into words by Qwen2's pattern, each digit alone.
 * @returns tokenizer.json; with fewer tokens where no pair comes twice any more
 * @throws RangeError for a vocabulary that has no room for bytes and special tokens, and for a special
 *   that is the sign of a byte; TypeError for texts that are none
 * @see https://arxiv.org/abs/1508.07909 (Sennrich et al. 2016)
 * @example
 * const tokenizerJson = trainBpe(texts, { vocabulary: 2048, specials: ["<|endoftext|>"] });
 * const tokenizer = loadTokenizer({ tokenizerJson });
 */
export function trainBpe(texts: Iterable<string>, options: BpeOptions): BpeFile {
  expectKnown("trainBpe", options, ["vocabulary", "specials"]);
  const { vocabulary, specials = [] } = options;
  // As a language without types may give them.
  const given: unknown = specials;
  if (!Array.isArray(given) || !given.every(isText))
    throw new TypeError(`trainBpe: expected a list of texts as specials, got ${shown(given)}`);
  const twice = specials.find((token, i) => token === "" || specials.indexOf(token) !== i);
  if (twice !== undefined)
    throw new RangeError(`trainBpe: expected different specials, got ${JSON.stringify(twice)}`);
  const byte = specials.find((token) => byteCharacters.includes(token));
  if (byte !== undefined)
    throw new RangeError(
      `trainBpe: expected specials of two characters or more, got ${JSON.stringify(byte)}, which stands for a byte`,
    );
  const least = specials.length + byteCharacters.length;
  if (!(Number.isInteger(vocabulary) && vocabulary >= least && vocabulary <= MOST))
    throw new RangeError(
      `trainBpe: expected a vocabulary from ${least} to ${MOST} tokens, got ${vocabulary}`,
    );
  const tokens = [...specials, ...byteCharacters.toSorted()];
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const words = countedWords(texts, idOf);
  const pairs = new PairCounts(words);
  const merges: (readonly [left: string, right: string])[] = [];
  while (tokens.length < vocabulary) {
    const best = pairs.mostFrequent();
    if (!best) break;
    const [left, right] = [at(tokens, best.left), at(tokens, best.right)];
    const merged = left + right;
    if (specials.includes(merged)) {
      pairs.forget(best);
      continue;
    }
    // Another way to a token that is there leads to that token.
    const id = idOf.get(merged) ?? tokens.push(merged) - 1;
    idOf.set(merged, id);
    merges.push([left, right]);
    pairs.merge(best, id);
  }
  return bpeFile({ specials, tokens, merges });
}

/** Half of a surrogate pair is no text: no file keeps it. */
const isText = (token: unknown): boolean =>
  typeof token === "string" && !/\p{Surrogate}/u.test(token);

/** Two ids have to fit into the number of a pair. */
const MOST = 2 ** 24;

interface Word {
  ids: readonly number[];
  readonly count: number;
}

const utf8 = new TextEncoder();

/** Each word once, as the ids of its bytes. */
function countedWords(texts: Iterable<string>, idOf: ReadonlyMap<string, number>): Word[] {
  const counts = new Map<string, number>();
  if (typeof texts === "string") throw new TypeError("trainBpe: expected texts, got a text");
  if (typeof Object(texts)[Symbol.iterator] !== "function")
    throw new TypeError(`trainBpe: expected texts, got ${shown(texts)}`);
  for (const text of texts) {
    if (typeof text !== "string")
      throw new TypeError(`trainBpe: expected texts, got ${shown(text)} among them`);
    for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const ids = byteCharacters.map((character) => idOf.get(character) ?? 0);
  return [...counts].map(([word, count]) => ({
    ids: Array.from(utf8.encode(word), (byte) => at(ids, byte)),
    count,
  }));
}

interface Pair {
  readonly left: number;
  readonly right: number;
}

interface Counted extends Pair {
  count: number;
  /** The words where it stands, and some where it no longer does. */
  readonly words: number[];
}

/** How often each pair of neighbours stands in the words, kept up to date while they are merged. */
class PairCounts {
  readonly #words: readonly Word[];
  readonly #pairs = new Map<number, Counted>();

  constructor(words: readonly Word[]) {
    this.#words = words;
    for (const [i, { ids, count }] of words.entries())
      for (let k = 1; k < ids.length; k++) this.#change(at(ids, k - 1), at(ids, k), count, i);
  }

  mostFrequent(): Pair | undefined {
    let best: Counted | undefined;
    for (const pair of this.#pairs.values())
      if (pair.count >= SEEN && (best === undefined || isBefore(pair, best))) best = pair;
    return best;
  }

  forget({ left, right }: Pair): void {
    this.#pairs.delete(left * MOST + right);
  }

  /** Replaces a pair by one token wherever it stands. */
  merge({ left, right }: Pair, id: number): void {
    const where = this.#pairs.get(left * MOST + right)?.words ?? [];
    for (const i of new Set(where)) {
      const word = at(this.#words, i);
      const change = (a: number, b: number, by: number): void =>
        this.#change(a, b, by * word.count, i);
      word.ids = merged(word.ids, { left, right }, id, change);
    }
    // In a run of equal tokens pairs overlap, and some of them were never merged.
    this.forget({ left, right });
  }

  #change(left: number, right: number, by: number, word: number): void {
    const key = left * MOST + right;
    const known = this.#pairs.get(key);
    if (!known) {
      this.#pairs.set(key, { left, right, count: by, words: [word] });
      return;
    }
    known.count += by;
    if (known.count === 0) this.#pairs.delete(key);
    else if (by > 0 && known.words.at(-1) !== word) known.words.push(word);
  }
}

const isBefore = (a: Counted, b: Counted): boolean =>
  a.count > b.count ||
  (a.count === b.count && (a.left < b.left || (a.left === b.left && a.right < b.right)));

/** A word with a pair replaced, from left to right; tells of the pairs that go and come. */
function merged(
  ids: readonly number[],
  { left, right }: Pair,
  id: number,
  change: (left: number, right: number, by: number) => void,
): readonly number[] {
  const result: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] !== left || ids[i + 1] !== right) {
      result.push(at(ids, i));
      continue;
    }
    const [before, after] = [result.at(-1), ids[i + 2]];
    if (before !== undefined) {
      change(before, left, -1);
      change(before, id, 1);
    }
    if (after !== undefined) {
      change(right, after, -1);
      change(id, after, 1);
    }
    result.push(id);
    i++;
  }
  return result;
}
