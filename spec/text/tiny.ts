import { loadTokenizer, type Tokenizer } from "../../src/text/index.ts";

const CORPUS = `Once upon a time, there was a little girl named Lily. She said: "2 + 2 = 4", and
the other said: yes! user assistant system é ü 日本 😀 the then there 12 123\n\n\n  a   b`;

type Pair = readonly [string, string];

/** Merges by frequency, as byte pair encoding is trained; the same corpus, the same merges. */
function merges(words: readonly (readonly string[])[], count: number): readonly Pair[] {
  const found: Pair[] = [];
  let current = words;
  while (found.length < count) {
    const counts = new Map<string, { pair: Pair; count: number }>();
    for (const word of current)
      word.slice(1).forEach((right, i) => {
        const pair: Pair = [word[i] ?? "", right];
        const entry = counts.get(pair.join("\0")) ?? { pair, count: 0 };
        counts.set(pair.join("\0"), { pair, count: entry.count + 1 });
      });
    const best = [...counts.values()].sort((a, b) => b.count - a.count)[0];
    if (best === undefined || best.count < 2) break;
    const [left, right] = best.pair;
    found.push(best.pair);
    current = current.map((word) => {
      const merged: string[] = [];
      for (let i = 0; i < word.length; i++)
        if (word[i] === left && word[i + 1] === right) {
          merged.push(left + right);
          i++;
        } else merged.push(word[i] ?? "");
      return merged;
    });
  }
  return found;
}

const SPECIAL = ["<unk>", "<|bos|>", "<|eos|>", "<|start|>", "<|end|>"] as const;
const bytes = Array.from({ length: 256 }, (_, i) => i);

/** The characters that stand for bytes in byte-level vocabularies. */
function alphabet(): readonly string[] {
  let next = 0x100;
  return bytes.map((b) =>
    (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b !== 0xad)
      ? String.fromCodePoint(b)
      : String.fromCodePoint(next++),
  );
}

const added = SPECIAL.map((content, id) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: content === "<|end|>",
  normalized: false,
  special: true,
}));

const postProcessor = {
  type: "TemplateProcessing",
  single: [{ SpecialToken: { id: "<|bos|>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
  pair: [],
  special_tokens: { "<|bos|>": { id: "<|bos|>", ids: [1], tokens: ["<|bos|>"] } },
};

function modelOf(symbols: readonly string[], pairs: readonly Pair[]): TokenizerJson["model"] {
  const tokens = [...new Set([...SPECIAL, ...symbols, ...pairs.map((pair) => pair.join(""))])];
  return {
    type: "BPE",
    unk_token: null,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges: pairs.map((pair) => [...pair]),
  };
}

interface TokenizerJson {
  readonly model: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** A tokenizer.json as Llama 3 and Qwen have it: byte-level; NFC like Qwen's. */
export function byteLevelJson(): TokenizerJson {
  const letters = alphabet();
  const encoded = (CORPUS.match(/ ?\S+|\s+/g) ?? []).map((word) =>
    Array.from(new TextEncoder().encode(word), (byte) => letters[byte] ?? ""),
  );
  return {
    version: "1.0",
    added_tokens: added,
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        {
          type: "Split",
          pattern: { Regex: "\\p{N}{1,3}| ?[^\\s\\p{N}]+|\\s+" },
          behavior: "Isolated",
          invert: false,
        },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: postProcessor,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: modelOf(letters, merges(encoded, 60)),
  };
}

/** A tokenizer.json as Llama 2 and Mistral have it: SentencePiece with bytes to fall back on. */
export function sentencePieceJson(): TokenizerJson {
  const marked = `▁${CORPUS.replaceAll(" ", "▁")}`;
  const words = (marked.match(/▁?[^▁]+|▁/g) ?? []).map((word) => Array.from(word));
  const hex = bytes.map((byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  const plain = [...new Set("▁abcdefghijklmnopqrstuvwxyzOL\n")];
  const pairs = merges(words, 200).filter((pair) =>
    Array.from(pair.join("")).every((character) => plain.includes(character)),
  );
  return {
    version: "1.0",
    added_tokens: added,
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    post_processor: postProcessor,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      ...modelOf([...hex, ...plain], pairs),
      unk_token: "<unk>",
      fuse_unk: true,
      byte_fallback: true,
    },
  };
}

export const tokenizerConfig: Readonly<Record<string, unknown>> = {
  bos_token: "<|bos|>",
  eos_token: { content: "<|eos|>", lstrip: false },
  pad_token: "<|eos|>",
  unk_token: null,
};

const open = (tokenizerJson: object): Tokenizer =>
  loadTokenizer({ tokenizerJson, tokenizerConfig });

export const byteLevel: Tokenizer = open(byteLevelJson());
export const sentencePiece: Tokenizer = open(sentencePieceJson());

/** A template of our own, with and without generation tags. */
export const template: { readonly marked: string; readonly plain: string } = {
  marked: `{{- bos_token }}
{%- for message in messages %}
    {{- '<|start|>' + message.role + '\\n' }}
    {%- if message.role == 'assistant' %}
    {%- generation %}
        {{- message.content | trim + '<|end|>\\n' }}
    {%- endgeneration %}
    {%- else %}
        {{- message.content | trim + '<|end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|start|>assistant\\n' }}{% endif %}`,
  plain: `{{- bos_token }}
{%- for message in messages %}
    {{- '<|start|>' + message.role + '\\n' + message.content | trim + '<|end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|start|>assistant\\n' }}{% endif %}`,
};
