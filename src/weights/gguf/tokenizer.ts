import { isRecord } from "../../json/isRecord.ts";
import { DataError } from "../../tensor/errors.ts";
import { show } from "../refuse.ts";
import type { ConfigJson } from "./hfConfig.ts";
import type { GgufKeys } from "./keys.ts";
import { preOf } from "./pre.ts";
import type { GgufType, GgufValue } from "./types.ts";

/** A checkpoint's files about its tokenizer, as they were parsed. */
export interface TokenizerFiles {
  /** tokenizer.json */
  readonly tokenizer?: unknown;
  /** tokenizer_config.json */
  readonly tokenizerConfig?: unknown;
  /** chat_template.jinja, or what tokenizer_config.json has. */
  readonly chatTemplate?: string | undefined;
}

/** llama.cpp's kinds of tokens. */
export const kinds = { normal: 1, unknown: 2, control: 3, user: 4, unused: 5, byte: 6 } as const;

const MODEL = "tokenizer.ggml.model";
type Dictionary = Readonly<Record<string, unknown>>;

/**
 * The metadata of a tokenizer: SentencePiece ("llama") or byte-level BPE ("gpt2").
 * @param rows of the embedding: the vocabulary is filled up to it, as llama.cpp wants it
 * @throws DataError for a tokenizer.json of another kind
 */
export function tokenizerKeys(
  { tokenizer, tokenizerConfig, chatTemplate }: TokenizerFiles,
  config: ConfigJson,
  rows: number,
): GgufKeys {
  const template = chatTemplate === undefined ? {} : { "tokenizer.chat_template": chatTemplate };
  if (tokenizer === undefined)
    return {
      metadata: { [MODEL]: "none", ...template },
      types: {},
      warnings: ["gguf: without a tokenizer.json the file has no vocabulary: only ids can be used"],
    };
  const settings = isRecord(tokenizerConfig) ? tokenizerConfig : {};
  const model = isRecord(tokenizer) ? tokenizer["model"] : undefined;
  if (!isRecord(tokenizer) || !isRecord(model))
    throw new DataError("tokenizer.json: expected a model, got none");
  const vocabulary = readVocabulary(tokenizer, model, rows);
  const isByteLevel = model["type"] === "BPE" && hasByteLevel(tokenizer);
  const kind = isByteLevel
    ? byteLevelKeys(tokenizer, model)
    : sentencePieceKeys(tokenizer, model, vocabulary);
  const special = specialTokens(tokenizer, settings, config, vocabulary.ids);
  return {
    metadata: {
      [MODEL]: isByteLevel ? "gpt2" : "llama",
      "tokenizer.ggml.pre": kind.pre,
      "tokenizer.ggml.tokens": vocabulary.tokens,
      ...(kind.scores && { "tokenizer.ggml.scores": kind.scores }),
      "tokenizer.ggml.token_type": Int32Array.from(vocabulary.kinds),
      ...(isByteLevel && {
        "tokenizer.ggml.merges": mergesOf(model).map((pair) => pair.join(" ")),
      }),
      ...special,
      ...(kind.addsPrefix !== undefined && { "tokenizer.ggml.add_space_prefix": kind.addsPrefix }),
      ...template,
    },
    types: {} satisfies Readonly<Record<string, GgufType>>,
    warnings: [...kind.warnings, ...vocabulary.warnings],
  };
}

interface Vocabulary {
  readonly tokens: readonly string[];
  readonly kinds: readonly number[];
  readonly ids: ReadonlyMap<string, number>;
  readonly warnings: readonly string[];
}

function readVocabulary(tokenizer: Dictionary, model: Dictionary, rows: number): Vocabulary {
  const ids = new Map<string, number>();
  const given = model["vocab"];
  if (Array.isArray(given))
    for (const [id, row] of given.entries()) ids.set(`${Array.isArray(row) ? row[0] : row}`, id);
  else if (isRecord(given))
    for (const [token, id] of Object.entries(given)) ids.set(token, checkId(id, token));
  else throw new DataError(`tokenizer.json: expected a vocab, got ${show(given)}`);
  const added = Array.isArray(tokenizer["added_tokens"]) ? tokenizer["added_tokens"] : [];
  const kindOf = new Map<number, number>();
  for (const token of added.filter(isRecord)) {
    const content = `${token["content"]}`;
    const id = checkId(token["id"], content);
    ids.set(content, id);
    kindOf.set(id, token["special"] === true ? kinds.control : kinds.user);
  }
  const unknown = model["unk_token"];
  const unknownId = typeof unknown === "string" ? ids.get(unknown) : Number(model["unk_id"] ?? -1);
  if (model["byte_fallback"] === true) {
    for (const [token, id] of ids) if (/^<0x[0-9A-F]{2}>$/.test(token)) kindOf.set(id, kinds.byte);
    if (unknownId !== undefined && unknownId >= 0) kindOf.set(unknownId, kinds.unknown);
  }
  // What stands in the model is not laid out where the embedding has no rows for it.
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const kindsOf = new Array<number>(rows).fill(kinds.unused);
  let beyond = 0;
  for (const [token, id] of ids)
    if (id < rows) {
      tokens[id] = token;
      kindsOf[id] = kindOf.get(id) ?? kinds.normal;
    } else beyond++;
  const warnings =
    beyond > 0
      ? [`gguf: ${beyond} tokens beyond the ${rows} rows of the embedding are left out`]
      : [];
  return { tokens, kinds: kindsOf, ids, warnings };
}

function checkId(id: unknown, token: string): number {
  if (typeof id === "number" && Number.isInteger(id) && id >= 0) return id;
  throw new DataError(`tokenizer.json: expected an id for ${show(token)}, got ${show(id)}`);
}

