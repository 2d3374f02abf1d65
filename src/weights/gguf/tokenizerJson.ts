import { DataError } from "../../tensor/errors.ts";
import { at } from "../../tensor/shapes.ts";
import { show } from "../refuse.ts";
import { preTokenizerOf } from "./pre.ts";
import { kinds } from "./tokenizer.ts";
import type { GgufMetadata } from "./types.ts";

/** What a GGUF file says about text, as a checkpoint's files would. */
export interface TokenizerJson {
  /** tokenizer.json */
  readonly tokenizer: Readonly<Record<string, unknown>>;
  readonly chatTemplate: string | undefined;
}

/**
 * A tokenizer.json from a GGUF file's metadata: SentencePiece ("llama") and byte-level BPE ("gpt2").
 * @throws DataError for another tokenizer, and for lists that do not fit each other
 */
export function ggufTokenizer(metadata: GgufMetadata): TokenizerJson {
  const model = metadata["tokenizer.ggml.model"];
  const tokens = texts(metadata, "tokenizer.ggml.tokens");
  const types = numbers(metadata, "tokenizer.ggml.token_type", tokens.length, kinds.normal);
  const template = metadata["tokenizer.chat_template"];
  // Fillers stand for rows of the embedding that no text becomes.
  const vocab = Object.fromEntries(
    tokens.flatMap((token, id) => (at(types, id) === kinds.unused ? [] : [[token, id]])),
  );
  const special = new Set<number>([kinds.unknown, kinds.control, kinds.user]);
  const added = tokens.flatMap((content, id) =>
    special.has(at(types, id))
      ? [
          {
            ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false },
            special: at(types, id) !== kinds.user,
          },
        ]
      : [],
  );
  const parts =
    model === "llama"
      ? sentencePiece(metadata, tokens, types, vocab)
      : model === "gpt2"
        ? byteLevel(metadata, vocab)
        : undefined;
  if (!parts)
    throw new DataError(`gguf: expected a tokenizer of llama or gpt2, got ${show(model)}`);
  return {
    tokenizer: {
      ...{ version: "1.0", truncation: null, padding: null, added_tokens: added },
      ...parts,
      post_processor: beginning(metadata, tokens) ?? null,
    },
    chatTemplate: typeof template === "string" ? template : undefined,
  };
}

type Parts = Readonly<Record<"normalizer" | "pre_tokenizer" | "decoder" | "model", unknown>>;

function sentencePiece(
  metadata: GgufMetadata,
  tokens: readonly string[],
  types: ArrayLike<number>,
  vocab: Readonly<Record<string, number>>,
): Parts {
  const scores = numbers(metadata, "tokenizer.ggml.scores", tokens.length, 0);
  const ids = new Map(Object.entries(vocab));
  const unknown = tokens.find((_, id) => types[id] === kinds.unknown) ?? null;
  const prefix = metadata["tokenizer.ggml.add_space_prefix"] !== false;
  const replace = { type: "Replace", pattern: { String: " " }, content: "▁" };
  const steps = [...(prefix ? [{ type: "Prepend", prepend: "▁" }] : []), replace];
  const strip = { type: "Strip", content: " ", start: 1, stop: 0 };
  return {
    normalizer: { type: "Sequence", normalizers: steps },
    pre_tokenizer: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        ...[{ type: "ByteFallback" }, { type: "Fuse" }],
        ...(prefix ? [strip] : []),
      ],
    },
    model: {
      ...{ type: "BPE", dropout: null, unk_token: unknown, continuing_subword_prefix: null },
      ...{ end_of_word_suffix: null, fuse_unk: true, byte_fallback: true, ignore_merges: false },
      vocab,
      merges: mergesByScore(tokens, types, scores, ids),
    },
  };
}

/** Every way to make a piece of two, the pieces with the highest scores first. */
function mergesByScore(
  tokens: readonly string[],
  types: ArrayLike<number>,
  scores: ArrayLike<number>,
  ids: ReadonlyMap<string, number>,
): string[] {
  const pairs: { readonly pair: string; readonly score: number; readonly places: number[] }[] = [];
  for (const [id, token] of tokens.entries()) {
    if (types[id] !== kinds.normal) continue;
    const characters = [...token];
    for (let cut = 1; cut < characters.length; cut++) {
      const left = characters.slice(0, cut).join("");
      const right = characters.slice(cut).join("");
      const places = [ids.get(left), ids.get(right)];
      if (places[0] === undefined || places[1] === undefined) continue;
      const sorted = [places[0], places[1]];
      pairs.push({ pair: `${left} ${right}`, score: at(scores, id), places: sorted });
    }
  }
  const order = pairs.toSorted(
    (a, b) =>
      b.score - a.score || at(a.places, 0) - at(b.places, 0) || at(a.places, 1) - at(b.places, 1),
  );
  return order.map(({ pair }) => pair);
}

function byteLevel(metadata: GgufMetadata, vocab: Readonly<Record<string, number>>): Parts {
  const name = `${metadata["tokenizer.ggml.pre"] ?? "default"}`;
  const pre = preTokenizerOf(name);
  if (!pre)
    throw new DataError(
      `gguf: expected a tokenizer.ggml.pre that is known here, got ${show(name)}`,
    );
  return {
    normalizer: pre.normalizer,
    pre_tokenizer: pre.preTokenizer,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      ...{ type: "BPE", dropout: null, unk_token: null, continuing_subword_prefix: null },
      ...{ end_of_word_suffix: null, fuse_unk: false, byte_fallback: false },
      ignore_merges: pre.ignoreMerges,
      vocab,
      merges: texts(metadata, "tokenizer.ggml.merges"),
    },
  };
}

/** The post-processor that puts the first token before a text. */
function beginning(metadata: GgufMetadata, tokens: readonly string[]): unknown {
  const bos = metadata["tokenizer.ggml.bos_token_id"];
  const isSaid = metadata["tokenizer.ggml.add_bos_token"];
  const adds = isSaid ?? metadata["tokenizer.ggml.model"] === "llama";
  const token = typeof bos === "number" ? tokens[bos] : undefined;
  if (!adds || token === undefined) return undefined;
  const first = (type: number): unknown => ({ SpecialToken: { id: token, type_id: type } });
  const text = (id: string, type: number): unknown => ({ Sequence: { id, type_id: type } });
  return {
    type: "TemplateProcessing",
    single: [first(0), text("A", 0)],
    pair: [first(0), text("A", 0), first(1), text("B", 1)],
    special_tokens: { [token]: { id: token, ids: [bos], tokens: [token] } },
  };
}

function texts(metadata: GgufMetadata, key: string): readonly string[] {
  const value = metadata[key];
  const isList = Array.isArray(value) && value.every((text) => typeof text === "string");
  if (isList) return value;
  throw new DataError(`gguf: expected a list of texts for ${key}, got ${show(typeof value)}`);
}

function numbers(
  metadata: GgufMetadata,
  key: string,
  length: number,
  otherwise: number,
): ArrayLike<number> {
  const value = metadata[key];
  if (value === undefined) return new Int32Array(length).fill(otherwise);
  if ((value instanceof Int32Array || value instanceof Float32Array) && value.length === length)
    return value;
  throw new DataError(`gguf: expected ${length} numbers for ${key}, got others`);
}
