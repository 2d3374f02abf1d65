import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bpeEncoder } from "../../../src/text/bpe/encode.ts";
import { wordsOf } from "../../../src/text/bpe/split.ts";
import { trainBpe } from "../../../src/text/bpe/train.ts";
import { loadTokenizer } from "../../../src/text/index.ts";
import { byteCharacters } from "../../../src/text/pieces.ts";

const BYTES = 256;

/** Texts with few letters, so that pairs come again, and with what people write besides. */
const text = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom(..."aaab '"), maxLength: 12 }) },
      fc.constantFrom(
        "the then other",
        " 1234",
        "\r\n\n",
        "don't DON'T",
        "über ﬁ",
        "日本 日本",
        "😀😀",
        "  \t x",
      ),
      fc.string({ unit: "grapheme", maxLength: 4 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(""));
const texts = fc.array(text, { maxLength: 5 });

/** What the trainer does, counted anew before each merge. */
function naive(all: readonly string[], count: number): string[][] {
  const order = [...byteCharacters].sort();
  const ids = new Map(order.map((token, id) => [token, id]));
  let words = all
    .flatMap(wordsOf)
    .map((word) => Array.from(new TextEncoder().encode(word), (b) => byteCharacters[b] ?? ""));
  const merges: string[][] = [];
  const done = new Set<string>();
  while (ids.size < BYTES + count) {
    const counts = new Map<string, number>();
    for (const word of words)
      word.slice(1).forEach((right, i) => {
        const pair = `${word[i]} ${right}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      });
    const place = (pair: string): number[] => pair.split(" ").map((token) => ids.get(token) ?? -1);
    const [best] = [...counts]
      .filter(([pair, n]) => n >= 2 && !done.has(pair))
      .sort(([p, n], [q, m]) => {
        const [[a = 0, b = 0], [c = 0, d = 0]] = [place(p), place(q)];
        return m - n || a - c || b - d;
      });
    if (!best) break;
    const [left = "", right = ""] = best[0].split(" ");
    merges.push([left, right]);
    if (!ids.has(left + right)) ids.set(left + right, ids.size);
    words = words.map((word) => {
      const next: string[] = [];
      for (let i = 0; i < word.length; i++)
        if (word[i] === left && word[i + 1] === right) next.push(left + right) && i++;
        else next.push(word[i] ?? "");
      return next;
    });
  }
  return merges;
}

describe("trainBpe(texts, options)", () => {
  it("merges what a count of all pairs before each merge would", () => {
    fc.assert(
      fc.property(texts, fc.nat(40), (all, more) => {
        const { model } = trainBpe(all, { vocabulary: BYTES + more });
        expect(model.merges).toEqual(naive(all, more));
      }),
    );
  });

  it("gives the same file for the same texts in any order", () => {
    fc.assert(
      fc.property(texts, (all) => {
        const options = { vocabulary: BYTES + 30, specials: ["<s>"] };
        expect(trainBpe(all.toReversed(), options)).toEqual(trainBpe(all, options));
      }),
      { numRuns: 40 },
    );
  });

  it("reads and writes every text, seen or not, as our own encoder does", () => {
    fc.assert(
      fc.property(texts, text, (all, unseen) => {
        const json = trainBpe(all, { vocabulary: BYTES + 34, specials: ["<|end|>", "<|x|>"] });
        const tokenizer = loadTokenizer({ tokenizerJson: JSON.stringify(json) });
        const encode = bpeEncoder(json);
        for (const each of [...all, unseen, all.join(unseen)]) {
          const ids = tokenizer.encode(each);
          expect(encode(each)).toEqual(ids);
          expect(tokenizer.decode(ids)).toBe(each.normalize("NFC"));
        }
      }),
      { numRuns: 40 },
    );
  });

  it("encodes a word as long as a file, which letter by letter takes minutes", () => {
    const json = trainBpe(["aaaaaaaa aaaaaaaa"], { vocabulary: BYTES + 3 });
    const long = 2 ** 17;
    const ids = bpeEncoder(json)("a".repeat(long + 3));
    const { vocab } = json.model;
    const eights = Array.from({ length: long / 8 }, () => vocab["aaaaaaaa"]);
    expect(ids).toEqual([...eights, vocab["aa"], vocab["a"]]);
  });

  it("keeps special tokens for those who mean them", () => {
    const json = trainBpe(["<|end|> <|end|> <|end|>", "+++ +++ +++"], {
      vocabulary: BYTES + 20,
      specials: ["<|end|>", "++"],
    });
    const tokenizer = loadTokenizer({ tokenizerJson: json });
    expect(tokenizer.encode("a<|end|>")).toEqual([tokenizer.idOf("a"), 0]);
    const text = bpeEncoder(json)("a<|end|>");
    expect(text).not.toContain(0);
    expect(tokenizer.decode(text)).toBe("a<|end|>");
    expect(json.model.merges).not.toContainEqual(["+", "+"]);
  });

  it("ends early where no pair comes twice", () => {
    const { model } = trainBpe(["ab ab", "x"], { vocabulary: 1000 });
    expect(model.merges).toEqual([["a", "b"]]);
    expect(Object.keys(model.vocab).length).toBe(BYTES + 1);
  });

  it("refuses what cannot be", () => {
    const refused = (options: Parameters<typeof trainBpe>[1]) =>
      expect(() => trainBpe([], options));
    refused({ vocabulary: 256, specials: ["<>"] }).toThrow(
      "trainBpe: expected a vocabulary from 257 to 16777216 tokens, got 256",
    );
    refused({ vocabulary: 300.5 }).toThrow(RangeError);
    refused({ vocabulary: 300, specials: ["a", "a"] }).toThrow(
      'trainBpe: expected different specials, got "a"',
    );
    // The vocabulary would have one name for two ids.
    refused({ vocabulary: 300, specials: ["Ġ"] }).toThrow(
      'trainBpe: expected specials of two characters or more, got "Ġ", which stands for a byte',
    );
    for (const texts of ["a text", [undefined], ["a", 1], undefined, 7])
      expect(() => trainBpe(texts as string[], { vocabulary: 300 })).toThrow(
        /^trainBpe: expected texts, got (a text|nothing among them|1 among them|nothing|7)$/,
      );
    for (const specials of ["abc", [3], [null], {}, ["\ud800"]] as unknown as readonly string[][])
      refused({ vocabulary: 300, specials }).toThrow(
        "trainBpe: expected a list of texts as specials, got",
      );
  });
});