/** Pairs that are merged, first ones first. */
function mergesOf(model: Dictionary): readonly (readonly [string, string])[] {
  const merges = model["merges"];
  if (!Array.isArray(merges)) return [];
  return merges.map((merge: unknown) => {
    const parts = Array.isArray(merge) ? merge : `${merge}`.split(" ");
    if (parts.length === 2) return [`${parts[0]}`, `${parts[1]}`] as const;
    throw new DataError(`tokenizer.json: expected two parts of a merge, got ${show(merge)}`);
  });
}

const hasByteLevel = (tokenizer: Dictionary): boolean =>
  JSON.stringify(tokenizer["pre_tokenizer"] ?? null).includes('"ByteLevel"');

interface Kind {
  readonly pre: string;
  readonly scores?: Float32Array;
  readonly addsPrefix?: boolean;
  readonly warnings: readonly string[];
}

function byteLevelKeys(tokenizer: Dictionary, model: Dictionary): Kind {
  const pre = preOf(tokenizer["pre_tokenizer"], model["ignore_merges"] === true);
  return {
    pre: pre ?? "default",
    warnings: pre
      ? []
      : ["gguf: llama.cpp has no name for this pre_tokenizer: it splits some texts otherwise"],
  };
}

function sentencePieceKeys(tokenizer: Dictionary, model: Dictionary, vocabulary: Vocabulary): Kind {
  const { tokens, kinds: kindsOf } = vocabulary;
  const vocab = model["vocab"];
  const scores = new Float32Array(tokens.length);
  if (model["type"] === "Unigram" && Array.isArray(vocab))
    for (const [id, row] of vocab.entries()) scores[id] = Number(Array.isArray(row) ? row[1] : 0);
  else if (model["type"] === "BPE") scores.set(scoresOf(mergesOf(model), vocabulary));
  else throw new DataError(`tokenizer.json: expected BPE or Unigram, got ${show(model["type"])}`);
  const normalizer = JSON.stringify(tokenizer["normalizer"] ?? null);
  const preTokenizer = tokenizer["pre_tokenizer"];
  const isMetaspace = isRecord(preTokenizer) && preTokenizer["type"] === "Metaspace";
  const scheme = isMetaspace ? (preTokenizer["prepend_scheme"] ?? "always") : "never";
  return {
    ...{ pre: "default", scores },
    addsPrefix: normalizer.includes('"Prepend"') || scheme !== "never",
    warnings: kindsOf.includes(kinds.byte)
      ? []
      : ["gguf: llama.cpp ends with an error on a vocabulary without byte tokens <0x00> … <0xFF>"],
  };
}

/**
 * Scores of pieces: llama.cpp merges the pair whose piece has the highest. SentencePiece numbers
 * its pieces in the order of their merges, and gives them minus that number.
 */
function scoresOf(
  merges: readonly (readonly [string, string])[],
  { tokens, kinds: kindsOf, ids }: Vocabulary,
): Float32Array {
  const scores = new Float32Array(tokens.length);
  const order = new Map<number, number>();
  for (const [left, right] of merges) {
    const id = ids.get(left + right);
    if (id !== undefined && !order.has(id)) order.set(id, order.size);
  }
  const normal = tokens.flatMap((_, id) => (kindsOf[id] === kinds.normal ? [id] : []));
  const merged = [...order.keys()];
  const isById = merged.every((id, i) => i === 0 || id > (merged[i - 1] as number));
  const rank = (id: number): number => order.get(id) ?? order.size + id;
  const ranked = isById ? normal : normal.toSorted((a, b) => rank(a) - rank(b));
  for (const [place, id] of ranked.entries()) scores[id] = -place;
  return scores;
}

/** Which tokens begin and end, and whether they are added. */
function specialTokens(
  tokenizer: Dictionary,
  settings: Dictionary,
  config: ConfigJson,
  ids: ReadonlyMap<string, number>,
): Readonly<Record<string, GgufValue>> {
  const named = (key: string): number | undefined => {
    const token = settings[`${key}_token`];
    const text = isRecord(token) ? token["content"] : token;
    return typeof text === "string" ? ids.get(text) : undefined;
  };
  const inConfig = (key: string): number | undefined => {
    const value = config[`${key}_token_id`];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === "number" ? first : undefined;
  };
  const rows: Record<string, GgufValue> = {};
  const keys = { bos: "bos", eos: "eos", unk: "unknown", pad: "padding" } as const;
  for (const [key, name] of Object.entries(keys)) {
    const id = named(key) ?? inConfig(key);
    if (id !== undefined) rows[`tokenizer.ggml.${name}_token_id`] = id;
  }
  const ends = config["eos_token_id"];
  const eos = rows["tokenizer.ggml.eos_token_id"];
  const turn = Array.isArray(ends)
    ? ends.find((id) => typeof id === "number" && id !== eos)
    : undefined;
  if (typeof turn === "number") rows["tokenizer.ggml.eot_token_id"] = turn;
  const bos = rows["tokenizer.ggml.bos_token_id"];
  rows["tokenizer.ggml.add_bos_token"] =
    bos !== undefined && (addsFirst(tokenizer, ids) === bos || settings["add_bos_token"] === true);
  return rows;
}

/** The token that the post-processor puts before a text. */
function addsFirst(tokenizer: Dictionary, ids: ReadonlyMap<string, number>): number | undefined {
  const post = tokenizer["post_processor"];
  const inner = isRecord(post) && Array.isArray(post["processors"]) ? post["processors"] : [post];
  for (const step of inner.filter(isRecord)) {
    const first: unknown = Array.isArray(step["single"]) ? step["single"][0] : undefined;
    const token = isRecord(first) ? first["SpecialToken"] : undefined;
    if (isRecord(token)) return ids.get(`${token["id"]}`);
  }
  return undefined;
}
