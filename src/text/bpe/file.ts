import { SPLIT } from "./split.ts";

/** tokenizer.json of byte-level BPE, as Hugging Face's tokenizers write and read it. */
export interface BpeFile {
  readonly version: "1.0";
  readonly added_tokens: readonly {
    readonly id: number;
    readonly content: string;
    readonly special: true;
    readonly [flag: string]: unknown;
  }[];
  readonly model: {
    readonly type: "BPE";
    readonly vocab: Readonly<Record<string, number>>;
    /** In the order in which they are to be made. */
    readonly merges: readonly (readonly [left: string, right: string])[];
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

interface Parts {
  readonly specials: readonly string[];
  /** All tokens by their ids, special ones first. */
  readonly tokens: readonly string[];
  readonly merges: BpeFile["model"]["merges"];
}

const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false };

/** The file of a vocabulary: normalization, splitting and decoding as Qwen2's has them. */
export const bpeFile = ({ specials, tokens, merges }: Parts): BpeFile => ({
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: specials.map((content, id) => ({
    ...{ id, content, single_word: false, lstrip: false, rstrip: false },
    ...{ normalized: false, special: true as const },
  })),
  normalizer: { type: "NFC" },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "Split", pattern: { Regex: SPLIT }, behavior: "Isolated", invert: false },
      { ...byteLevel, use_regex: false },
    ],
  },
  post_processor: { ...byteLevel, use_regex: false },
  decoder: { ...byteLevel, use_regex: false },
  model: {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges,
  },
});
