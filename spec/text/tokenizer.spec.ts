import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataError } from "../../src/tensor/errors.ts";
import { loadTokenizer, stopTokensOf, type Tokenizer } from "../../src/text/index.ts";
import { checkpoints, checkpointText } from "./checkpoints.ts";
import { byteLevel, byteLevelJson, sentencePiece, tokenizerConfig } from "./tiny.ts";

const tokenizers: Readonly<Record<string, Tokenizer>> = { byteLevel, sentencePiece };

/** Texts as people write them, with scripts, emoji, marks, runs of spaces and special tokens. */
const texts: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 8 }),
      fc.constantFrom(
        " ",
        "  ",
        "\n\n",
        "\t",
        "Once upon",
        " the",
        "123456",
        "😀é",
        "<|end|>",
        "\ufeff",
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join("").normalize("NFC"));

/** A token that swallows the blanks behind it takes them out of what can be decoded. */
const lossless = (text: string): boolean => !/<\|end\|>\s/.test(text);

describe.each(Object.entries(tokenizers))("%s", (_, tokenizer) => {
  it("decodes what it encodes", () => {
    fc.assert(
      fc.property(texts.filter(lossless), (text) => {
        const ids = tokenizer.encode(text);
        expect(tokenizer.decode(ids.slice(1)).replace(/<\|end\|> /g, "<|end|>")).toBe(
          text.replace(/<\|end\|> /g, "<|end|>"),
        );
      }),
    );
  });

  it("gives each token its characters: together they are the text", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const { ids, offsets } = tokenizer.encodeWithOffsets(text);
        expect(ids).toEqual(tokenizer.encode(text));
        expect(offsets.length).toBe(ids.length);
        let end = 0;
        for (const [from, to] of offsets) {
          expect(from).toBeLessThanOrEqual(to);
          // What is passed over is blank, and stands behind a token that swallows it.
          if (from > end) expect(text.slice(end, from)).toMatch(/^\s+$/);
          end = Math.max(end, to);
        }
        expect(text.slice(end)).toMatch(/^\s*$/);
        if (lossless(text)) expect(end).toBe(text.length);
      }),
    );
  });

  it("gives a token in one piece exactly its characters", () => {
    const { ids, offsets } = tokenizer.encodeWithOffsets("Once upon the<|end|>é", {
      addSpecialTokens: false,
    });
    const spelled = ids.map((id, i) => [
      tokenizer.decode([id]).trim(),
      "Once upon the<|end|>é".slice(...(offsets[i] ?? [0, 0])).trim(),
    ]);
    for (const [decoded, sliced] of spelled)
      if (!decoded?.includes("\ufffd")) expect(sliced).toBe(decoded);
  });

  it("streams what decode says, whatever the ids", () => {
    const ids = fc.array(fc.nat(tokenizer.vocabSize + 3), { maxLength: 40 });
    fc.assert(
      fc.property(ids, fc.boolean(), (some, skipSpecialTokens) => {
        const stream = tokenizer.decoder({ skipSpecialTokens });
        const parts = [...some.map((id) => stream.push(id)), stream.end()];
        expect(parts.join("")).toBe(tokenizer.decode(some, { skipSpecialTokens }));
      }),
    );
  });

  it("streams no halves of characters", () => {
    const stream = tokenizer.decoder();
    const parts = tokenizer.encode("😀日本é", { addSpecialTokens: false }).map(stream.push);
    for (const part of parts) expect(part).not.toContain("\ufffd");
    expect(parts.join("")).toBe("😀日本é");
  });

  it("puts BOS in front once", () => {
    expect(tokenizer.encode("the").slice(0, 2)).not.toEqual([1, 1]);
    expect(tokenizer.encode("the")[0]).toBe(1);
    expect(tokenizer.encode("<|bos|>the")).toEqual(tokenizer.encode("the"));
    expect(tokenizer.encode("<|bos|>the", { addSpecialTokens: false })).toEqual(
      tokenizer.encode("the"),
    );
    expect(tokenizer.encode("the", { addSpecialTokens: false })[0]).not.toBe(1);
    expect(tokenizer.encode("", { addSpecialTokens: false })).toEqual([]);
  });

  it("knows its special tokens", () => {
    const { bos, eos, pad, idOf, specialTokens } = tokenizer;
    expect([bos, eos, pad, idOf("<|start|>"), idOf("nothing like it")]).toEqual([
      1,
      2,
      2,
      3,
      undefined,
    ]);
    expect(specialTokens).toMatchObject({ bos_token: "<|bos|>", eos_token: "<|eos|>" });
    expect(tokenizer.decode([1, 3, 2], { skipSpecialTokens: true })).toBe("");
    expect(() => tokenizer.decode([-1])).toThrow(RangeError);
  });
});

describe("offsets", () => {
  it("go through NFC, which joins characters", () => {
    const text = "cafe\u0301 e\u0301\u0323 \u1112\u1161\u11ab <|end|>x";
    const { offsets } = byteLevel.encodeWithOffsets(text, { addSpecialTokens: false });
    const covered = new Set(
      offsets.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i)),
    );
    expect(covered.size).toBe(text.length);
    expect(offsets.some(([from, to]) => text.slice(from, to) === "e\u0301")).toBe(true);
  });

  it("are refused where the tokenizer alters the text otherwise", () => {
    const lower = loadTokenizer({
      tokenizerJson: { ...byteLevelJson(), normalizer: { type: "Lowercase" } },
    });
    expect(() => lower.encodeWithOffsets("Once")).toThrow(DataError);
  });
});

describe("loadTokenizer", () => {
  const json = byteLevelJson();
  it.each([
    ["no JSON", "{"],
    ["no object", []],
    ["no model", {}],
    ["a decoder that is not known", { ...json, decoder: { type: "WordPiece" } }],
    ["another model", { ...json, model: { type: "Unigram", vocab: [] } }],
    ["an id twice", { ...json, model: { ...json.model, vocab: { a: 1, b: 1 } } }],
    ["an empty added token", { ...json, added_tokens: [{ id: 1, content: "" }] }],
    ["an id beyond reason", { ...json, added_tokens: [{ id: 2 ** 31, content: "a" }] }],
    ["a pre-tokenizer that is not known", { ...json, pre_tokenizer: { type: "Magic" } }],
  ])("refuses %s", (_, tokenizerJson) => {
    expect(() => loadTokenizer({ tokenizerJson })).toThrow(DataError);
  });

  it("takes its files as texts", () => {
    const read = loadTokenizer({
      tokenizerJson: JSON.stringify(json),
      tokenizerConfig: JSON.stringify(tokenizerConfig),
    });
    expect(read.encode("Once upon")).toEqual(byteLevel.encode("Once upon"));
  });

  it("leaves BOS to the configuration where nothing else decides", () => {
    const old = { ...json, post_processor: null };
    const config = { ...tokenizerConfig, add_bos_token: true };
    expect(loadTokenizer({ tokenizerJson: old, tokenizerConfig: config }).encode("a")[0]).toBe(1);
    expect(loadTokenizer({ tokenizerJson: old, tokenizerConfig }).encode("a")[0]).not.toBe(1);
  });
});

describe("stopTokensOf", () => {
  it("prefers generation_config.json, takes lists, and adds the tokenizer's own", () => {
    expect(stopTokensOf({ eos_token_id: 5 })).toEqual([5]);
    expect(stopTokensOf({ eos_token_id: 5 }, { eos_token_id: [7, 8] })).toEqual([7, 8]);
    expect(stopTokensOf({ eos_token_id: [5, 6] }, {}, byteLevel)).toEqual([5, 6, 2]);
    expect(stopTokensOf({ eos_token_id: null }, { eos_token_id: [2] }, byteLevel)).toEqual([2]);
    expect(stopTokensOf({})).toEqual([]);
    expect(() => stopTokensOf({ eos_token_id: "2" })).toThrow(DataError);
  });
});

describe("verdicts", () => {
  const stories = checkpoints("stories260K/tokenizer.json", "stories260K/reference.json");
  it.skipIf(stories.absent)(`of llama2.c on stories260K${stories.reason}`, () => {
    const tokenizer = loadTokenizer({
      tokenizerJson: checkpointText("stories260K/tokenizer.json"),
      tokenizerConfig: checkpointText("stories260K/tokenizer_config.json"),
    });
    const reference = JSON.parse(checkpointText("stories260K/reference.json"));
    const story: string = reference.run_c_greedy_text;
    const ids: readonly number[] = reference.run_c_story_ids;
    expect(ids.length).toBeGreaterThan(200);
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toContain(
      story.trim().slice(0, 200),
    );
    expect(tokenizer.encode(tokenizer.decode(ids, { skipSpecialTokens: true }))).toEqual(ids);
    expect(
      stopTokensOf({}, JSON.parse(checkpointText("stories260K/generation_config.json")), tokenizer),
    ).toEqual([1, 2]);
  });

  // Their vocabularies are not ours to hold: a folder with NAME.json, each a model's tokenizer.json.
  const vocabularies = process.env["ANCHORGRAD_TOKENIZERS"] ?? "";
  for (const name of ["llama-bpe", "qwen2"]) {
    const [input, output] = ["inp", "out"].map(
      (end) => `tokenizer-verdicts/ggml-vocab-${name}.gguf.${end}`,
    );
    const texts = checkpoints(`${input}`, `${output}`);
    const absent = texts.absent || !existsSync(`${vocabularies}/${name}.json`);
    const reason = absent
      ? ` (skipped: set ANCHORGRAD_TOKENIZERS to a folder with ${name}.json)`
      : "";
    it.skipIf(absent)(`of llama.cpp, ${name}${texts.reason || reason}`, () => {
      const tokenizer = loadTokenizer({
        tokenizerJson: readFileSync(`${vocabularies}/${name}.json`, "utf8"),
      });
      const verdicts = checkpointText(`${output}`).split("\n");
      const asked = checkpointText(`${input}`).split("\n__ggml_vocab_test__\n");
      expect(asked.length).toBeGreaterThan(40);
      asked.forEach((text, i) => {
        const expected = (verdicts[i]?.match(/\d+/g) ?? []).map(Number);
        const ids = tokenizer.encode(text, { addSpecialTokens: false });
        expect(ids).toEqual(expected);
        expect(tokenizer.decode(ids)).toBe(text);
      });
    });
  }
});
